#include "resp/byte_queue.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <new>

namespace keyhole::resp {

ByteQueue::~ByteQueue() {
  std::free(data_);
}

BufferPool::~BufferPool() {
  for (const Spare& spare : spare_) std::free(spare.data);
}

void ByteQueue::MakeRoom(size_t n) {
  const size_t used = size();
  // Closing the gap costs a move of what is left; do it only where that is the smaller part.
  if (head_ >= used && capacity_ - used >= n) {
    if (used > 0) std::memmove(data_, data_ + head_, used);
    head_ = 0;
    tail_ = used;
    return;
  }
  const size_t wanted = std::max({kFirstCapacity, capacity_ * 2, tail_ + n});
  auto* grown = static_cast<char*>(std::realloc(data_, wanted));
  if (grown == nullptr) throw std::bad_alloc();  // out of memory ends the process
  data_ = grown;
  capacity_ = wanted;
}

void ByteQueue::Emptied() {
  head_ = tail_ = 0;
  if (capacity_ > kKeepCapacity) Release();
}

void ByteQueue::Release() {
  std::free(data_);
  Forget();
}

}  // namespace keyhole::resp
