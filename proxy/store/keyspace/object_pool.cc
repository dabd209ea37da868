#include "proxy/store/keyspace/object_pool.h"

#include <algorithm>
#include <utility>

namespace keyhole::store {

void ObjectPool::Discard(std::unique_ptr<Object> object, size_t count) {
  const size_t bytes = object->memory();
  if (bytes <= kSmall) return;
  bytes_ += bytes;
  pending_ += count;
  discarded_.push_back({std::move(object), count});
  Report();
}

// What an object holds may be discarded in turn.
void ObjectPool::FreeSome(size_t* budget) {
  while (*budget > 0 && !discarded_.empty()) {
    Object& object = *discarded_.front().object;
    const size_t before = object.memory();
    const bool done = object.FreeSome(budget);
    bytes_ -= before - (done ? 0 : object.memory());
    if (!done) continue;
    *budget -= std::min<size_t>(*budget, 1);
    pending_ -= discarded_.front().count;
    freed_ += discarded_.front().count;
    discarded_.pop_front();
  }
  Report();
}

}  // namespace keyhole::store
