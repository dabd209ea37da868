// Redis is busy with a script and refuses what a connection has to be greeted with: what waits for
// it is told what Redis tells everybody.
//
//     early_   kNo --MULTI is in front--> kAsked --+OK--> kOpen --a request is refused--> kFailed
//               ^                           '- error -> kNo |                               |
//               '--------- the next connection is greeted with MULTI, EXEC is refused ------'
//
// A busy Redis takes MULTI. So that is said, to a connection in the wrong database, which is then
// closed, as nothing is to be queued there; the one that is greeted at last is told of it.
#include <algorithm>
#include <string>

#include "proxy/links/upstream/upstream_link.h"

namespace keyhole::core {

using resp::Effect;

namespace {
constexpr std::string_view kAborted = "EXECABORT Transaction discarded because of: ";

std::string ErrorReply(std::string_view text) {
  return "-" + std::string(text) + "\r\n";
}
}  // namespace

// True: the connection is still of use.
bool UpstreamLink::OnBusy() {
  busy_ = handshake_.error();
  AnswerWaiting();
  if (early_ != Early::kNo || pending_.empty() || owner_ == nullptr) return false;
  const Exchange& front = pending_.front();
  if (front.effect != Effect::kMulti || front.in_pieces) return false;
  Greeting multi;
  multi.Pass(FrontBytes());
  handshake_.Retry(multi);
  early_ = Early::kAsked;
  Wake();
  return true;
}

void UpstreamLink::OnEarlyAnswer() {
  if (handshake_.failure() == Handshake::Failure::kNotResp) {
    early_ = Early::kNo;
    return;
  }
  const bool begun = handshake_.state() == Handshake::State::kDone;
  early_ = begun ? Early::kOpen : Early::kNo;
  AnswerFront(begun ? "+OK\r\n" : ErrorReply(handshake_.error()));
  AnswerWaiting();
}

void UpstreamLink::AnswerWaiting() {
  const boost::intrusive_ptr<UpstreamLink> self(this);
  while (!pending_.empty()) {
    const Exchange& front = pending_.front();
    if (front.in_pieces || front.spec->has(resp::kAllowBusy)) return;
    const bool aborts = is_early() && front.effect == Effect::kExec;
    if (is_early()) early_ = aborts ? Early::kNo : Early::kFailed;
    AnswerFront(ErrorReply(aborts ? std::string(kAborted) + busy_ : busy_));
  }
}

std::string_view UpstreamLink::FrontBytes() const {
  const uint64_t end = pending_.size() > 1 ? pending_[1].begin : written_ + out_.size();
  return out_.Data().substr(0, end - written_);
}

// As if Redis had answered it. REQUIRES: nothing of it has been written.
void UpstreamLink::AnswerFront(std::string_view reply) {
  const size_t size = FrontBytes().size();
  out_.Consume(size);
  written_ += size;
  adopted_ = std::max(adopted_, written_);
  BeginAnew();  // what comes is a whole reply
  Receive(reply);
}

// What its owner has been told of the last connection holds for this one.
void UpstreamLink::BeginAnew() {
  BeginConnection();
  if (is_early()) proven_.OnMulti();
}

// That is not so for ever, and the Redis is there.
bool UpstreamLink::is_busy() const {
  return !busy_.empty() && keeper_.up();
}

}  // namespace keyhole::core
