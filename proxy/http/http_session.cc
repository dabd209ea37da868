#include "proxy/http/http_session.h"

#include <algorithm>
#include <utility>

#include "absl/strings/escaping.h"
#include "proxy/users/users.h"
#include "resp/error_text.h"
#include "resp/reply_writer.h"

namespace keyhole::core {
namespace {

// The error that a reply is.
std::string_view LineOf(std::string_view reply) {
  return reply.substr(1, reply.find('\r') - 1);
}

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

HttpSession::HttpSession(SessionContext& context, const HttpOptions& options,
                         std::string_view address, Receiver& receiver)
    : context_(context),
      session_(new Session(context, address, *this)),
      options_(options),
      receiver_(&receiver) {}

HttpSession::~HttpSession() {
  Detach();
}

// A client is to Redis who it says it is.
bool HttpSession::RedisAsks() const {
  return context_.users == nullptr && !context_.router->in_process() && !context_.lends_identity;
}

// Whatever the password.
bool HttpSession::IsOpen() const {
  const HttpAccess access = exchange_.access();
  const bool open_metrics = access == HttpAccess::kMetrics && options_.metrics_open;
  if (access == HttpAccess::kOpen || open_metrics) return true;
  if (!RedisAsks()) return context_.users == nullptr && !context_.asks_password();
  return access != HttpAccess::kCommands && !context_.router->asks_password();
}

void HttpSession::BeginHead(const HttpRequest& head) {
  exchange_.Begin(head);  // says what it is about; without its body no more
  LetIn(HttpStep::kBody, head.authorization);
}

void HttpSession::Begin(const HttpRequest& request) {
  const HttpStep step = exchange_.Begin(request);
  if (std::exchange(awaits_, Awaits::kNothing) == Awaits::kBody) return Do(step);
  LetIn(step, request.authorization);
}

void HttpSession::LetIn(HttpStep step, std::string_view authorization) {
  if (IsOpen()) return Do(step);
  std::vector<std::string> login = LoginOf(authorization);
  if (login.empty()) return Admit(step);
  password_ = Password::kGiven;
  admitted_ = step;
  Send(Awaits::kLogin, std::move(login));
}

// The client is who it is; what it may run its commands tell.
void HttpSession::Admit(HttpStep step) {
  if (RedisAsks()) return AdmitByRedis(step);
  if (!session_->authenticated()) return Do(exchange_.OnRefused(resp::kNoAuthError));
  const bool names_keys = exchange_.access() != HttpAccess::kCommands;
  if (names_keys && session_->user() != nullptr && !session_->user()->reads_all_keys()) {
    return Do(exchange_.OnRefused(
        "NOPERM this user may not see the names of all keys; it needs allkeys or %R~*"));
  }
  Do(step);
}

void HttpSession::AdmitByRedis(HttpStep step) {
  const bool waits_for_body = step == HttpStep::kBody && context_.router->asks_password();
  const bool is_known = password_ == Password::kRight;
  if (exchange_.access() == HttpAccess::kCommands && (is_known || !waits_for_body)) return Do(step);
  if (!is_known) return Do(exchange_.OnRefused(resp::kNoAuthError));
  admitted_ = step;
  Send(Awaits::kNames, {std::string(resp::Spec(resp::CommandId::kScan).name), "0", "COUNT", "1"});
}

void HttpSession::Do(HttpStep step) {
  if (step == HttpStep::kReady) return CheckReadiness();
  if (step == HttpStep::kCommand) return Send(Awaits::kCommand, exchange_.command());
  Answer(step);
}

void HttpSession::CheckReadiness() {
  if (context_.stopping) return Answer(exchange_.OnReadiness("Keyhole is being stopped"));
  const auto check =
      ReadinessCheck::Begin(*context_.router, context_.now, [this](std::string_view problem) {
        readiness_ = nullptr;
        Answer(exchange_.OnReadiness(problem));
      });
  if (!check->closed()) readiness_ = check;
}

void HttpSession::Answer(HttpStep step) {
  if (step == HttpStep::kBody) awaits_ = Awaits::kBody;
  if (receiver_ == nullptr) return;
  if (step == HttpStep::kBody) return receiver_->OnLetIn();
  if (step == HttpStep::kReport) return receiver_->MakeReport(exchange_.report());
  HttpResponse& response = exchange_.response();
  // Where a password may help, clients are asked for one.
  const bool may_help = password_ != Password::kRight && !IsOpen();
  if (may_help && response.status == 403) response.status = 401;
  receiver_->OnAnswer(exchange_.endpoint(), response);
}

void HttpSession::Continue() {
  if (receiver_ == nullptr) return;
  streams_ = true;
  receiver_->MakeReport(exchange_.Continue());
}

void HttpSession::OnReport(std::string text) {
  if (streams_) {
    if (receiver_ != nullptr) receiver_->OnMore(std::move(text));
    return;
  }
  exchange_.response().body = std::move(text);
  Answer(HttpStep::kRespond);
}

void HttpSession::Send(Awaits awaits, std::vector<std::string> command) {
  reply_.Clear();
  too_large_ = false;
  awaits_ = awaits;
  command_ = std::move(command);
  request_.clear();
  resp::AppendRequest(command_, &request_);
  SubmitCommand();
}

// Nothing is in flight, so it is taken: now, or when the session has moved to the link of who has
// logged in, or when a fence of the near cache has come back.
void HttpSession::SubmitCommand() {
  const std::vector<std::string_view> args(command_.begin(), command_.end());
  if (awaits_ == Awaits::kCommand && exchange_.lists()) {
    session_->SubmitListing({args, request_});
  } else {
    session_->Submit({args, request_});
  }
}

bool HttpSession::OnOutput(size_t before) {
  const size_t limit = std::max<size_t>(kMaxReply, options_.body_limit);
  too_large_ = too_large_ || reply_.size() > limit;
  if (too_large_) reply_.Truncate(before);
  return false;
}

void HttpSession::OnReply(const resp::ReplyHead&) {
  const Awaits awaited = std::exchange(awaits_, Awaits::kNothing);
  // Taken away: the next command, should there be one, is answered into the same place.
  resp::ByteQueue taken;
  taken.Swap(reply_);
  const std::string_view reply = taken.Data();
  const bool refused = reply.starts_with('-');
  switch (awaited) {
    case Awaits::kNothing:
    case Awaits::kBody:
      return;
    case Awaits::kLogin:
      if (refused) return Do(exchange_.OnRefused(LineOf(reply)));
      password_ = Password::kRight;
      return Admit(admitted_);
    case Awaits::kNames:
      return Do(refused ? exchange_.OnRefused(LineOf(reply)) : admitted_);
    case Awaits::kCommand:
      return Do(too_large_ ? exchange_.OnReplyTooLarge() : exchange_.OnReply(reply));
  }
}

void HttpSession::OnClose(metrics::CloseReason) {
  const Awaits awaited = std::exchange(awaits_, Awaits::kNothing);
  if (awaited == Awaits::kNothing || awaited == Awaits::kBody) return;
  Do(exchange_.OnUnavailable());
}

void HttpSession::Detach() {
  receiver_ = nullptr;
  if (readiness_ != nullptr) readiness_->Cancel();
  session_->Close(metrics::CloseReason::kByClient);
}

}  // namespace keyhole::core
