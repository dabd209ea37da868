// A first-in-first-out queue in a ring that grows by doubling and never shrinks: no allocation in
// the steady state, where std::deque allocates a block every few elements.
//
// Thread: its owner's. References live until the next Push() or Pop().
#pragma once

#include <cassert>
#include <cstddef>
#include <memory>
#include <utility>

namespace keyhole::core {

template <typename T>
class Fifo {
 public:
  Fifo() = default;
  ~Fifo() { Clear(); }
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
  struct Free {
    void operator()(T* ring) const { std::allocator<T>().deallocate(ring, capacity); }
    size_t capacity = 0;
  };
  using Ring = std::unique_ptr<T, Free>;

  T* At(size_t i) const { return ring_.get() + ((head_ + i) & (capacity_ - 1)); }
  [[gnu::noinline]] void Grow() {
    const size_t capacity = capacity_ == 0 ? 8 : capacity_ * 2;
    Ring bigger(std::allocator<T>().allocate(capacity), Free{capacity});
    for (size_t i = 0; i < size_; ++i) {
      std::construct_at(bigger.get() + i, std::move(*At(i)));
      std::destroy_at(At(i));
    }
    ring_ = std::move(bigger);
    capacity_ = capacity;
    head_ = 0;
  }
  void Clear() {
    while (size_ > 0) Pop();
  }

  Ring ring_;
  size_t capacity_ = 0;  // a power of two, or 0
  size_t head_ = 0;
  size_t size_ = 0;
};

}  // namespace keyhole::core
