// While one lives, its thread gets no signals, and the threads that it makes will get none: those
// are for the threads of the program. Faults of its own a thread keeps, as nobody else gets them.
// SIGPIPE of a write in the meantime is forgotten.
//
// Thread: the one that made it.
#pragma once

#include <csignal>

namespace keyhole::net {

class NoSignals {
 public:
  NoSignals() {
    sigset_t all;
    sigfillset(&all);
    for (const int own : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP, SIGSYS, SIGPROF}) {
      sigdelset(&all, own);
    }
    pthread_sigmask(SIG_BLOCK, &all, &before_);
  }
  ~NoSignals() {
    if (sigismember(&before_, SIGPIPE) == 0) {
      sigset_t pipe;
      sigemptyset(&pipe);
      sigaddset(&pipe, SIGPIPE);
      const timespec at_once{};
      while (sigtimedwait(&pipe, nullptr, &at_once) > 0) continue;
    }
    pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }
  NoSignals(const NoSignals&) = delete;
  NoSignals& operator=(const NoSignals&) = delete;

 private:
  sigset_t before_{};
};

}  // namespace keyhole::net
