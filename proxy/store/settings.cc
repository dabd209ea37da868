#include "proxy/store/settings.h"

#include <algorithm>
#include <limits>
#include <vector>

#include "proxy/base/text.h"
#include "proxy/store/key_events.h"
#include "proxy/store/setting_forms.h"
#include "resp/command_table.h"
#include "resp/number.h"

namespace keyhole::store {

namespace {

using Change = Settings::Change;

constexpr Change kLive = Change::kLive;
constexpr Change kIdle = Change::kIdle;
constexpr Change kFixed = Change::kFixed;
constexpr Change kProtected = Change::kProtected;
constexpr Change kImmutable = Change::kImmutable;

// kIdle | kHidden
struct HiddenTag {};
constexpr HiddenTag kHidden;
struct Manner {
  Change change;
  bool hidden = false;
  constexpr Manner(Change c) : change(c) {}  // NOLINT: a cell of the table
  constexpr Manner(Change c, HiddenTag) : change(c), hidden(true) {}
};
constexpr Manner operator|(Change change, HiddenTag hidden) {
  return {change, hidden};
}

struct Row {
  std::string_view name;
  std::string_view alias;
  Manner manner;
  SettingForm form;
};

constexpr int64_t kMaxLong = std::numeric_limits<int64_t>::max();
constexpr int64_t kMaxInt = std::numeric_limits<int32_t>::max();
constexpr int64_t kMinInt = std::numeric_limits<int32_t>::min();
constexpr int64_t kMaxUint = std::numeric_limits<uint32_t>::max();
// So much of it as may be asked for without the log taking more than some 50 MiB.
constexpr int64_t kLongestSlowLog = 10000;

using namespace setting_forms;  // NOLINT: names of settings.def

constexpr Row kRows[] = {
#define SETTING(id, name, alias, change, form) {name, alias, change, form},
#include "proxy/store/settings.def"
#undef SETTING
};

const Row& RowOf(Setting setting) {
  return kRows[static_cast<size_t>(setting)];
}

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

std::vector<Settings::Name> MakeNames() {
  std::vector<Settings::Name> names;
  for (size_t i = 0; i < kSettingCount; ++i) {
    const Row& row = kRows[i];
    for (const std::string_view name : {row.name, row.alias}) {
      if (name.empty()) continue;
      names.push_back({core::Lower(name), static_cast<Setting>(i), row.manner.hidden});
    }
  }
  return names;
}

const std::vector<Settings::Name>& Names() {
  static const std::vector<Settings::Name> names = MakeNames();
  return names;
}

std::string OutputLimits(uint64_t limit) {
  const std::string each = " " + std::to_string(limit) + " 0 0";
  return "normal" + each + " slave" + each + " pubsub" + each;
}

}  // namespace

Settings::Settings(const StoreOptions& options) {
  for (size_t i = 0; i < kSettingCount; ++i) {
    Set(static_cast<Setting>(i), FirstTextOf(kRows[i].form));
  }
  Set(Setting::kRequirepass, options.password);
  Set(Setting::kMaxmemory, std::to_string(options.max_memory));
  Set(Setting::kMaxmemoryPolicy, std::string(PolicyName(options.eviction)));
  Set(Setting::kPort, std::to_string(options.port));
  Set(Setting::kBind, options.bind);
  Set(Setting::kMaxclients, std::to_string(options.max_clients));
  Set(Setting::kTimeout, std::to_string(SecondsOf(options.idle_timeout)));
  Set(Setting::kDatabases, std::to_string(options.databases));
  Set(Setting::kClientOutputBufferLimit, OutputLimits(options.output_limit));
  Set(Setting::kEnableDebugCommand, options.debug_command ? "yes" : "no");
}

void Settings::Set(Setting setting, std::string text) {
  int64_t& number = numbers_[Index(setting)];
  if (setting == Setting::kNotifyKeyspaceEvents) {
    const uint32_t classes = ParseEventClasses(text).value_or(0);
    number = classes;
    texts_[Index(setting)] = EventClassLetters(classes);
    return;
  }
  number = text == "yes" ? 1 : 0;
  resp::ParseInteger(text, &number);
  texts_[Index(setting)] = std::move(text);
}

Eviction Settings::eviction() const {
  for (const PolicyRow& policy : kPolicies) {
    if (policy.name == text(Setting::kMaxmemoryPolicy)) {
      return policy.eviction.value_or(Eviction::kNone);
    }
  }
  return Eviction::kNone;
}

size_t Settings::name_count() {
  return Names().size();
}

const Settings::Name& Settings::name(size_t index) {
  return Names()[index];
}

std::optional<size_t> Settings::Find(std::string_view name) {
  const auto& names = Names();
  const auto it = std::find_if(names.begin(), names.end(), [name](const Name& known) {
    return resp::EqualsIgnoreCase(name, known.text);
  });
  if (it == names.end()) return std::nullopt;
  return static_cast<size_t>(it - names.begin());
}

Settings::Change Settings::ChangeOf(Setting setting) {
  return RowOf(setting).manner.change;
}

bool Settings::IsSecret(Setting setting) {
  return setting == Setting::kRequirepass || setting == Setting::kMasterauth ||
         setting == Setting::kMasteruser;
}

void Settings::TakeOver(const StoreOptions& before, const StoreOptions& after) {
  if (before.password != after.password) Set(Setting::kRequirepass, after.password);
  if (before.max_memory != after.max_memory) {
    Set(Setting::kMaxmemory, std::to_string(after.max_memory));
  }
  if (before.eviction != after.eviction) {
    Set(Setting::kMaxmemoryPolicy, std::string(PolicyName(after.eviction)));
  }
  if (before.max_clients != after.max_clients) {
    Set(Setting::kMaxclients, std::to_string(after.max_clients));
  }
  if (before.idle_timeout != after.idle_timeout) {
    Set(Setting::kTimeout, std::to_string(SecondsOf(after.idle_timeout)));
  }
  if (before.output_limit != after.output_limit) {
    Set(Setting::kClientOutputBufferLimit, OutputLimits(after.output_limit));
  }
}

std::optional<std::string> Settings::Parse(Setting setting, std::string_view text,
                                           std::string* error) const {
  const Row& row = RowOf(setting);
  if (setting == Setting::kMaxmemoryPolicy) return ParsePolicy(text, error);
  if (setting == Setting::kNotifyKeyspaceEvents) {
    if (ParseEventClasses(text).has_value()) return std::string(text);
    *error = "Invalid event class character. Use 'Ag$lshzxeKEtmdn'.";
    return std::nullopt;
  }
  std::optional<std::string> wanted = ParseSetting(row.form, text, error);
  // Redis keeps to these limits, whatever is asked for.
  if (setting == Setting::kHz && wanted.has_value()) {
    int64_t hz = 0;
    resp::ParseInteger(*wanted, &hz);
    wanted = std::to_string(std::clamp<int64_t>(hz, 1, 500));
  }
  if (!wanted.has_value() || row.manner.change != Change::kFixed) return wanted;
  const std::string& value = this->text(setting);
  if (resp::EqualsIgnoreCase(*wanted, value)) return value;
  *error = "the embedded store has it fixed at '" + value + "'";
  return std::nullopt;
}

}  // namespace keyhole::store
