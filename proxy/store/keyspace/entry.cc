#include "proxy/store/keyspace/entry.h"

#include <algorithm>
#include <cstring>

namespace keyhole::store {

size_t Entry::ReadSize(size_t index) const {
  if ((flags() & kWide) == 0) return static_cast<uint8_t>(bytes_[1 + index]);
  uint32_t size;
  std::memcpy(&size, bytes_ + 1 + 4 * index, sizeof(size));
  return size;
}

void Entry::WriteSize(size_t index, size_t size) {
  if ((flags() & kWide) == 0) {
    bytes_[1 + index] = static_cast<char>(static_cast<uint8_t>(size));
    return;
  }
  const auto wide = static_cast<uint32_t>(size);
  std::memcpy(bytes_ + 1 + 4 * index, &wide, sizeof(wide));
}

UnixMillis Entry::expire() const {
  if (!has_expire()) return kNever;
  UnixMillis expire;
  std::memcpy(&expire, bytes_ + KeyOffset() - sizeof(expire), sizeof(expire));
  return expire;
}

void Entry::WriteExpire(UnixMillis expire) {
  std::memcpy(bytes_ + KeyOffset() - sizeof(expire), &expire, sizeof(expire));
}

Entry Entry::Make(uint8_t flags, std::string_view key, size_t value_size, UnixMillis expire,
                  Heap& heap) {
  flags = static_cast<uint8_t>(flags & kEncodingMask);
  if (key.size() > kNarrowMax || value_size > kNarrowMax) flags |= kWide;
  if (expire != kNever) flags |= kExpires;
  Entry entry(heap.Allocate(HeaderSize(flags) + key.size() + value_size));
  *entry.bytes_ = static_cast<char>(flags);
  entry.WriteSize(0, key.size());
  entry.WriteSize(1, value_size);
  if (expire != kNever) entry.WriteExpire(expire);
  if (!key.empty()) std::memcpy(entry.bytes_ + entry.KeyOffset(), key.data(), key.size());
  return entry;
}

Entry Entry::MakeString(std::string_view key, size_t value_size, UnixMillis expire, Heap& heap) {
  return MakeInline(Encoding::kString, key, value_size, expire, heap);
}

Entry Entry::MakeInline(Encoding encoding, std::string_view key, size_t value_size,
                        UnixMillis expire, Heap& heap) {
  return Make(static_cast<uint8_t>(encoding), key, value_size, expire, heap);
}

Entry Entry::MakeObject(Encoding encoding, std::string_view key, std::unique_ptr<Object> object,
                        UnixMillis expire, Heap& heap) {
  const Entry entry = MakeInline(encoding, key, sizeof(Object*), expire, heap);
  Object* const raw = object.release();
  std::memcpy(entry.value_bytes(), &raw, sizeof(raw));
  return entry;
}

Entry Entry::MakeCopy(Entry entry, std::string_view key, Heap& objects) {
  if (entry.is_object()) {
    return MakeObject(entry.encoding(), key, entry.object()->Clone(objects), entry.expire());
  }
  const Entry copy = MakeInline(entry.encoding(), key, entry.value_size(), entry.expire());
  std::memcpy(copy.value_bytes(), entry.value_bytes(), entry.value_size());
  return copy;
}

Object* Entry::object() const {
  Object* object;
  std::memcpy(&object, value_bytes(), sizeof(object));
  return object;
}

void Entry::Destroy(Entry entry, Heap& heap) {
  if (entry.is_object()) delete entry.object();
  heap.Free(entry.bytes_, entry.size());
}

std::unique_ptr<Object> Entry::Open(Entry entry, Heap& heap) {
  std::unique_ptr<Object> object(entry.object());
  heap.Free(entry.bytes_, entry.size());
  return object;
}

std::unique_ptr<Object> Entry::Exchange(Encoding encoding, std::unique_ptr<Object> object) const {
  std::unique_ptr<Object> old(this->object());
  Object* const raw = object.release();
  std::memcpy(value_bytes(), &raw, sizeof(raw));
  set_encoding(encoding);
  return old;
}

Entry Entry::Rebuilt(Entry entry, std::string_view key, size_t value_size, UnixMillis expire,
                     Heap& from, Heap& to) {
  const Entry fresh = Make(entry.flags(), key, value_size, expire, to);
  const size_t kept = std::min(value_size, entry.value_size());
  if (kept > 0) std::memcpy(fresh.value_bytes(), entry.value_bytes(), kept);
  from.Free(entry.bytes_, entry.size());
  return fresh;
}

Entry Entry::Resized(Entry entry, size_t size, Heap& heap) {
  const bool wide = (entry.flags() & kWide) != 0;
  if (!wide && size > kNarrowMax) {
    return Rebuilt(entry, entry.key(), size, entry.expire(), heap, heap);
  }
  const size_t before = entry.value_size();
  if (size == before) return entry;
  entry.bytes_ = heap.Resize(entry.bytes_, entry.size(), entry.size() - before + size);
  entry.WriteSize(1, size);
  return entry;
}

Entry Entry::WithExpire(Entry entry, UnixMillis expire, Heap& heap) {
  if (entry.has_expire() && expire != kNever) {
    entry.WriteExpire(expire);
    return entry;
  }
  if (!entry.has_expire() && expire == kNever) return entry;
  return Rebuilt(entry, entry.key(), entry.value_size(), expire, heap, heap);
}

Entry Entry::Renamed(Entry entry, std::string_view key, Heap& from, Heap& to) {
  return Rebuilt(entry, key, entry.value_size(), entry.expire(), from, to);
}

size_t Entry::memory(const Heap& heap) const {
  const size_t own = heap.Cost(bytes_, size());
  return is_object() ? own + object()->memory() : own;
}

}  // namespace keyhole::store
