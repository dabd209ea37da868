// A queue of bytes in one contiguous piece of memory: written at the tail, taken from the front.
//
//     data_:  | taken ... | Data() ......... | Prepare() ...... |
//             0         head_              tail_            capacity_
//
// Memory grows by doubling as bytes really come, and is given back when the queue runs empty after
// having been large. The front gap is closed lazily, when the tail runs out of room.
//
// Thread: its owner's. Views live until the next call that is not const.
#pragma once

#include <cstddef>
#include <cstring>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

namespace keyhole::resp {

class ByteQueue {
 public:
  ByteQueue() = default;
  ~ByteQueue();
  ByteQueue(const ByteQueue&) = delete;
  ByteQueue& operator=(const ByteQueue&) = delete;

  std::string_view Data() const { return {data_ + head_, tail_ - head_}; }
  size_t size() const { return tail_ - head_; }
  bool empty() const { return head_ == tail_; }

  // Room for at least n more bytes; Commit() says how many of them were written.
  std::span<char> Prepare(size_t n) {
    if (capacity_ - tail_ < n) MakeRoom(n);
    return {data_ + tail_, capacity_ - tail_};
  }
  void Commit(size_t n) { tail_ += n; }

  void Append(std::string_view bytes) {
    if (bytes.empty()) return;
    std::memcpy(Prepare(bytes.size()).data(), bytes.data(), bytes.size());
    Commit(bytes.size());
  }
  // REQUIRES: n <= size().
  void Consume(size_t n) {
    head_ += n;
    if (head_ == tail_) Emptied();
  }
  // Takes back what was appended last: the first `size` bytes stay. REQUIRES: size <= this->size().
  void Truncate(size_t size) {
    tail_ = head_ + size;
    if (head_ == tail_) Emptied();
  }
  void Clear() { Consume(size()); }
  void Swap(ByteQueue& other) {
    std::swap(data_, other.data_);
    std::swap(head_, other.head_);
    std::swap(tail_, other.tail_);
    std::swap(capacity_, other.capacity_);
  }
  // Gives the memory back. REQUIRES: empty().
  void Release();
  bool has_memory() const { return capacity_ != 0; }

 private:
  friend class BufferPool;
  static constexpr size_t kFirstCapacity = 1024;
  static constexpr size_t kKeepCapacity = 64 * 1024;  // an empty queue holds no more than this

  void MakeRoom(size_t n);
  void Emptied();
  // The memory is another's.
  void Forget() {
    data_ = nullptr;
    head_ = tail_ = capacity_ = 0;
  }

  char* data_ = nullptr;
  size_t head_ = 0;
  size_t tail_ = 0;
  size_t capacity_ = 0;
};

// Memory for queues that are empty most of the time: who has something to say borrows some, and who
// has said it gives it back, so that thousands of idle clients have none and the busy ones use what
// the processor has in its cache.
//
// Thread: its owner's.
class BufferPool {
 public:
  BufferPool() = default;
  ~BufferPool();
  BufferPool(const BufferPool&) = delete;
  BufferPool& operator=(const BufferPool&) = delete;

  // REQUIRES: the queue has no memory. It gets some if there is some here.
  void Lend(ByteQueue& queue) {
    if (spare_.empty()) return;
    queue.data_ = spare_.back().data;
    queue.capacity_ = spare_.back().capacity;
    bytes_ -= queue.capacity_;
    spare_.pop_back();
  }
  // REQUIRES: the queue is empty. It has no memory then.
  void TakeBack(ByteQueue& queue) {
    if (bytes_ + queue.capacity_ > kMostBytes) return queue.Release();
    if (queue.capacity_ == 0) return;
    bytes_ += queue.capacity_;
    spare_.push_back({queue.data_, queue.capacity_});
    queue.Forget();
  }
  size_t bytes() const { return bytes_; }

 private:
  static constexpr size_t kMostBytes = 1024 * 1024;
  struct Spare {
    char* data;
    size_t capacity;
  };

  std::vector<Spare> spare_;
  size_t bytes_ = 0;  // in spare_
};

}  // namespace keyhole::resp
