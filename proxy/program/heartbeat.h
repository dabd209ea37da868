// Tells systemd that the process lives, as often as it wants to hear of it, and what it does. On a
// thread of its own, as a reload may wait for an upstream for longer than systemd waits for a beat.
//
//     every quarter of the watchdog's interval, and once a second at least:
//         WATCHDOG=1    if alive()
//         STATUS=...    if status() has changed
//
// Owner: main(). Threads inherit the signal mask of whoever makes it.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

namespace keyhole::program {

class Heartbeat {
 public:
  // socket: what NOTIFY_SOCKET says; null: nobody wants to hear, and nothing is asked. watchdog: 0
  // if no beat is expected. alive, status: called by the thread of this, until it ends.
  Heartbeat(const char* socket, std::chrono::microseconds watchdog, std::function<bool()> alive,
            std::function<std::string()> status);
  ~Heartbeat();
  Heartbeat(const Heartbeat&) = delete;
  Heartbeat& operator=(const Heartbeat&) = delete;

  // Nothing is told any more once this has returned. From any thread.
  void End();

 private:
  void Run();
  void Tell();

  const std::string socket_;  // empty: none
  const std::chrono::microseconds watchdog_;
  const std::function<bool()> alive_;
  const std::function<std::string()> status_;
  std::string told_;  // of the status
  std::mutex mutex_;  // guards ended_, and is held while something is told
  std::condition_variable wake_;
  bool ended_ = false;
  std::thread thread_;  // last: it uses all of them
};

}  // namespace keyhole::program
