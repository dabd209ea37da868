#include "proxy/http/http_session.h"

#include <algorithm>
#include <utility>

#include "absl/strings/escaping.h"
#include "proxy/app/worker_state.h"
#include "proxy/users/users.h"
#include "resp/reply_writer.h"

namespace keyhole::core {
namespace {

// AUTH by what the header says; empty if it is not "Basic" with a user and a password.
std::vector<std::string> LoginOf(std::string_view authorization) {
  constexpr std::string_view kScheme = "Basic ";
  std::string text;
  if (!resp::EqualsIgnoreCase(authorization.substr(0, kScheme.size()), kScheme) ||
      !absl::Base64Unescape(std::string(authorization.substr(kScheme.size())), &text)) {
    return {};
  }
  const size_t colon = text.find(':');
  if (colon == std::string::npos) return {};
  std::vector<std::string> login{std::string(resp::Spec(resp::CommandId::kAuth).name)};
  if (colon > 0) login.push_back(text.substr(0, colon));
  login.push_back(text.substr(colon + 1));
  return login;
}

}  // namespace

HttpSession::HttpSession(WorkerState& worker, std::string_view address, Receiver& receiver)
    : Session(worker, address), receiver_(&receiver) {}

HttpSession::~HttpSession() = default;

// Whatever the password.
bool HttpSession::IsOpen() const {
  const HttpAccess access = exchange_.access();
  const bool open_metrics = access == HttpAccess::kMetrics && worker_.config.http.metrics_open;
  const bool asked = worker_.config.users != nullptr || worker_.asks_password();
  return !asked || access == HttpAccess::kOpen || open_metrics;
}

void HttpSession::Begin(const HttpRequest& request) {
  logging_in_ = false;
  const HttpStep step = exchange_.Begin(request);
  if (IsOpen()) return Do(step);
  std::vector<std::string> login = LoginOf(request.authorization);
  if (login.empty()) return Admit(step);
  logging_in_ = logged_in_ = true;
  admitted_ = step;
  SendCommand(std::move(login));
}

// The client is who it is; what it may run its commands tell.
void HttpSession::Admit(HttpStep step) {
  if (!authenticated()) {
    return Do(exchange_.OnRefused("NOAUTH Authentication required."));
  }
  const bool names_keys = exchange_.access() != HttpAccess::kCommands;
  if (names_keys && user() != nullptr && !user()->reads_all_keys()) {
    return Do(exchange_.OnRefused(
        "NOPERM this user may not see the names of all keys; it needs allkeys or %R~*"));
  }
  Do(step);
}

void HttpSession::Do(HttpStep step) {
  if (step == HttpStep::kReady) {
    step = exchange_.OnReadiness(worker_.store != nullptr || worker_.links.up());
  }
  if (step == HttpStep::kCommand) return SendCommand(exchange_.command());
  Answer(step);
}

void HttpSession::Answer(HttpStep step) {
  HttpResponse& response = exchange_.response();
  // Where a password may help, clients are asked for one.
  const bool knows = logged_in_ && authenticated();
  if (!IsOpen() && response.status == 403 && !knows) response.status = 401;
  if (receiver_ != nullptr) receiver_->OnAnswer(step);
}

void HttpSession::SendCommand(std::vector<std::string> command) {
  reply_.Clear();
  too_large_ = false;
  awaiting_ = true;
  command_ = std::move(command);
  request_.clear();
  resp::AppendRequest(command_, &request_);
  SubmitCommand();
}

// Nothing is in flight, so it is taken, now or when a fence of the near cache has come back.
void HttpSession::SubmitCommand() {
  const std::vector<std::string_view> args(command_.begin(), command_.end());
  Submit({args, request_});
}

void HttpSession::OnOutput(size_t before) {
  const size_t limit = std::max<size_t>(kMaxReply, worker_.config.http.body_limit);
  too_large_ = too_large_ || reply_.size() > limit;
  if (too_large_) reply_.Truncate(before);
}

void HttpSession::OnReply(const resp::ReplyHead&) {
  if (!std::exchange(awaiting_, false)) return;
  // Taken away: the next command, should there be one, is answered into the same place.
  resp::ByteQueue taken;
  taken.Swap(reply_);
  const std::string_view reply = taken.Data();
  if (std::exchange(logging_in_, false)) {
    if (!reply.starts_with('-')) return Admit(admitted_);
    const std::string_view line = reply.substr(1);
    return Do(exchange_.OnRefused(line.substr(0, line.find('\r'))));
  }
  Do(too_large_ ? exchange_.OnReplyTooLarge() : exchange_.OnReply(reply));
}

void HttpSession::OnClose(metrics::CloseReason) {
  if (std::exchange(awaiting_, false)) Do(exchange_.OnUnavailable());
}

void HttpSession::Detach() {
  receiver_ = nullptr;
  Close(metrics::CloseReason::kByClient);
}

}  // namespace keyhole::core
