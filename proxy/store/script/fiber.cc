#include "proxy/store/script/fiber.h"

#include <boost/context/fiber.hpp>
#include <boost/context/protected_fixedsize_stack.hpp>
#include <cassert>
#include <utility>

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/common_interface_defs.h>
#elif defined(__SANITIZE_THREAD__)
#include <sanitizer/tsan_interface.h>
#endif

namespace keyhole::script {

namespace {

namespace context = boost::context;

// The sanitizers follow what is on a stack, and must be told of another one.
#if defined(__SANITIZE_ADDRESS__)
class Watcher {
 public:
  void Enter(const context::stack_context& stack) {
    __sanitizer_start_switch_fiber(&outer_, static_cast<char*>(stack.sp) - stack.size, stack.size);
  }
  void Entered() { __sanitizer_finish_switch_fiber(inner_, &bottom_, &size_); }
  void Leave() { __sanitizer_start_switch_fiber(&inner_, bottom_, size_); }
  void Left() { __sanitizer_finish_switch_fiber(outer_, nullptr, nullptr); }

 private:
  void* outer_ = nullptr;
  void* inner_ = nullptr;
  const void* bottom_ = nullptr;
  size_t size_ = 0;
};
#elif defined(__SANITIZE_THREAD__)
class Watcher {
 public:
  ~Watcher() { __tsan_destroy_fiber(inner_); }
  void Enter(const context::stack_context&) {
    outer_ = __tsan_get_current_fiber();
    __tsan_switch_to_fiber(inner_, 0);
  }
  void Entered() {}
  void Leave() { __tsan_switch_to_fiber(outer_, 0); }
  void Left() {}

 private:
  void* const inner_ = __tsan_create_fiber(0);
  void* outer_ = nullptr;
};
#else
struct Watcher {
  void Enter(const context::stack_context&) {}
  void Entered() {}
  void Leave() {}
  void Left() {}
};
#endif

// The stack is freed with Stacks.
struct Borrowed {
  context::stack_context allocate() { return {}; }
  void deallocate(context::stack_context&) {}
};

}  // namespace

struct Fiber::Stacks {
  explicit Stacks(size_t bytes) : memory(bytes), stack(memory.allocate()) {}
  ~Stacks() { memory.deallocate(stack); }

  context::protected_fixedsize_stack memory;
  context::stack_context stack;
  Watcher watcher;
  context::fiber inner;
  context::fiber outer;
};

Fiber::Fiber(size_t stack, std::function<void()> body)
    : body_(std::move(body)), stacks_(std::make_unique<Stacks>(stack)) {
  Stacks& stacks = *stacks_;
  const context::preallocated place(stacks.stack.sp, stacks.stack.size, stacks.stack);
  stacks.inner = context::fiber(std::allocator_arg, place, Borrowed{},
                                [this, &stacks](context::fiber&& outer) {
                                  stacks.outer = std::move(outer);
                                  stacks.watcher.Entered();
                                  while (!ending_) {
                                    body_();
                                    idle_ = true;
                                    Pause();
                                  }
                                  stacks.watcher.Leave();
                                  return std::move(stacks.outer);
                                });
}

Fiber::~Fiber() {
  assert(idle_);
  ending_ = true;
  Resume();
}

bool Fiber::Start() {
  assert(idle_);
  idle_ = false;
  return Resume();
}

bool Fiber::Resume() {
  Stacks& stacks = *stacks_;
  stacks.watcher.Enter(stacks.stack);
  stacks.inner = std::move(stacks.inner).resume();
  stacks.watcher.Left();
  return idle_;
}

void Fiber::Pause() {
  Stacks& stacks = *stacks_;
  stacks.watcher.Leave();
  stacks.outer = std::move(stacks.outer).resume();
  stacks.watcher.Entered();
}

}  // namespace keyhole::script
