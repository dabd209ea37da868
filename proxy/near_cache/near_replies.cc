#include "proxy/near_cache/near_replies.h"

#include <array>
#include <charconv>

#include "resp/reply_reader.h"
#include "resp/wire.h"

namespace keyhole::core {
namespace {

using resp::ReplyType;

constexpr std::string_view kInvalidate = "invalidate";

}  // namespace

RedisIdentity ParseHello(std::string_view reply) {
  RedisIdentity identity;
  ReplyReader reader(reply);
  const auto head = reader.Next();
  if (!head || !head->is(ReplyType::kMap)) return identity;
  for (int64_t i = 0; i < head->integer; ++i) {
    const auto name = reader.Next();
    const auto value = name ? reader.Next() : std::nullopt;
    // The only aggregate comes last, and is about modules.
    if (!value || value->type == ReplyType::kArray) return identity;
    if (name->text == "version") identity.version = value->text;
    if (name->text == "mode") identity.mode = value->text;
    if (name->text == "role") identity.role = value->text;  // layering: not a command
  }
  return identity;
}

bool TracksSoundly(std::string_view version) {
  std::array<int, 3> part{};
  for (int& number : part) {
    const auto [end, error] =
        std::from_chars(version.data(), version.data() + version.size(), number);
    if (error != std::errc()) break;
    version.remove_prefix(static_cast<size_t>(end - version.data()));
    if (!version.empty()) version.remove_prefix(1);
  }
  if (part[0] == 6) return part[1] > 2 || (part[1] == 2 && part[2] >= 11);
  if (part[0] == 7) return part[1] >= 2 || (part[1] == 0 && part[2] >= 10);
  return part[0] > 7;
}

std::optional<Invalidation> ParseInvalidation(std::string_view push) {
  ReplyReader reader(push);
  reader.Next();
  const auto kind = reader.Next();
  if (kind && kind->text != kInvalidate) return std::nullopt;
  const auto payload = reader.Next();
  Invalidation all;
  all.all = true;
  if (!payload || !payload->is(ReplyType::kArray)) return all;
  Invalidation some;
  for (int64_t i = 0; i < payload->integer; ++i) {
    const auto key = reader.Next();
    if (!key || !key->is(ReplyType::kBulkString)) return all;
    some.keys.push_back(key->text);
  }
  return some;
}

}  // namespace keyhole::core
