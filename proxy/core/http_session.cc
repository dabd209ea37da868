#include "proxy/core/http_session.h"

#include <algorithm>
#include <utility>

#include "absl/strings/escaping.h"
#include "proxy/core/worker_state.h"
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

bool HttpSession::AsksPassword() const {
  return worker_.asks_password();
}

void HttpSession::Begin(const HttpRequest& request) {
  if (AsksPassword()) login_ = LoginOf(request.authorization);
  logging_in_ = false;
  Do(exchange_.Begin(request));
}

void HttpSession::Do(HttpStep step) {
  if (step == HttpStep::kReady) {
    step = exchange_.OnReadiness(worker_.store != nullptr || worker_.links.up());
  }
  if (step != HttpStep::kCommand) return Answer(step);
  if (login_.empty()) return SendCommand(exchange_.command());
  logging_in_ = logged_in_ = true;
  SendCommand(std::exchange(login_, {}));
}

void HttpSession::Answer(HttpStep step) {
  HttpResponse& response = exchange_.response();
  // Where a password may help, clients are asked for one.
  if (AsksPassword() && response.status == 403) response.status = 401;
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
  const size_t limit = std::max<size_t>(kMaxReply, worker_.config.http_body_limit);
  too_large_ = too_large_ || reply_.size() > limit;
  if (too_large_) reply_.Truncate(before);
}

void HttpSession::OnReply(const resp::ReplyHead&) {
  if (!std::exchange(awaiting_, false)) return;
  // Taken away: the next command, should there be one, is answered into the same place.
  resp::ByteQueue taken;
  taken.Swap(reply_);
  const std::string_view reply = taken.Data();
  if (std::exchange(logging_in_, false) && !reply.starts_with('-')) {
    return Do(HttpStep::kCommand);
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
