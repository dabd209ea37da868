// A first-in-first-out queue in a ring that grows by doubling and never shrinks: no allocation in
// the steady state, where std::deque allocates a block every few elements.
//
// Thread: its owner's. References live until the next Push() or Pop().
#pragma once

#include <cassert>
#include <cstddef>
#include <utility>
#include <vector>

namespace keyhole::core {

template <typename T>
class Fifo {
 public:
  bool empty() const { return size_ == 0; }
  size_t size() const { return size_; }

  T& front() {
    assert(size_ > 0);
    return ring_[head_];
  }
  const T& front() const {
    assert(size_ > 0);
    return ring_[head_];
  }
  T& back() {
    assert(size_ > 0);
    return ring_[(head_ + size_ - 1) & (ring_.size() - 1)];
  }

  // The one that Pop() gives after i others.
  T& operator[](size_t i) {
    assert(i < size_);
    return ring_[(head_ + i) & (ring_.size() - 1)];
  }
  const T& operator[](size_t i) const {
    assert(i < size_);
    return ring_[(head_ + i) & (ring_.size() - 1)];
  }

  void Push(T&& value) {
    if (size_ == ring_.size()) Grow();
    ring_[(head_ + size_) & (ring_.size() - 1)] = std::move(value);
    ++size_;
  }
  void Push(const T& value) { Push(T(value)); }

  T Pop() {
    assert(size_ > 0);
    T value = std::move(ring_[head_]);
    head_ = (head_ + 1) & (ring_.size() - 1);
    --size_;
    return value;
  }

 private:
  void Grow() {
    std::vector<T> bigger(ring_.empty() ? 8 : ring_.size() * 2);
    for (size_t i = 0; i < size_; ++i)
      bigger[i] = std::move(ring_[(head_ + i) & (ring_.size() - 1)]);
    ring_ = std::move(bigger);
    head_ = 0;
  }

  std::vector<T> ring_;  // its size is a power of two, or 0
  size_t head_ = 0;
  size_t size_ = 0;
};

}  // namespace keyhole::core
