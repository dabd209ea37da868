#include "proxy/store/keyspace/item.h"

#include <cstring>

namespace keyhole::store {

namespace {

void Copy(std::string_view from, char* to) {
  if (!from.empty()) std::memcpy(to, from.data(), from.size());
}

}  // namespace

// The head byte; for a bare item that is the name's size.
uint8_t Item::HeadFor(std::string_view name, std::string_view value, UnixMillis expire) {
  if (value.empty() && expire == kNever && name.size() <= kBareMax) {
    return static_cast<uint8_t>(name.size());
  }
  const bool wide = name.size() > kNarrowMax || value.size() > kNarrowMax;
  return static_cast<uint8_t>(kFull | (wide ? kWide : 0) | (expire != kNever ? kExpires : 0));
}

size_t Item::SizeAt(size_t index) const {
  if ((head() & kWide) == 0) return static_cast<uint8_t>(bytes_[1 + index]);
  uint32_t size;
  std::memcpy(&size, bytes_ + 1 + 4 * index, sizeof(size));
  return size;
}

UnixMillis Item::expire() const {
  if (!has_expire()) return kNever;
  UnixMillis expire;
  std::memcpy(&expire, bytes_ + HeadSize(head()) - sizeof(expire), sizeof(expire));
  return expire;
}

Item Item::Make(std::string_view name, std::string_view value, UnixMillis expire, Heap& heap) {
  const uint8_t head = HeadFor(name, value, expire);
  if (head < kFull) {
    char* const bytes = heap.Allocate(1 + name.size());
    *bytes = static_cast<char>(head);
    Copy(name, bytes + 1);
    return Item(bytes);
  }
  const size_t head_size = HeadSize(head);
  char* const bytes = heap.Allocate(head_size + name.size() + value.size());
  *bytes = static_cast<char>(head);
  if ((head & kWide) != 0) {
    const uint32_t sizes[] = {static_cast<uint32_t>(name.size()),
                              static_cast<uint32_t>(value.size())};
    std::memcpy(bytes + 1, sizes, sizeof(sizes));
  } else {
    bytes[1] = static_cast<char>(static_cast<uint8_t>(name.size()));
    bytes[2] = static_cast<char>(static_cast<uint8_t>(value.size()));
  }
  if (expire != kNever) std::memcpy(bytes + head_size - sizeof(expire), &expire, sizeof(expire));
  Copy(name, bytes + head_size);
  Copy(value, bytes + head_size + name.size());
  return Item(bytes);
}

Item Item::Changed(Item item, std::string_view value, UnixMillis expire, Heap& heap) {
  const std::string_view name = item.key();
  const uint8_t head = HeadFor(name, value, expire);
  const bool same = head == item.head() && value.size() == item.value().size();
  if (!same) {
    const Item fresh = Make(name, value, expire, heap);
    Destroy(item, heap);
    return fresh;
  }
  if (item.has_expire()) {
    std::memcpy(item.bytes_ + HeadSize(head) - sizeof(expire), &expire, sizeof(expire));
  }
  Copy(value, item.bytes_ + item.size() - value.size());
  return item;
}

}  // namespace keyhole::store
