#include "proxy/store/settings.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <system_error>

#include "proxy/base/text.h"
#include "resp/command_table.h"
#include "resp/number.h"

namespace keyhole::store {

namespace {

enum class Kind {
  kText,
  kInteger,     // min to max
  kMemory,      // bytes, or with a unit: 100mb
  kPolicy,      // maxmemory-policy
  kSame,        // what the store does; can only be set to what it is
  kSameNumber,  // the same
  kImmutable,   // Redis too refuses to change it
};

struct Row {
  std::string_view name;  // upper case, as some are names of commands, which stand in one file only
  Kind kind;
  std::string_view value;
  int64_t min = 0;
  int64_t max = std::numeric_limits<int32_t>::max();
};

constexpr int64_t kMinInt = std::numeric_limits<int32_t>::min();
constexpr int64_t kMaxLong = std::numeric_limits<int64_t>::max();

// So much of it as may be asked for without the log taking more than some 50 MiB.
constexpr int64_t kLongestSlowLog = 10000;

// The first are in the order of the enum in settings.h.
constexpr std::array kRows = std::to_array<Row>({
    {"REQUIREPASS", Kind::kText, ""},
    {"MAXMEMORY", Kind::kMemory, "0"},
    {"MAXMEMORY-POLICY", Kind::kPolicy, "noeviction"},
    {"PORT", Kind::kSame, ""},
    {"MAXCLIENTS", Kind::kInteger, "10000", 1},
    {"DATABASES", Kind::kImmutable, ""},
    {"HASH-MAX-LISTPACK-ENTRIES", Kind::kInteger, "512", 0, kMaxLong},
    {"HASH-MAX-LISTPACK-VALUE", Kind::kInteger, "64", 0, kMaxLong},
    {"SET-MAX-INTSET-ENTRIES", Kind::kInteger, "512", 0, kMaxLong},
    {"LIST-MAX-LISTPACK-SIZE", Kind::kInteger, "-2", kMinInt},
    {"TIMEOUT", Kind::kInteger, "0"},
    {"SLOWLOG-LOG-SLOWER-THAN", Kind::kInteger, "-1", -1, kMaxLong},
    {"SLOWLOG-MAX-LEN", Kind::kInteger, "128", 0, kLongestSlowLog},
    {"HLL-SPARSE-MAX-BYTES", Kind::kMemory, "3000"},
    {"BIND", Kind::kSame, ""},
    {"ACTIVE-EXPIRE-EFFORT", Kind::kSameNumber, "1", 1, 10},
    {"APPENDFSYNC", Kind::kSame, "everysec"},
    {"APPENDONLY", Kind::kSame, "no"},
    {"CLUSTER-ENABLED", Kind::kImmutable, "no"},
    {"HZ", Kind::kSameNumber, "10"},
    {"LAZYFREE-LAZY-EXPIRE", Kind::kSame, "no"},
    {"LIST-COMPRESS-DEPTH", Kind::kInteger, "0"},
    {"MAXMEMORY-SAMPLES", Kind::kSameNumber, "5", 1},
    {"NOTIFY-KEYSPACE-EVENTS", Kind::kSame, ""},
    {"PROTO-MAX-BULK-LEN", Kind::kSame, "536870912"},
    {"SAVE", Kind::kSame, ""},
    {"TCP-KEEPALIVE", Kind::kSameNumber, "60"},
});

// What a name of maxmemory-policy means here; none where that would be a lie: S3-FIFO is neither
// LFU nor random, and we do not spare keys without an expiry.
struct PolicyRow {
  std::string_view name;
  std::optional<Eviction> eviction;
};
// Redis' own, in the order of its error text, and ours.
constexpr PolicyRow kPolicies[] = {
    {"volatile-lru", std::nullopt},        {"volatile-lfu", std::nullopt},
    {"volatile-random", std::nullopt},     {"volatile-ttl", std::nullopt},
    {"allkeys-lru", Eviction::kLru},       {"allkeys-lfu", std::nullopt},
    {"allkeys-random", std::nullopt},      {"noeviction", Eviction::kNone},
    {"allkeys-s3-fifo", Eviction::kS3Fifo}};

std::string_view PolicyName(Eviction eviction) {
  if (eviction == Eviction::kS3Fifo) return "allkeys-s3-fifo";
  return eviction == Eviction::kLru ? "allkeys-lru" : "noeviction";
}

std::optional<std::string> ParseInteger(const Row& row, std::string_view text, std::string* error) {
  int64_t value = 0;
  if (!resp::ParseInteger(text, &value)) {
    *error = "argument couldn't be parsed into an integer";
    return std::nullopt;
  }
  if (value < row.min || value > row.max) {
    *error = "argument must be between " + std::to_string(row.min) + " and " +
             std::to_string(row.max) + " inclusive";
    return std::nullopt;
  }
  return std::to_string(value);
}

std::optional<std::string> ParseSame(const Row& row, std::string_view text,
                                     const std::string& value, std::string* error) {
  std::optional<std::string> wanted = std::string(text);
  if (row.kind == Kind::kSameNumber) wanted = ParseInteger(row, text, error);
  if (!wanted.has_value() || resp::EqualsIgnoreCase(*wanted, value)) {
    return wanted.has_value() ? std::optional(value) : std::nullopt;
  }
  *error = "the embedded store has it fixed at '" + value + "'";
  return std::nullopt;
}

// 1k is 1000, 1kb is 1024. Source: the head of redis 7.0.15 redis.conf.
std::optional<std::string> ParseMemory(std::string_view text, std::string* error) {
  struct Unit {
    std::string_view name;
    int64_t bytes;
  };
  constexpr Unit kUnits[] = {{"", 1},           {"B", 1},           {"K", 1000},
                             {"KB", 1 << 10},   {"M", 1000 * 1000}, {"MB", 1 << 20},
                             {"G", 1000000000}, {"GB", 1 << 30}};
  const size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
  constexpr auto kTooBig = std::errc::result_out_of_range;
  int64_t value = 0;  // stays so without digits, as in Redis
  for (const Unit& unit : kUnits) {
    if (!resp::EqualsIgnoreCase(text.substr(digits), unit.name)) continue;
    if (std::from_chars(text.data(), text.data() + digits, value).ec == kTooBig) break;
    if (value > std::numeric_limits<int64_t>::max() / unit.bytes) break;
    return std::to_string(value * unit.bytes);
  }
  *error = "argument must be a memory value";
  return std::nullopt;
}

std::optional<std::string> ParsePolicy(std::string_view text, std::string* error) {
  for (const PolicyRow& policy : kPolicies) {
    if (!resp::EqualsIgnoreCase(text, policy.name)) continue;
    if (policy.eviction.has_value()) return std::string(policy.name);
    *error =
        "the embedded store does not have this policy; it has allkeys-s3-fifo, allkeys-lru and "
        "noeviction";
    return std::nullopt;
  }
  *error = "argument(s) must be one of the following: ";
  for (const PolicyRow& policy : kPolicies) {
    error->append(policy.name);
    if (policy.eviction == Eviction::kNone) break;  // the last of Redis'
    error->append(", ");
  }
  return std::nullopt;
}

// CONFIG GET answers in lower case.
const std::vector<std::string>& LowerNames() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> lower;
    for (const Row& row : kRows) lower.push_back(core::Lower(row.name));
    return lower;
  }();
  return names;
}

}  // namespace

Settings::Settings(const StoreOptions& options) {
  numbers_.resize(kRows.size());
  values_.resize(kRows.size());
  for (size_t i = 0; i < kRows.size(); ++i) Set(i, std::string(kRows[i].value));
  values_[kPassword] = options.password;
  Set(kMaxMemory, std::to_string(options.max_memory));
  values_[kMaxMemoryPolicy] = PolicyName(options.eviction);
  values_[kPort] = std::to_string(options.port);
  values_[kBind] = options.bind;
  Set(kMaxClients, std::to_string(options.max_clients));
  Set(kTimeout, std::to_string(SecondsOf(options.idle_timeout)));
  values_[kDatabases] = std::to_string(options.databases);
}

void Settings::Set(size_t index, std::string value) {
  resp::ParseInteger(value, &numbers_[index]);
  values_[index] = std::move(value);
}

Eviction Settings::eviction() const {
  for (const PolicyRow& policy : kPolicies) {
    if (policy.name == values_[kMaxMemoryPolicy]) return policy.eviction.value_or(Eviction::kNone);
  }
  return Eviction::kNone;
}

std::string_view Settings::name(size_t index) {
  return LowerNames()[index];
}

std::optional<size_t> Settings::Find(std::string_view name) {
  for (size_t i = 0; i < kRows.size(); ++i) {
    if (resp::EqualsIgnoreCase(name, kRows[i].name)) return i;
  }
  return std::nullopt;
}

std::optional<std::string> Settings::Parse(size_t index, std::string_view text,
                                           std::string* error) const {
  const Row& row = kRows[index];
  switch (row.kind) {
    case Kind::kText:
      return std::string(text);
    case Kind::kInteger:
      return ParseInteger(row, text, error);
    case Kind::kMemory:
      return ParseMemory(text, error);
    case Kind::kPolicy:
      return ParsePolicy(text, error);
    case Kind::kSame:
    case Kind::kSameNumber:
      return ParseSame(row, text, values_[index], error);
    case Kind::kImmutable:
      *error = "can't set immutable config";
      return std::nullopt;
  }
  return std::nullopt;
}

}  // namespace keyhole::store
