#include "proxy/near_cache/near_request.h"

#include "proxy/near_cache/near_cache.h"
#include "resp/request_fast.h"

namespace keyhole::core {
namespace {

// `name` is letters in lower case.
bool IsName(std::string_view word, std::string_view name) {
  constexpr char kLowerCase = 0x20;
  if (word.size() != name.size()) return false;
  for (size_t i = 0; i < name.size(); ++i) {
    if ((word[i] | kLowerCase) != name[i]) return false;
  }
  return true;
}

}  // namespace

NearRequest ReadNearRequest(std::string_view in) {
  static const std::string_view name = resp::Spec(NearCache::kOneKey).name;
  if (in.empty()) return {};
  const char* at = in.data();
  const char* const end = at + in.size();
  size_t count = 0;
  std::string_view word;
  std::string_view key;
  if (!resp::ReadCount(&at, end, &count) || count != 2) return {};
  if (!resp::ReadBulk(&at, end, &word) || !IsName(word, name)) return {};
  if (!resp::ReadBulk(&at, end, &key) || key.size() > NearCache::kLongestKey) return {};
  return {key, static_cast<size_t>(at - in.data())};
}

}  // namespace keyhole::core
