// Items as they stand in HTTP: the JSON that a client posts, bytes as JSON text, the parameters of
// a target.
//
// Thread: any; pure functions. Nothing throws but std::bad_alloc, whatever the bytes.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace keyhole::core {

// The media type of exact bytes.
inline constexpr std::string_view kBytesType = "application/octet-stream";
inline constexpr std::string_view kJsonType = "application/json";

// How long an item may live. The end is far from where Redis' milliseconds overflow.
inline constexpr int64_t kMaxTtlSeconds = 1'000'000'000'000;

struct PostedItem {
  std::optional<std::string> key;
  std::optional<std::string> value;
  std::optional<int64_t> ttl;  // seconds, 1 .. kMaxTtlSeconds
};

// Reads {"key": "foo", "value": "bar"}, maybe with a ttl in seconds; other members are ignored,
// null is as good as not there, of a member given twice the last one holds. A value may be a number
// too: its text is taken as it stands, so that 1.10 stays 1.10. Gives what is wrong, for the
// client, or none.
std::optional<std::string> ParseItem(std::string_view json, PostedItem* item);

// What ParseItem() says of a wrong ttl, and of one in a target that is not a number.
std::string TtlProblem();

// `bytes` as a JSON string, with its quotes. Where they are not valid UTF-8, which JSON cannot
// carry, each wrong byte becomes the four characters \xNN (in JSON "\\xNN").
std::string JsonString(std::string_view bytes);

// The same for the names of a JSON object's members, which must differ where the keys do: a
// backslash of the key that looks like the beginning of such an \xNN is \x5c.
std::string JsonName(std::string_view key);

// The value of the first parameter called `name` in "a=1&b=2", percent-decoded. None if there is no
// such parameter; `*valid` is false if it has a wrong percent-encoding.
std::optional<std::string> QueryParameter(std::string_view query, std::string_view name,
                                          bool* valid);

}  // namespace keyhole::core
