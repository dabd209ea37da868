#include "proxy/near_cache/near_entry.h"

#include <algorithm>
#include <new>

namespace keyhole::core {

NearEntry* NearEntry::Make(const resp::HashedKey& key, std::string_view reply, bool is_null) {
  void* memory = ::operator new(sizeof(NearEntry) + key.bytes.size() + reply.size());
  auto* entry = new (memory) NearEntry();
  entry->hash = key.hash;
  entry->key_size = static_cast<uint32_t>(key.bytes.size());
  entry->reply_size = static_cast<uint32_t>(reply.size());
  entry->is_null = is_null;
  if (!is_null) {  // $5\r\nhello\r\n
    entry->value_size = static_cast<uint32_t>(reply.size() - reply.find('\n') - 1 - 2);
  }
  // Both may be empty, and then point nowhere, which memcpy() must not be given.
  char* const tail = std::copy(key.bytes.begin(), key.bytes.end(), entry->Tail());
  std::copy(reply.begin(), reply.end(), tail);
  return entry;
}

void NearEntry::Free(NearEntry* entry) {
  entry->~NearEntry();
  ::operator delete(entry);
}

// glibc: eight bytes of its own, in steps of 16.
size_t NearEntry::BytesFor(size_t key, size_t reply) {
  return std::max<size_t>(32, (sizeof(NearEntry) + key + reply + 8 + 15) / 16 * 16);
}

}  // namespace keyhole::core
