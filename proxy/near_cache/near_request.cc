#include "proxy/near_cache/near_request.h"

#include <cstring>
#include <string>

#include "proxy/near_cache/near_cache.h"
#include "resp/number.h"

namespace keyhole::core {
namespace {

constexpr char kLowerCase = 0x20;

// "*2\r\n$3\r\n" "get" "\r\n$"
struct Head {
  Head() {
    const std::string_view name = resp::Spec(NearCache::kOneKey).name;
    bytes.append("*2\r\n$").append(std::to_string(name.size())).append("\r\n");
    name_begin = bytes.size();
    bytes.append(name);
    name_end = bytes.size();
    bytes.append("\r\n$");
  }
  bool Begins(std::string_view in) const {
    if (in.size() < bytes.size()) return false;
    for (size_t i = name_begin; i < name_end; ++i) {
      if ((in[i] | kLowerCase) != bytes[i]) return false;
    }
    return std::memcmp(in.data(), bytes.data(), name_begin) == 0 &&
           std::memcmp(in.data() + name_end, bytes.data() + name_end, bytes.size() - name_end) == 0;
  }

  std::string bytes;
  size_t name_begin;
  size_t name_end;
};

const Head& TheHead() {
  static const Head head;
  return head;
}

}  // namespace

NearRequest ReadNearRequest(std::string_view in) {
  const Head& head = TheHead();
  if (!head.Begins(in)) return {};
  const char* at = in.data() + head.bytes.size();
  const char* const end = in.data() + in.size();
  size_t size = 0;
  if (!resp::ReadShortLength(&at, end, &size) || at[-1] != '\n' || size > NearCache::kLongestKey)
    return {};
  if (static_cast<size_t>(end - at) < size + 2) return {};
  return {{at, size}, static_cast<size_t>(at - in.data()) + size + 2};
}

}  // namespace keyhole::core
