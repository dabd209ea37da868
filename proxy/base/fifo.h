// A first-in-first-out queue in a ring that grows by doubling and never shrinks: no allocation in
// the steady state, where std::deque allocates a block every few elements, and none while it has
// never held any. At most 2^31 elements.
//
// Thread: its owner's. References live until the next Push() or Pop().
#pragma once

#include <cassert>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>

namespace keyhole::core {

template <typename T>
class Fifo {
 public:
  Fifo() = default;
  ~Fifo() {
    while (size_ > 0) Pop();
    Free();
  }
  Fifo(const Fifo&) = delete;
  Fifo& operator=(const Fifo&) = delete;

  bool empty() const { return size_ == 0; }
  size_t size() const { return size_; }

  T& front() { return (*this)[0]; }
  const T& front() const { return (*this)[0]; }
  T& back() { return (*this)[size_ - 1]; }

  // The one that Pop() gives after i others.
  T& operator[](size_t i) {
    assert(i < size_);
    return *At(i);
  }
  const T& operator[](size_t i) const {
    assert(i < size_);
    return *At(i);
  }

  void Push(T&& value) {
    if (size_ == capacity_) [[unlikely]]
      Grow();
    std::construct_at(At(size_), std::move(value));
    ++size_;
  }
  void Push(const T& value) { Push(T(value)); }

  T Pop() {
    assert(size_ > 0);
    T* const at = At(0);
    T value = std::move(*at);
    std::destroy_at(at);
    head_ = (head_ + 1) & (capacity_ - 1);
    --size_;
    return value;
  }

 private:
  // Elements are made and destroyed in place: a slot that holds none costs nothing.
  T* At(size_t i) const { return ring_ + ((head_ + i) & (capacity_ - 1)); }
  [[gnu::noinline]] void Grow() {
    const uint32_t capacity = capacity_ == 0 ? 8 : capacity_ * 2;
    assert(capacity > capacity_);
    T* const bigger = std::allocator<T>().allocate(capacity);
    for (size_t i = 0; i < size_; ++i) {
      std::construct_at(bigger + i, std::move(*At(i)));
      std::destroy_at(At(i));
    }
    Free();
    ring_ = bigger;
    capacity_ = capacity;
    head_ = 0;
  }
  void Free() {
    if (ring_ != nullptr) std::allocator<T>().deallocate(ring_, capacity_);
  }

  T* ring_ = nullptr;      // owned
  uint32_t capacity_ = 0;  // a power of two, or 0
  uint32_t head_ = 0;
  uint32_t size_ = 0;
};

}  // namespace keyhole::core
