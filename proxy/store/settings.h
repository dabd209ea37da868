// The parameters that CONFIG GET and CONFIG SET know: all those of Redis 7.0.15, with its checks
// and error texts. settings.def has a row for each, and says of each what comes of changing it:
// each one that the store or the process obeys has a test (config_effect_test.cc).
//
// Thread: read under any lock of the store, changed under all of them.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "proxy/store/options.h"

namespace keyhole::store {

enum class Setting : uint8_t {
#define SETTING(id, name, alias, change, form) id,
#include "proxy/store/settings.def"
#undef SETTING
};
inline constexpr size_t kSettingCount = 0
#define SETTING(id, name, alias, change, form) +1
#include "proxy/store/settings.def"
#undef SETTING
    ;

class Settings {
 public:
  // What CONFIG SET can do to a parameter.
  enum class Change : uint8_t {
    kLive,       // it has its effect
    kIdle,       // it is kept and shown; it has no meaning here
    kFixed,      // it can be set to what it is
    kProtected,  // refused, as Redis does by default
    kImmutable,  // refused, as Redis does
  };

  explicit Settings(const StoreOptions& options);

  // A name and the parameter that bears it; some bear two.
  struct Name {
    std::string text;  // in lower case
    Setting setting;
    bool hidden;  // only shown to who asks for it by name
  };
  static size_t name_count();
  static const Name& name(size_t index);
  // The index of a name; letters of either case.
  static std::optional<size_t> Find(std::string_view name);
  static Change ChangeOf(Setting setting);
  static bool IsSecret(Setting setting);  // no log may show it

  // As CONFIG GET shows it.
  const std::string& text(Setting setting) const { return texts_[Index(setting)]; }
  // The same; yes is 1; 0 of what is none.
  int64_t number(Setting setting) const { return numbers_[Index(setting)]; }
  size_t size(Setting setting) const { return static_cast<size_t>(number(setting)); }

  // What would be stored for `text`; null, and Redis' reason in *error, if that cannot be.
  std::optional<std::string> Parse(Setting setting, std::string_view text,
                                   std::string* error) const;
  void Set(Setting setting, std::string text);

  // Takes over those that CONFIG SET could have changed, where the two differ.
  void TakeOver(const StoreOptions& before, const StoreOptions& after);

  Eviction eviction() const;
  // As the setting `timeout` shows so many milliseconds.
  static int64_t SecondsOf(int64_t millis) { return (millis + 999) / 1000; }

 private:
  static size_t Index(Setting setting) { return static_cast<size_t>(setting); }

  std::array<std::string, kSettingCount> texts_;
  std::array<int64_t, kSettingCount> numbers_{};
};

}  // namespace keyhole::store
