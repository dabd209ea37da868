#include "proxy/http/reports.h"

#include <algorithm>
#include <charconv>
#include <iterator>

#include "proxy/base/digits.h"
#include "proxy/http/http_item.h"

namespace keyhole::core {
namespace {

constexpr uint64_t kMaxLimit = 10000;
constexpr size_t kLargest = metrics::TopList::kSize;
// In the order of KeySort.
constexpr std::string_view kSortNames[] = {"requests", "hits", "misses", "bytes", "ratio", "rate"};

double RatioOf(const metrics::KeyTotals& key) {
  const uint64_t answered = key.hits + key.misses;
  return answered == 0 ? -1 : static_cast<double>(key.hits) / static_cast<double>(answered);
}

double SortValue(const metrics::KeyCounts& key, KeySort sort) {
  switch (sort) {
    case KeySort::kRequests:
      return static_cast<double>(key.requests());
    case KeySort::kHits:
      return static_cast<double>(key.hits);
    case KeySort::kMisses:
      return static_cast<double>(key.misses);
    case KeySort::kBytes:
      return static_cast<double>(key.bytes);
    case KeySort::kRatio:
      return RatioOf(key);
    case KeySort::kRate:
      break;
  }
  return key.rate;
}

// Three digits behind the point: 0.125, 3.
std::string Rounded(double number) {
  char text[40];
  const auto end = std::to_chars(text, text + sizeof(text), number, std::chars_format::fixed, 3);
  std::string_view digits(text, static_cast<size_t>(end.ptr - text));
  while (digits.back() == '0') digits.remove_suffix(1);
  if (digits.back() == '.') digits.remove_suffix(1);
  return std::string(digits);
}

// "name":number, with a comma behind it.
void AppendMember(std::string_view name, uint64_t number, std::string* json) {
  json->append("\"").append(name).append("\":").append(std::to_string(number)).append(",");
}

void AppendKey(const metrics::KeyCounts& key, bool with_rate, std::string* json) {
  json->append("{\"key\":").append(JsonString(key.label)).append(",");
  AppendMember("hits", key.hits, json);
  AppendMember("misses", key.misses, json);
  AppendMember("requests", key.requests(), json);
  AppendMember("bytes", key.bytes, json);
  const double ratio = RatioOf(key);
  json->append("\"ratio\":").append(ratio < 0 ? "null" : Rounded(ratio));
  if (with_rate) json->append(",\"rate\":").append(Rounded(key.rate));
  json->append("}");
}

std::string EntriesJson(std::vector<metrics::TopEntry> entries, std::string_view unit,
                        metrics::TopList::Instant now) {
  std::string json = "[";
  for (const metrics::TopEntry& entry : metrics::Largest(std::move(entries), kLargest, now)) {
    const bool known = entry.command != resp::CommandId::kUnknown;
    const double age = std::chrono::duration<double>(now - entry.at).count();
    if (json.size() > 1) json.append(",");
    json.append("{\"command\":");
    json.append(JsonString(known ? resp::Spec(entry.command).full_name : "unknown"));
    json.append(",\"key\":").append(entry.label ? JsonString(*entry.label) : "null").append(",");
    AppendMember(unit, entry.value, &json);
    json.append("\"age_seconds\":").append(Rounded(std::max(age, 0.0))).append("}");
  }
  return json.append("]");
}

}  // namespace

std::optional<std::string> ParseKeysQuery(std::string_view query, KeysQuery* out) {
  bool valid = true;
  const std::optional<std::string> sort =
      QueryParameter(query, "sort", &valid);  // layering: not a command
  if (sort || !valid) {
    const auto* const name = std::find(std::begin(kSortNames), std::end(kSortNames), sort);
    if (name == std::end(kSortNames)) {
      return "sort must be one of hits, misses, requests, ratio, rate and bytes";
    }
    out->sort = static_cast<KeySort>(name - std::begin(kSortNames));
  }
  const std::optional<std::string> limit = QueryParameter(query, "limit", &valid);
  if (!limit && valid) return std::nullopt;
  const std::optional<uint64_t> number = ParseDigits(limit.value_or(""));
  if (!number || *number < 1 || *number > kMaxLimit) {
    return "limit must be a whole number from 1 to " + std::to_string(kMaxLimit);
  }
  out->limit = *number;
  return std::nullopt;
}

std::optional<std::string> ParsePurgeQuery(std::string_view query, PurgeQuery* out) {
  bool valid_key = true;
  bool valid_prefix = true;
  const std::optional<std::string> key = QueryParameter(query, "key", &valid_key);
  const std::optional<std::string> prefix = QueryParameter(query, "prefix", &valid_prefix);
  if (!valid_key || !valid_prefix) return "A % must stand before two hexadecimal digits; write %25";
  if (key.has_value() == prefix.has_value()) {
    return "Say what to drop: ?key=KEY, or ?prefix=PREFIX, which may be empty for all";
  }
  *out = {.is_key = key.has_value(), .text = key.has_value() ? *key : *prefix};
  return std::nullopt;
}

std::string PurgeJson(size_t purged) {
  return "{\"purged\":" + std::to_string(purged) + "}";
}

std::string KeysJson(const metrics::KeyTable& table, const KeysQuery& query) {
  std::vector<const metrics::KeyCounts*> keys;
  for (const metrics::KeyCounts& key : table.patterns) keys.push_back(&key);
  for (const metrics::KeyCounts& key : table.keys) keys.push_back(&key);
  const size_t shown = std::min(query.limit, keys.size());
  std::partial_sort(keys.begin(), keys.begin() + static_cast<std::ptrdiff_t>(shown), keys.end(),
                    [&](const auto* a, const auto* b) {
                      const double left = SortValue(*a, query.sort);
                      const double right = SortValue(*b, query.sort);
                      return left != right ? left > right : a->label < b->label;
                    });
  std::string json = "{\"sort\":\"";
  json.append(kSortNames[static_cast<size_t>(query.sort)]).append("\",");
  AppendMember("limit", query.limit, &json);
  AppendMember("tracked", table.keys.size(), &json);
  json.append("\"keys\":[");
  for (size_t i = 0; i < shown; ++i) {
    if (i > 0) json.append(",");
    AppendKey(*keys[i], /*with_rate=*/true, &json);
  }
  json.append("],\"other\":");
  AppendKey(table.other, /*with_rate=*/false, &json);
  json.append(",\"retired\":{");
  AppendMember("hits", table.retired.hits, &json);
  AppendMember("misses", table.retired.misses, &json);
  json.append("\"bytes\":").append(std::to_string(table.retired.bytes)).append("}}");
  return json;
}

std::string SlowJson(std::vector<metrics::TopEntry> big, std::vector<metrics::TopEntry> slow,
                     metrics::TopList::Instant now) {
  return "{\"big\":" + EntriesJson(std::move(big), "bytes", now) +
         ",\"slow\":" + EntriesJson(std::move(slow), "microseconds", now) + "}";
}

}  // namespace keyhole::core
