// The conversation that a connection to Redis begins with, without the socket: it says a greeting,
// reads what comes back, and tells whether the connection is what it was made for.
//
//             Begin                  the last reply
//     kIdle ---------> kTalking --------------------> kDone
//                         |
//                         |  a refusal, no RESP, lost
//                         +-------------------------> kFailed, with failure()
//
// An error is a refusal where the greeting says that its request must succeed, and where Redis says
// it to whoever comes, whatever is asked. Other errors are answers. Begin() leads out of each.
// What is refused stays so until then: the owner closes the connection, and makes another one, or
// knows other words to say on it: Retry().
//
// A value, of whoever owns the connection: an upstream link, the near cache's link, and the check
// at the start. Thread: its owner's. Nothing throws, whatever comes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "proxy/links/upstream/greeting.h"
#include "resp/reply_scanner.h"

namespace keyhole::core {

class Handshake {
 public:
  enum class State : uint8_t { kIdle, kTalking, kDone, kFailed };

  enum class Failure : uint8_t {
    kNone,
    kTurnedAway,      // it takes no more connections
    kDenied,          // NOAUTH, WRONGPASS, NOPERM, DENIED: not as who we are, or not from here
    kNotNow,          // LOADING, BUSY: not now does not mean never
    kUnknownCommand,  // it is too old for what was asked, or has it under another name
    kRefused,         // any other error
    kNotMaster,       // it is a replica, or a Sentinel
    kNotResp,         // what came is no reply
    kLost,            // the connection ended first
  };

  // Forgets what was before. A greeting without requests is kDone at once.
  void Begin(Greeting greeting);
  // After a refusal: says this behind what has been begun, whose other replies tell nothing.
  // REQUIRES: state() is kFailed by an error, on a connection that is still there.
  void Retry(const Greeting& greeting);

  State state() const { return state_; }
  Failure failure() const { return failure_; }
  // The error that was the refusal, as it came. Lives until Begin() or Retry().
  const std::string& error() const { return error_; }
  // So many of the requests have been answered: after the first reply 1.
  int answered() const { return answered_; }
  // Redis asks those who give no password for one; none: no reply has told. Of a connection that
  // gives one it says nothing.
  std::optional<bool> asks_password() const { return asks_password_; }

  // ---- bytes out
  // Lives until the next call that is not const.
  std::string_view PrepareWrite() const { return std::string_view(greeting_.bytes).substr(said_); }
  void CommitWrite(size_t n);

  // ---- replies in
  // Reads on, and passes over pushes; says how many of the bytes it has used: all of them while it
  // is talking, and of what comes behind the last reply none. stream: the connection's, as a push
  // may have begun to come before the greeting was said. REQUIRES: state() is kTalking.
  size_t Read(std::string_view bytes, resp::ReplyScanner* stream);
  // The same for one whole reply, no push. REQUIRES: state() is kTalking.
  void OnReply(const resp::ReplyHead& head);
  // The connection has ended, or is given up; what has not been written is not to be.
  void OnLost();

 private:
  static constexpr size_t kLongestError = 1024;

  void Judge(const resp::ReplyHead& head, std::string_view error);
  void Fail(Failure failure, std::string_view error);

  Greeting greeting_;  // without what has been written
  size_t said_ = 0;    // bytes of it that have been written
  int answered_ = 0;
  State state_ = State::kIdle;
  Failure failure_ = Failure::kNone;
  std::optional<bool> asks_password_;
  std::string error_;
  std::string reply_;  // that is coming, as far as an error is long
};

}  // namespace keyhole::core
