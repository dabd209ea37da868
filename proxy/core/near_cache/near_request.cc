#include "proxy/core/near_cache/near_request.h"

#include <cstring>
#include <string>

#include "proxy/core/near_cache/near_cache.h"

namespace keyhole::core {
namespace {

constexpr size_t kMostDigits = 4;
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
  const size_t digits = head.bytes.size();
  size_t pos = digits;
  size_t size = 0;
  while (pos < in.size() && pos - digits < kMostDigits && in[pos] >= '0' && in[pos] <= '9') {
    size = 10 * size + static_cast<size_t>(in[pos++] - '0');
  }
  // As Redis writes numbers: no sign, no zero in front.
  const bool number = pos > digits && (in[digits] != '0' || pos == digits + 1);
  if (!number || in.size() - pos < 2 + size + 2) return {};
  if (in[pos] != '\r' || in[pos + 1] != '\n') return {};
  return {in.substr(pos + 2, size), pos + 2 + size + 2};
}

}  // namespace keyhole::core
