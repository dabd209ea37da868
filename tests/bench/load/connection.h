// One connection of the load generator: requests out, replies in, in the order they were sent.
//
// Thread: one. What the socket refuses throws std::runtime_error.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>

#include "resp/reply_scanner.h"
#include "tests/bench/load/options.h"

namespace keyhole::load {

using Clock = std::chrono::steady_clock;

class Connection {
 public:
  explicit Connection(const Target& to);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  int fd() const { return fd_; }

  // Sends bytes and waits for so many replies; for what comes before the run. None may be an error.
  void Ask(std::string_view bytes, size_t replies);
  // From now on nothing here waits.
  void GoAsync();

  // Requests to be sent with the next Flush().
  std::string& out() { return out_; }
  // One was appended to out(), due then.
  void Expect(Clock::time_point due) { due_.push_back(due); }
  // False: the socket takes no more now, call again when it is writable.
  bool Flush();

  // Reads once, and calls done(due, head) for every reply that is complete.
  template <typename Done>
  void Read(Done&& done) {
    std::string_view in = Receive();
    while (!in.empty() && NextReply(&in)) {
      done(due_.front(), scanner_.head());
      due_.pop_front();
    }
  }

  // Requests not yet answered.
  const std::deque<Clock::time_point>& pending() const { return due_; }

 private:
  std::string_view Receive();
  bool NextReply(std::string_view* in);

  int fd_ = -1;
  std::string out_;
  size_t written_ = 0;  // of out_
  std::deque<Clock::time_point> due_;
  resp::ReplyScanner scanner_;
};

}  // namespace keyhole::load
