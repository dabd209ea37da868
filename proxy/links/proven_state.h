// What the replies of a Redis prove about one connection: whether it watches keys and whether it is
// inside a transaction.
//
// A request that was sent proves nothing: an ACL may refuse it, or its number of arguments. So a
// connection is shared, or kept for the next session, only while this says kClean.
//
//               WATCH: +OK                  MULTI: +OK
//      kClean --------------> kWatching -----------------> kQueueing
//       ^  ^                    |                           ^   |
//       |  '--- UNWATCH: +OK ---'    kClean -- MULTI: +OK --'   |
//       |                                                       |
//       '-------------------------------------------------------'
//            EXEC: array, null or -EXECABORT, DISCARD: +OK
//
//      any ---- +QUEUED outside of a transaction, a change that was refused halfway ----> kUnknown
//
// kUnknown ends with the connection only.
//
// Source: processCommand(), execCommand() and discardTransaction() of Redis 7.0.15.
// Thread: the link's.
#pragma once

#include <cstdint>

#include "resp/command_table.h"
#include "resp/reply_scanner.h"

namespace keyhole::core {

class ProvenState {
 public:
  enum class Value : uint8_t { kClean, kWatching, kQueueing, kUnknown };

  Value value() const { return value_; }
  bool clean() const { return value_ == Value::kClean; }

  // The reply to a request with this effect, which did not say +QUEUED.
  void OnReply(resp::Effect effect, const resp::ReplyHead& head) {
    using resp::Effect;
    switch (effect) {
      case Effect::kWatch:
        if (!head.is_error()) Become(Value::kWatching);
        break;
      case Effect::kUnwatch:
        if (!head.is_error() && value_ == Value::kWatching) Become(Value::kClean);
        break;
      case Effect::kMulti:
        if (!head.is_error()) OnMulti();
        break;
      case Effect::kExec:
      case Effect::kDiscard:
        if (!head.is_error()) Become(Value::kClean);
        break;
      default:
        break;
    }
  }
  // A transaction has begun.
  void OnMulti() { Become(Value::kQueueing); }
  // +QUEUED. A script may say so too, and nobody can tell the two apart.
  void OnQueued() {
    if (value_ != Value::kQueueing) value_ = Value::kUnknown;
  }
  // -EXECABORT as the answer to EXEC, even to one with too many arguments.
  void OnExecAbort() { Become(Value::kClean); }
  // A request has changed something, and nobody knows how much of it.
  void OnHalfDone() { value_ = Value::kUnknown; }

 private:
  void Become(Value value) {
    if (value_ != Value::kUnknown) value_ = value;
  }

  Value value_ = Value::kClean;
};

}  // namespace keyhole::core
