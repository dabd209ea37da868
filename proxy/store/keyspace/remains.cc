#include "proxy/store/keyspace/remains.h"

#include <utility>

namespace keyhole::store {

void Remains::Add(std::unique_ptr<Object> object) {
  constexpr size_t kAtOnce = size_t{64} * 1024;
  const size_t memory = object->memory();
  if (memory <= kAtOnce) return;
  memory_ += memory;
  objects_.push_back({std::move(object), memory});
}

void Remains::FreeSome(size_t* budget) {
  while (!objects_.empty() && *budget > 0) {
    Remain& last = objects_.back();
    const bool all = last.object->FreeSome(budget);
    const size_t left = all ? 0 : last.object->memory();
    memory_ -= last.memory - left;
    last.memory = left;
    if (all) objects_.pop_back();
  }
}

}  // namespace keyhole::store
