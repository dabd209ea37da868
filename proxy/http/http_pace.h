// How far an HTTP connection is with its request and for how long, and what follows from it: which
// one takes too long, and which one has to go when there is no room for another.
//
//     kNew --first byte--> kHead --head--> kBody --all--> kAnswering --answer made--> kWriting
//      accepted              ^                                                           |
//                            '--first byte-- kWaiting <--written-------------------------'
//                                               '--> kLingering   it was the last; see HttpCodec
//
// A request without a body passes through kBody at once.
//
// Thread: its connection's. A plain value; time is an argument.
#pragma once

#include <chrono>
#include <cstdint>

namespace keyhole::core {

class HttpPace {
 public:
  using Instant = std::chrono::steady_clock::time_point;
  using Millis = std::chrono::milliseconds;
  enum class Phase : uint8_t { kNew, kWaiting, kHead, kBody, kAnswering, kWriting, kLingering };

  // The head of a request is small: who needs longer for it does not mean to send one.
  static constexpr Millis kLongestHead{10000};
  // A client that reads nothing of an answer for so long may be closed for others.
  static constexpr Millis kPatienceWithReaders{10000};

  // What a client sends after its last answer is dropped for so long.
  static constexpr Millis kLinger{2000};

  explicit HttpPace(Instant accepted)
      : since_(accepted), request_began_(accepted), expected_since_(accepted) {}

  Phase phase() const { return phase_; }
  // Something of a request has come.
  bool in_request() const { return phase_ != Phase::kNew && phase_ != Phase::kWaiting; }

  // Waits for the next request.
  void OnWait(Instant now) {
    Enter(Phase::kWaiting, now);
    expected_since_ = now;
  }
  void OnLinger(Instant now) { Enter(Phase::kLingering, now); }
  // Bytes of a request have come.
  void OnBytes(Instant now) {
    heard_ = now;
    // From its first byte on a request has as long as a silence.
    if (!in_request()) expected_since_ = now;
    if (phase_ == Phase::kWaiting) {
      Enter(Phase::kHead, now);
      request_began_ = now;
    } else if (phase_ == Phase::kNew) {
      phase_ = Phase::kHead;  // the time since it was accepted counts
    }
  }
  void OnHead(Instant now) { Enter(Phase::kBody, now); }
  void OnRequest(Instant now) { Enter(Phase::kAnswering, now); }
  void OnAnswer(Instant now) {
    Enter(Phase::kWriting, now);
    expected_since_ = now;  // it may not read
  }

  // The request that is on its way takes too long, however steadily it comes. limit: from its first
  // byte to its last; of a new connection from the start. 0: none.
  bool TooSlow(Instant now, Millis limit) const {
    if (limit.count() == 0) return false;
    const Instant::duration taken = now - request_began_;
    if (phase_ == Phase::kNew || phase_ == Phase::kHead) {
      return taken >= limit || taken >= kLongestHead;
    }
    return phase_ == Phase::kBody && taken >= limit;
  }

  // What is expected of the client has not come, or was not taken, for so long: a request, the
  // whole of it, that it reads the answer. What Redis takes is its own affair. limit: 0: none.
  bool TooSilent(Instant now, Millis limit) const {
    if (phase_ == Phase::kAnswering) return false;
    if (phase_ == Phase::kLingering) return now - since_ >= kLinger;
    return limit.count() > 0 && now - expected_since_ >= limit;
  }

  // What is at work for a request keeps its place, and so does what has been heard of at this very
  // moment. Of all others the one that MustGoBefore() the rest makes room: first one that waits
  // or has not sent a head, then one that sends a body, then one that does not read its answer; of
  // one kind the one that has been at it longest.
  bool CanGo(Instant now) const {
    if (phase_ == Phase::kAnswering || heard_ == now) return false;
    return phase_ != Phase::kWriting || now - since_ >= kPatienceWithReaders;
  }
  bool MustGoBefore(const HttpPace& other) const {
    return Turn() != other.Turn() ? Turn() < other.Turn() : since_ < other.since_;
  }

 private:
  void Enter(Phase phase, Instant now) {
    phase_ = phase;
    since_ = now;
  }
  int Turn() const {
    if (phase_ == Phase::kWriting) return 2;
    return phase_ == Phase::kBody ? 1 : 0;
  }

  Phase phase_ = Phase::kNew;
  Instant since_;           // it is in this phase
  Instant request_began_;   // kNew, kHead and kBody
  Instant expected_since_;  // see TooSilent()
  Instant heard_{};
};

}  // namespace keyhole::core
