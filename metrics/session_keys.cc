#include "metrics/session_keys.h"

#include "metrics/label.h"
#include "resp/glob.h"

namespace keyhole::metrics {
namespace {

// The ends of Laravel's keys: Str::random(40).
#define KEYHOLE_TEN \
  "[A-Za-z0-9]"     \
  "[A-Za-z0-9]"     \
  "[A-Za-z0-9]"     \
  "[A-Za-z0-9]"     \
  "[A-Za-z0-9]"     \
  "[A-Za-z0-9]"     \
  "[A-Za-z0-9]"     \
  "[A-Za-z0-9]"     \
  "[A-Za-z0-9]"     \
  "[A-Za-z0-9]"
#define KEYHOLE_FORTY KEYHOLE_TEN KEYHOLE_TEN KEYHOLE_TEN KEYHOLE_TEN

constexpr std::string_view kPatterns[] = {
    "sess:*",
    "session:*",
    "session_*",
    "sess_*",
    "PHPREDIS_SESSION:*",
    "ci_session:*",
    "sf_s*",
    "*:sess:*",
    "*:session:*",
    "*:sessions:*",
    "*django.contrib.sessions*",
    "*laravel_session:*",
    "*-session-*",
    "{*}_Data",
    "{*}_Internal",
    "*cache[-_:]" KEYHOLE_FORTY,
    "*cache_:" KEYHOLE_FORTY,
};

#undef KEYHOLE_FORTY
#undef KEYHOLE_TEN

// Sessions have short names, and others may be of megabytes.
constexpr size_t kLongest = 512;

// The pattern that matches; empty: none does.
std::string_view PatternOf(std::string_view key) {
  key = key.substr(0, kLongest);
  for (const std::string_view pattern : kPatterns) {
    if (resp::GlobMatches(pattern, key)) return pattern;
  }
  return {};
}

}  // namespace

bool IsSessionKey(std::string_view key) {
  return !PatternOf(key).empty();
}

std::string SessionLabel(std::string_view key) {
  const std::string_view pattern = PatternOf(key);
  return std::string(pattern.substr(0, pattern.find_first_of("*[{"))) + HashLabel(key);
}

}  // namespace keyhole::metrics
