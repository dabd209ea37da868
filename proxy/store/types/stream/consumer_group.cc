#include "proxy/store/types/stream/consumer_group.h"

#include <optional>

namespace keyhole::store {

namespace {

constexpr size_t kNodeBytes = 80;  // of a std::map with a name and a number, with malloc's own

size_t NameBytes(std::string_view name) {
  constexpr size_t kInNode = 15;
  return kNodeBytes + (name.size() > kInNode ? name.size() + 16 : 0);
}

}  // namespace

const ConsumerGroup::Number* ConsumerGroup::Find(std::string_view name) const {
  const auto it = by_name_.find(name);
  return it == by_name_.end() ? nullptr : &it->second;
}

ConsumerGroup::Number ConsumerGroup::Add(std::string_view name, UnixMillis now) {
  auto number = static_cast<Number>(consumers_.size());
  if (free_.empty()) {
    consumers_.emplace_back();
    names_.push_back(nullptr);
  } else {
    number = free_.back();
    free_.pop_back();
  }
  const auto it = by_name_.emplace(name, number).first;
  names_[number] = &it->first;
  consumers_[number] = {.seen = now, .pending = 0};
  name_bytes_ += NameBytes(name);
  return number;
}

size_t ConsumerGroup::Remove(std::string_view name) {
  const auto it = by_name_.find(name);
  const Number number = it->second;
  const size_t pending = consumers_[number].pending;
  StreamId from;
  for (size_t left = pending; left > 0; --left) {
    from = pending_.Next(from, number)->id;
    pending_.Erase(from);
  }
  name_bytes_ -= NameBytes(name);
  by_name_.erase(it);
  names_[number] = nullptr;
  free_.push_back(number);
  return pending;
}

void ConsumerGroup::Assign(const PendingEntry& entry) {
  if (const auto before = pending_.Find(entry.id)) --consumers_[before->consumer].pending;
  pending_.Put(entry);
  ++consumers_[entry.pending.consumer].pending;
}

bool ConsumerGroup::Release(StreamId id) {
  const std::optional<Pending> pending = pending_.Find(id);
  if (!pending) return false;
  --consumers_[pending->consumer].pending;
  pending_.Erase(id);
  return true;
}

size_t ConsumerGroup::memory() const {
  return sizeof(*this) + pending_.memory() + name_bytes_ +
         consumers_.capacity() * sizeof(Consumer) + names_.capacity() * sizeof(names_[0]) +
         free_.capacity() * sizeof(Number);
}

ConsumerGroup ConsumerGroup::Clone() const {
  ConsumerGroup copy;
  copy.last_id = last_id;
  copy.entries_read = entries_read;
  copy.by_name_ = by_name_;
  copy.consumers_ = consumers_;
  copy.names_.resize(names_.size());
  for (const auto& [name, number] : copy.by_name_) copy.names_[number] = &name;
  copy.free_ = free_;
  copy.name_bytes_ = name_bytes_;
  copy.pending_ = pending_.Clone();
  return copy;
}

}  // namespace keyhole::store
