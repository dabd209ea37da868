#include "proxy/links/upstream/handshake.h"

#include <algorithm>
#include <cassert>
#include <utility>

#include "metrics/counters.h"

namespace keyhole::core {
namespace {

using Failure = Handshake::Failure;

// Said to a new connection, whatever it asks, just before it is closed.
bool TurnsAway(std::string_view error) {
  return error.starts_with("ERR max number of clients") || error.starts_with("DENIED ");
}

Failure FailureOf(std::string_view error) {
  if (metrics::ErrorClassOf(error) == metrics::ErrorClass::kDenied) return Failure::kDenied;
  if (TurnsAway(error)) return Failure::kTurnedAway;
  if (error.starts_with("LOADING") || error.starts_with("BUSY")) return Failure::kNotNow;
  const bool unknown = error.starts_with("ERR unknown command");
  return unknown ? Failure::kUnknownCommand : Failure::kRefused;
}

// -ERR no\r\n: what stands between.
std::string_view LineOf(std::string_view reply) {
  return reply.substr(1, reply.find('\r') - 1);
}

}  // namespace

void Handshake::Begin(Greeting greeting) {
  greeting_ = std::move(greeting);
  said_ = 0;
  answered_ = 0;
  state_ = greeting_.replies == 0 ? State::kDone : State::kTalking;
  failure_ = Failure::kNone;
  asks_password_.reset();
  error_.clear();
}

void Handshake::Retry(const Greeting& greeting) {
  assert(state_ == State::kFailed && greeting_.replies + greeting.replies <= Greeting::kMost);
  const uint32_t answered = (uint32_t{1} << answered_) - 1;
  greeting_.musts = (greeting_.musts & answered) | greeting.musts << greeting_.replies;
  greeting_.roles = (greeting_.roles & answered) | greeting.roles << greeting_.replies;
  greeting_.bytes.append(greeting.bytes);
  greeting_.replies += greeting.replies;
  state_ = State::kTalking;
  failure_ = Failure::kNone;
  error_.clear();
}

void Handshake::CommitWrite(size_t n) {
  said_ += n;
  if (said_ < greeting_.bytes.size()) return;
  greeting_.bytes = std::string();  // a password need not lie around, nor its memory
  said_ = 0;
}

size_t Handshake::Read(std::string_view bytes, resp::ReplyScanner* stream) {
  const size_t size = bytes.size();
  while (!bytes.empty() && state_ == State::kTalking) {
    if (stream->at_start()) reply_.clear();
    size_t used = 0;
    const auto result = stream->Scan(bytes, &used);
    reply_.append(bytes.substr(0, std::min(used, kLongestError - reply_.size())));
    bytes.remove_prefix(used);
    if (result == resp::ReplyScanner::Result::kError) Fail(Failure::kNotResp, {});
    if (result != resp::ReplyScanner::Result::kDone) continue;
    if (stream->head().type == resp::ReplyType::kPush) continue;
    // The head has only the beginning of it.
    const bool line = reply_.starts_with('-');
    Judge(stream->head(), line ? LineOf(reply_) : std::string_view(stream->head().text));
  }
  if (state_ != State::kTalking) reply_ = std::string();  // there are many links
  return size - bytes.size();
}

void Handshake::OnReply(const resp::ReplyHead& head) {
  Judge(head, head.text);
}

void Handshake::Judge(const resp::ReplyHead& head, std::string_view error) {
  assert(state_ == State::kTalking);
  const bool must_succeed = (greeting_.musts >> answered_ & 1) != 0;
  const bool is_role = (greeting_.roles >> answered_ & 1) != 0;
  ++answered_;
  // Other errors tell nothing: a command that Redis does not have is refused before the password.
  const bool asked = head.is_error() && head.text.starts_with("NOAUTH");
  if (asked || !head.is_error()) asks_password_ = asked;
  if (head.is_error() && (must_succeed || TurnsAway(head.text))) {
    return Fail(FailureOf(error), error);
  }
  if (is_role && head.text != "master") {
    return Fail(Failure::kNotMaster, "it is no master, its role is " + std::string(head.text));
  }
  if (answered_ == greeting_.replies) state_ = State::kDone;
}

void Handshake::OnLost() {
  greeting_.bytes = std::string();
  said_ = 0;
  if (state_ == State::kTalking) Fail(Failure::kLost, {});
}

void Handshake::Fail(Failure failure, std::string_view error) {
  state_ = State::kFailed;
  failure_ = failure;
  error_ = error;
}

}  // namespace keyhole::core
