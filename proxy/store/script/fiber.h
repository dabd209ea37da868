// A function with a stack of its own, which may stop in the middle and go on later.
//
//     Start() ----> body ... Pause()        kIdle --Start--> kRunning --the body returns--> kIdle
//     false  <-----------------'                              |     ^
//     Continue() -> ... the body returns             Pause()  v     |  Continue()
//     true   <-----------'                                   kPaused
//
// A fiber is made once and used many times: a start is two switches of the stack, some 10 ns.
//
// Thread: one at a time, not always the same one.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>

namespace keyhole::script {

class Fiber {
 public:
  // stack: bytes of address space; memory is taken for what has been touched of it.
  Fiber(size_t stack, std::function<void()> body);
  ~Fiber();  // REQUIRES: it is idle
  Fiber(const Fiber&) = delete;
  Fiber& operator=(const Fiber&) = delete;

  // Calls the body. True: it has returned; false: it has paused. REQUIRES: it is idle. The body
  // must not throw.
  bool Start();
  // REQUIRES: it is paused.
  bool Continue() { return Resume(); }
  // Called by the body: whoever has started or continued it goes on, until Continue().
  void Pause();

  bool idle() const { return idle_; }

 private:
  struct Stacks;
  bool Resume();

  const std::function<void()> body_;
  bool idle_ = true;
  bool ending_ = false;
  std::unique_ptr<Stacks> stacks_;
};

}  // namespace keyhole::script
