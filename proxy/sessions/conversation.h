// What a session's requests make of its connection, as far as they do what they say. It is a guess
// from what was sent, needed while replies are outstanding; Believe() puts the truth in its place.
//
//     multi     kNone --MULTI--> kQueueing --EXEC, DISCARD, RESET--> kNone
//     replies   kOn --CLIENT REPLY OFF--> kOff --ON, RESET--> kOn
//               kOn --CLIENT REPLY SKIP--> kSkipNext --the next request--> kOn
//     upload    none --head of a request in pieces--> {answered, arguments} --its tail--> none
//     queued    what makes EXEC's reply one of its own kind: SUBSCRIBE and its relatives, HELLO
//     raw       replies are no longer followed, to the end: SYNC, CLIENT REPLY inside MULTI, EXEC of
//               what was queued with SUBSCRIBE in RESP2
//     watching  WATCH outside of MULTI, until EXEC, DISCARD, UNWATCH or RESET
//     blocked   a request that waits (BLPOP) is outstanding, until all are answered
//     unheard   a request without a reply has been sent: nobody knows when it has been carried out
//     untracked counts requests that left behind what nobody follows; RESET forgets them
//
// Thread: its session's. A plain value.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>

#include "proxy/links/proven_state.h"
#include "resp/effect.h"

namespace keyhole::core {

class Conversation {
 public:
  enum class Multi : uint8_t { kNone, kQueueing };
  enum class Replies : uint8_t { kOn, kOff, kSkipNext };
  // A request in pieces whose tail has not come.
  struct Upload {
    bool answered;       // its reply is awaited
    uint32_t arguments;  // it has in all
  };
  // A request on its way. last: its last argument, of CLIENT REPLY.
  struct Sent {
    resp::Effect effect = resp::Effect::kNone;
    bool in_pieces = false;
    bool answered = true;
    size_t arguments = 1;
    std::string_view last = {};
  };

  bool queueing() const { return multi_ == Multi::kQueueing; }
  bool queued_listening() const { return queued_listening_; }
  bool queued_hello() const { return queued_hello_; }
  bool watching() const { return watching_; }
  bool blocked() const { return blocked_; }
  bool uploading() const { return upload_.has_value(); }
  bool raw() const { return raw_; }
  bool unheard() const { return unheard_; }
  bool hides_reply() const { return replies_ != Replies::kOn; }
  Multi multi() const { return multi_; }
  Replies replies() const { return replies_; }
  uint32_t untracked() const { return untracked_; }

  // Nobody else may use the connection.
  bool needs_own_link() const {
    return queueing() || watching_ || untracked_ > 0 || upload_.has_value() || raw_;
  }
  // No state says that Redis itself must answer a read.
  bool may_be_cached() const { return !needs_own_link() && !hides_reply(); }

  // Not to be called for a plain request, which changes nothing.
  void OnSent(const Sent& request);
  // A request that would have left something behind has been refused, and has left nothing.
  void OnRefused() { --untracked_; }
  void OnAllAnswered() { blocked_ = false; }
  // The tail has come.
  std::optional<Upload> TakeUpload() { return std::exchange(upload_, std::nullopt); }
  void OnRaw() { raw_ = true; }
  // A reply is due that is not sent; true if it is the one to be skipped, which ends that.
  bool TakeSkip();
  // The connection is this session's to its end.
  void KeepLink() { ++untracked_; }
  // With all replies there: what they prove of the connection.
  void Believe(ProvenState::Value proven);
  void Reset() { *this = Conversation(); }

 private:
  Multi multi_ = Multi::kNone;
  Replies replies_ = Replies::kOn;
  bool watching_ = false;
  bool blocked_ = false;
  bool raw_ = false;
  bool queued_listening_ = false;
  bool queued_hello_ = false;
  bool unheard_ = false;
  uint32_t untracked_ = 0;
  std::optional<Upload> upload_;
};

}  // namespace keyhole::core
