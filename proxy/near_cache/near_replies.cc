#include "proxy/near_cache/near_replies.h"

#include <array>
#include <charconv>

#include "resp/number.h"
#include "resp/wire.h"

namespace keyhole::core {
namespace {

constexpr std::string_view kInvalidate = "invalidate";

// One value after the other, aggregates by their header alone.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : rest_(bytes) {}

  struct Value {
    char type = 0;
    int64_t number = 0;     // of an aggregate how many values it has, of an integer its value
    std::string_view text;  // of a string, or the line
    bool is_null = false;
  };

  std::optional<Value> Next() {
    const size_t end = rest_.find("\r\n");
    if (end == std::string_view::npos || end == 0) return std::nullopt;
    Value value;
    value.type = rest_[0];
    value.text = rest_.substr(1, end - 1);
    rest_.remove_prefix(end + 2);
    const bool number = resp::ParseInteger(value.text, &value.number);
    value.is_null = value.type == '_' || (number && value.number == -1 && value.type != ':');
    if (value.type != '$' || value.is_null) return value;
    const auto size = static_cast<size_t>(value.number);
    if (!number || value.number < 0 || rest_.size() < 2 || size > rest_.size() - 2) {
      return std::nullopt;
    }
    value.text = rest_.substr(0, size);
    rest_.remove_prefix(size + 2);
    return value;
  }

 private:
  std::string_view rest_;
};

}  // namespace

RedisIdentity ParseHello(std::string_view reply) {
  RedisIdentity identity;
  Reader reader(reply);
  const auto head = reader.Next();
  if (!head || head->type != '%') return identity;
  for (int64_t i = 0; i < head->number; ++i) {
    const auto name = reader.Next();
    const auto value = name ? reader.Next() : std::nullopt;
    // The only aggregate comes last, and is about modules.
    if (!value || value->type == '*') return identity;
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
  Reader reader(push);
  reader.Next();
  const auto kind = reader.Next();
  if (kind && kind->text != kInvalidate) return std::nullopt;
  const auto payload = reader.Next();
  Invalidation all;
  all.all = true;
  if (!payload || payload->is_null || payload->type != '*') return all;
  Invalidation some;
  for (int64_t i = 0; i < payload->number; ++i) {
    const auto key = reader.Next();
    if (!key || key->type != '$' || key->is_null) return all;
    some.keys.push_back(key->text);
  }
  return some;
}

}  // namespace keyhole::core
