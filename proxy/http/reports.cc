#include "proxy/http/reports.h"

#include <algorithm>

#include "proxy/http/json_writer.h"
#include "proxy/http/query.h"
#include "resp/glob.h"

namespace keyhole::core {
namespace {

constexpr uint64_t kMaxLimit = 10000;
constexpr size_t kLargest = metrics::TopList::kSize;
constexpr uint64_t kMaxSpark = 60;
constexpr std::string_view kSort = "sort";  // layering: not a command
// In the order of KeySort.
const std::vector<std::string_view> kSortNames = {"requests", "hits",  "misses",
                                                  "bytes",    "ratio", "rate"};

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

// A key that is asked for more and more is marked, as one that is new.
constexpr double kNewSeconds = 60;
constexpr double kRisingFactor = 2;
constexpr double kRisingRate = 1;

// The steps of a new key, where all there are are more.
size_t StepsOfNew(const metrics::KeyHistory& history) {
  const auto steps = static_cast<size_t>(kNewSeconds / static_cast<double>(history.step().count()));
  return std::max<size_t>(steps, 1);
}

// The history has been kept for longer than a key is new; else all would be.
bool KnowsNewFromOld(const metrics::KeyTable& table, const metrics::KeyHistory& history) {
  const size_t steps = StepsOfNew(history);
  return std::any_of(table.keys.begin(), table.keys.end(), [&](const metrics::KeyCounts& key) {
    return history.Read(key.slot, steps + 1).size() > steps;
  });
}

std::string_view TrendOf(const metrics::KeyCounts& key, const metrics::KeyHistory& history,
                         bool knows_new, double unix_now) {
  if (key.created > 0 && unix_now - key.created < kNewSeconds) return "new";
  const size_t of_new = StepsOfNew(history);
  if (knows_new && history.Read(key.slot, of_new + 1).size() <= of_new) return "new";
  const std::vector<metrics::KeyHistory::Step> steps = history.Read(key.slot, 7);
  if (steps.size() < 2) return {};
  uint64_t before = 0;
  for (size_t i = 0; i + 1 < steps.size(); ++i) before += steps[i].hits + steps[i].misses;
  const double seconds = static_cast<double>(history.step().count());
  const double was =
      static_cast<double>(before) / (seconds * static_cast<double>(steps.size() - 1));
  const double is = static_cast<double>(steps.back().hits + steps.back().misses) / seconds;
  return is >= kRisingRate && is > kRisingFactor * was ? "rising" : "";
}

void WriteCounts(const metrics::KeyCounts& key, JsonWriter* json) {
  json->Key("key").String(key.label).Key("hits").Number(key.hits);
  json->Key("misses").Number(key.misses).Key("requests").Number(key.requests());
  json->Key("bytes").Number(key.bytes).Key("ratio");
  const double ratio = RatioOf(key);
  ratio < 0 ? json->Null() : json->Decimal(ratio);
}

void WriteKey(const metrics::KeyCounts& key, const metrics::KeyHistory& history,
              const KeysQuery& query, bool knows_new, double unix_now, JsonWriter* json) {
  json->Open('{');
  WriteCounts(key, json);
  json->Key("rate").Decimal(key.rate);
  if (query.spark > 0) {
    json->Key("trend");
    const std::string_view trend = TrendOf(key, history, knows_new, unix_now);
    trend.empty() ? json->Null() : json->String(trend);
    json->Key("spark").Open('[');
    for (const auto& step : history.Read(key.slot, query.spark)) {
      json->Number(step.hits + step.misses);
    }
    json->Close(']');
  }
  json->Close('}');
}

bool IsAskedFor(const metrics::KeyCounts& key, const KeysQuery& query) {
  return key.label.starts_with(query.prefix) &&
         (query.match.empty() || resp::GlobMatches(query.match, key.label));
}

void WriteEntries(std::vector<metrics::TopEntry> entries, std::string_view unit,
                  metrics::TopList::Instant now, JsonWriter* json) {
  json->Open('[');
  for (const metrics::TopEntry& entry : metrics::Largest(std::move(entries), kLargest, now)) {
    const bool known = entry.command != resp::CommandId::kUnknown;
    const double age = std::chrono::duration<double>(now - entry.at).count();
    json->Open('{').Key("command");  // layering: not a command
    json->String(known ? resp::Spec(entry.command).full_name : "unknown").Key("key");
    entry.label ? json->String(*entry.label) : json->Null();
    json->Key(unit).Number(entry.value);
    if (unit != "bytes") {
      json->Key("bytes").Number(entry.bytes).Key("client");  // layering: not a command
      entry.client.empty() ? json->Null() : json->String(entry.client);
    }
    json->Key("age_seconds").Decimal(std::max(age, 0.0)).Close('}');
  }
  json->Close(']');
}

}  // namespace

std::optional<std::string> ParseKeysQuery(std::string_view text, KeysQuery* out) {
  Query query;
  if (auto problem = query.Read(text, {kSort, "limit", "prefix", "match", "spark"})) return problem;
  auto sort = static_cast<size_t>(out->sort);
  if (auto problem = query.ReadWord(kSort, kSortNames, &sort)) return problem;
  out->sort = static_cast<KeySort>(sort);
  if (const std::string* const prefix = query.Find("prefix")) out->prefix = *prefix;
  if (const std::string* const match = query.Find("match")) out->match = *match;
  if (auto problem = query.ReadNumber("spark", 0, kMaxSpark, &out->spark)) return problem;
  return query.ReadNumber("limit", 1, kMaxLimit, &out->limit);
}

std::optional<std::string> ParsePurgeQuery(std::string_view text, PurgeQuery* out) {
  Query query;
  if (auto problem = query.Read(text, {"key", "prefix"})) return problem;
  const std::string* const key = query.Find("key");
  const std::string* const prefix = query.Find("prefix");
  if ((key != nullptr) == (prefix != nullptr)) {
    return "Say what to drop: ?key=KEY, or ?prefix=PREFIX, which may be empty for all";
  }
  *out = {.is_key = key != nullptr, .text = key != nullptr ? *key : *prefix};
  return std::nullopt;
}

std::string ReloadJson(std::string_view problem, const std::vector<std::string>& lines) {
  JsonWriter json;
  json.Open('{').Key("ok").Bool(problem.empty());
  if (!problem.empty()) json.Key("error").String(problem);
  json.Key("lines").Open('[');
  for (const std::string& line : lines) json.String(line);
  json.Close(']').Close('}');
  return json.Take();
}

std::string PurgeJson(size_t purged) {
  return "{\"purged\":" + std::to_string(purged) + "}\n";
}

std::string KeysJson(const metrics::KeyTable& table, const metrics::KeyHistory& history,
                     const KeysQuery& query, double unix_now) {
  std::vector<const metrics::KeyCounts*> keys;
  for (const auto* all : {&table.patterns, &table.keys}) {
    for (const metrics::KeyCounts& key : *all) {
      if (IsAskedFor(key, query)) keys.push_back(&key);
    }
  }
  const size_t shown = std::min<size_t>(query.limit, keys.size());
  std::partial_sort(keys.begin(), keys.begin() + static_cast<std::ptrdiff_t>(shown), keys.end(),
                    [&](const auto* a, const auto* b) {
                      const double left = SortValue(*a, query.sort);
                      const double right = SortValue(*b, query.sort);
                      return left != right ? left > right : a->label < b->label;
                    });
  JsonWriter json;
  json.Open('{').Key("sort").String(                 // layering: not a command
      kSortNames[static_cast<size_t>(query.sort)]);  // layering: not a command
  json.Key("limit").Number(query.limit).Key("tracked").Number(table.keys.size());
  json.Key("matching").Number(keys.size()).Key("keys").Open('[');  // layering: not a command
  const bool knows_new = query.spark > 0 && KnowsNewFromOld(table, history);
  for (size_t i = 0; i < shown; ++i) {
    WriteKey(*keys[i], history, query, knows_new, unix_now, &json);
  }
  json.Close(']').Key("other").Open('{');
  WriteCounts(table.other, &json);
  json.Close('}').Key("retired").Open('{').Key("hits").Number(table.retired.hits);
  json.Key("misses").Number(table.retired.misses).Key("bytes").Number(table.retired.bytes);
  if (query.spark > 0)
    json.Close('}').Key("spark_step").Number(history.step().count());
  else
    json.Close('}');
  json.Close('}');
  return json.Take();
}

std::string SlowJson(std::vector<metrics::TopEntry> big, std::vector<metrics::TopEntry> slow,
                     metrics::TopList::Instant now) {
  JsonWriter json;
  json.Open('{').Key("big");
  WriteEntries(std::move(big), "bytes", now, &json);
  json.Key("slow");
  WriteEntries(std::move(slow), "microseconds", now, &json);
  json.Close('}');
  return json.Take();
}

}  // namespace keyhole::core
