#include "proxy/core/store/entry.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <new>

namespace keyhole::store {

namespace {

// malloc and realloc, because growing a long value in place is what APPEND and SETRANGE live on.
char* Reallocate(char* bytes, size_t size) {
  void* fresh = std::realloc(bytes, size);
  if (fresh == nullptr) throw std::bad_alloc();
  return static_cast<char*>(fresh);
}

}  // namespace

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

Entry Entry::Make(uint8_t flags, std::string_view key, size_t value_size, UnixMillis expire) {
  flags = static_cast<uint8_t>(flags & kEncodingMask);
  if (key.size() > kNarrowMax || value_size > kNarrowMax) flags |= kWide;
  if (expire != kNever) flags |= kExpires;
  Entry entry(Reallocate(nullptr, HeaderSize(flags) + key.size() + value_size));
  *entry.bytes_ = static_cast<char>(flags);
  entry.WriteSize(0, key.size());
  entry.WriteSize(1, value_size);
  if (expire != kNever) entry.WriteExpire(expire);
  if (!key.empty()) std::memcpy(entry.bytes_ + entry.KeyOffset(), key.data(), key.size());
  return entry;
}

Entry Entry::MakeString(std::string_view key, size_t value_size, UnixMillis expire) {
  return MakeInline(Encoding::kString, key, value_size, expire);
}

Entry Entry::MakeInline(Encoding encoding, std::string_view key, size_t value_size,
                        UnixMillis expire) {
  return Make(static_cast<uint8_t>(encoding), key, value_size, expire);
}

Entry Entry::MakeObject(Encoding encoding, std::string_view key, std::unique_ptr<Object> object,
                        UnixMillis expire) {
  const Entry entry = MakeInline(encoding, key, sizeof(Object*), expire);
  Object* const raw = object.release();
  std::memcpy(entry.value_bytes(), &raw, sizeof(raw));
  return entry;
}

Entry Entry::MakeCopy(Entry entry, std::string_view key) {
  if (entry.is_object()) {
    return MakeObject(entry.encoding(), key, entry.object()->Clone(), entry.expire());
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

void Entry::Destroy(Entry entry) {
  if (entry.is_object()) delete entry.object();
  std::free(entry.bytes_);
}

Entry Entry::Resized(Entry entry, size_t size) {
  const bool wide = (entry.flags() & kWide) != 0;
  if (wide || size <= kNarrowMax) {
    const size_t total = entry.KeyOffset() + entry.key_size() + size;
    if (size != entry.value_size()) entry.bytes_ = Reallocate(entry.bytes_, total);
    entry.WriteSize(1, size);
    return entry;
  }
  const Entry fresh = Make(entry.flags(), entry.key(), size, entry.expire());
  std::memcpy(fresh.value_bytes(), entry.value_bytes(), std::min(size, entry.value_size()));
  std::free(entry.bytes_);
  return fresh;
}

Entry Entry::WithExpire(Entry entry, UnixMillis expire) {
  if (entry.has_expire() && expire != kNever) {
    entry.WriteExpire(expire);
    return entry;
  }
  if (!entry.has_expire() && expire == kNever) return entry;
  const Entry fresh = Make(entry.flags(), entry.key(), entry.value_size(), expire);
  std::memcpy(fresh.value_bytes(), entry.value_bytes(), entry.value_size());
  std::free(entry.bytes_);
  return fresh;
}

Entry Entry::Renamed(Entry entry, std::string_view key) {
  const Entry fresh = Make(entry.flags(), key, entry.value_size(), entry.expire());
  std::memcpy(fresh.value_bytes(), entry.value_bytes(), entry.value_size());
  std::free(entry.bytes_);
  return fresh;
}

size_t Entry::memory() const {
  constexpr size_t kQuantum = 16;     // what malloc rounds to
  constexpr size_t kBookkeeping = 8;  // what malloc keeps before each block
  const size_t own = (total() + kBookkeeping + kQuantum - 1) / kQuantum * kQuantum;
  return is_object() ? own + object()->memory() : own;
}

}  // namespace keyhole::store
