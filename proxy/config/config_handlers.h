// What the rows of config_options.cc do with the members of a Config: from texts, and back for
// --help.
//
// Thread: any; everything here is constant.
#pragma once

#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "proxy/config/config.h"
#include "proxy/config/config_values.h"

namespace keyhole::core {

using Texts = std::span<const std::string>;

// What an Option does with a member of Config of a given kind.
struct Handler {
  Problem (*apply)(Texts, Config*);
  std::string (*show)(const Config&);
  bool (*same)(const Config&, const Config&);
  void (*take)(const Config& from, Config* to);
  std::string_view (*obstacle)(const Config& from, const Config& to) = nullptr;
  bool secret = false;
};

// A member of Config, or of a struct in it: At<&Config::near, &NearOptions::min_reads>.
template <auto... kPath>
struct At {
  static constexpr auto& Of(auto& config) { return (config.*....*kPath); }
};

template <typename Member>
bool IsSame(const Config& a, const Config& b) {
  return Member::Of(a) == Member::Of(b);
}

template <typename Member>
void TakeOver(const Config& from, Config* to) {
  Member::Of(*to) = Member::Of(from);
}

template <typename Member, uint64_t kMin, uint64_t kMax>
constexpr Handler Number() {
  return {[](Texts texts, Config* config) {
            uint64_t number = 0;
            Problem problem = ParseNumber(texts[0], kMin, kMax, &number);
            if (!problem) {
              auto& member = Member::Of(*config);
              member = static_cast<std::remove_reference_t<decltype(member)>>(number);
            }
            return problem;
          },
          [](const Config& config) { return std::to_string(Member::Of(config)); }, IsSame<Member>,
          TakeOver<Member>};
}

// A share, written in percent.
template <typename Member, uint64_t kMin, uint64_t kMax>
constexpr Handler Percent() {
  return {
      [](Texts texts, Config* config) {
        uint64_t percent = 0;
        Problem problem = ParseNumber(texts[0], kMin, kMax, &percent);
        if (!problem) Member::Of(*config) = static_cast<double>(percent) / 100;
        return problem;
      },
      [](const Config& config) { return std::to_string(std::lround(Member::Of(config) * 100)); },
      IsSame<Member>, TakeOver<Member>};
}

template <typename Member>
constexpr Handler Switch() {
  return {[](Texts texts, Config* config) { return ParseSwitch(texts[0], &Member::Of(*config)); },
          [](const Config& config) { return std::string(Member::Of(config) ? "on" : "off"); },
          IsSame<Member>, TakeOver<Member>};
}

template <typename Member, uint64_t kMin, uint64_t kMax>
constexpr Handler Size() {
  return {[](Texts texts, Config* config) {
            return ParseSize(texts[0], kMin, kMax, &Member::Of(*config));
          },
          [](const Config& config) { return ShowSize(Member::Of(config)); }, IsSame<Member>,
          TakeOver<Member>};
}

template <typename Member, int kMinMillis = 0>
constexpr Handler Duration() {
  return {[](Texts texts, Config* config) {
            Config::Millis duration{};
            Problem problem = ParseDuration(texts[0], Config::Millis(kMinMillis), &duration);
            if (!problem) Member::Of(*config) = duration;
            return problem;
          },
          [](const Config& config) {
            return ShowDuration(std::chrono::duration_cast<Config::Millis>(Member::Of(config)));
          },
          IsSame<Member>, TakeOver<Member>};
}

template <typename Member>
constexpr Handler Share() {
  return {[](Texts texts, Config* config) { return ParseShare(texts[0], &Member::Of(*config)); },
          [](const Config& config) { return ShowShare(Member::Of(config)); }, IsSame<Member>,
          TakeOver<Member>};
}

// One of kWords, in the order of the enum's values.
template <typename Member, const auto& kWords>
constexpr Handler Enum() {
  return {
      [](Texts texts, Config* config) { return ParseEnum(texts[0], kWords, &Member::Of(*config)); },
      [](const Config& config) {
        return std::string(kWords[static_cast<size_t>(Member::Of(config))]);
      },
      IsSame<Member>, TakeOver<Member>};
}

template <typename Member>
constexpr Handler Text() {
  return {[](Texts texts, Config* config) -> Problem {
            Member::Of(*config) = texts[0];
            return std::nullopt;
          },
          [](const Config& config) { return Member::Of(config); }, IsSame<Member>,
          TakeOver<Member>};
}

// A text that nobody is shown.
template <typename Member>
constexpr Handler Secret() {
  Handler handler = Text<Member>();
  handler.show = [](const Config&) { return std::string(); };
  handler.secret = true;
  return handler;
}

// The file of users: with the embedded store whoever asks for passwords stays the same.
template <typename Member>
constexpr Handler UsersFile() {
  Handler handler = Text<Member>();
  handler.obstacle = [](const Config& from, const Config& to) -> std::string_view {
    const bool other = from.users_file.empty() != to.users_file.empty();
    return other && !from.upstream ? "the embedded store begins or ends to have users" : "";
  };
  return handler;
}

template <typename T, typename Parse>
Problem ApplyList(Texts texts, Parse parse, std::vector<T>* out) {
  std::vector<T> list;
  for (const std::string& text : texts) {
    T element{};
    if (Problem problem = parse(text, &element)) return problem;
    if (std::find(list.begin(), list.end(), element) == list.end()) list.push_back(element);
  }
  *out = std::move(list);
  return std::nullopt;
}

// A list of words.
template <typename Member, Problem (*kParse)(std::string_view, std::string*)>
constexpr Handler Words() {
  return {
      [](Texts texts, Config* config) { return ApplyList(texts, kParse, &Member::Of(*config)); },
      [](const Config& config) {
        std::string text;
        for (const std::string& word : Member::Of(config)) {
          text.append(text.empty() ? "" : ",").append(word);
        }
        return text;
      },
      IsSame<Member>, TakeOver<Member>};
}

inline constexpr Handler kListen = {
    [](Texts texts, Config* config) -> Problem {
      const auto parse = [](std::string_view text, Endpoint* out) {
        return ParseListenEndpoint(text, kTlsScheme, out);
      };
      return ApplyList(texts, parse, &config->listen);
    },
    [](const Config& config) {
      std::string text;
      for (const Endpoint& endpoint : config.listen) {
        text.append(text.empty() ? "" : ",").append(endpoint.ToString());
      }
      return text;
    },
    IsSame<At<&Config::listen>>, TakeOver<At<&Config::listen>>};

inline constexpr Handler kHttp = {
    [](Texts texts, Config* config) -> Problem {
      if (resp::EqualsIgnoreCase(texts[0], "off")) {
        config->http.listen.reset();
        return std::nullopt;
      }
      Endpoint endpoint;
      if (Problem problem = ParseListenEndpoint(texts[0], kHttpsScheme, &endpoint))
        return *problem + ", or off";
      config->http.listen = endpoint;
      return std::nullopt;
    },
    [](const Config& config) {
      return config.http.listen ? config.http.listen->ToString() : std::string("off");
    },
    IsSame<At<&Config::http, &HttpOptions::listen>>,
    TakeOver<At<&Config::http, &HttpOptions::listen>>};

inline constexpr Handler kMetricsAddress = {
    [](Texts texts, Config* config) -> Problem {
      config->http.metrics.reset();
      if (resp::EqualsIgnoreCase(texts[0], "http")) return std::nullopt;
      Endpoint endpoint;
      if (Problem problem = ParseListenEndpoint(texts[0], kHttpsScheme, &endpoint)) {
        return *problem + ", or http for the address of --http";
      }
      config->http.metrics = endpoint;
      return std::nullopt;
    },
    [](const Config& config) {
      return config.http.metrics ? config.http.metrics->ToString() : std::string("http");
    },
    IsSame<At<&Config::http, &HttpOptions::metrics>>,
    TakeOver<At<&Config::http, &HttpOptions::metrics>>};

// What --upstream says for the embedded store; a Redis on a host of that name is redis://embedded.
inline constexpr std::string_view kEmbedded = "embedded";

// Another address, user, password or database of one Redis is live; what it is is not.
inline std::string_view UpstreamObstacle(const Config& from, const Config& to) {
  if (from.upstream.has_value() != to.upstream.has_value()) {
    return "it is about the embedded store";
  }
  if (!from.upstream.has_value()) return "";
  if (from.upstream->is_cluster() || to.upstream->is_cluster()) return "it is about a cluster";
  if (from.upstream->sentinels || to.upstream->sentinels) return "it is about Sentinels";
  return from.upstream->endpoint.tls == to.upstream->endpoint.tls ? "" : "TLS begins or ends";
}

inline constexpr Handler kUpstream = {
    [](Texts texts, Config* config) -> Problem {
      config->upstream.reset();
      if (texts[0] == kEmbedded) return std::nullopt;
      return ParseUpstream(texts[0], &config->upstream.emplace());
    },
    // Without the password.
    [](const Config& config) {
      return config.upstream ? config.upstream->ToString() : std::string(kEmbedded);
    },
    IsSame<At<&Config::upstream>>, TakeOver<At<&Config::upstream>>, UpstreamObstacle};

// Somewhere to connect to.
inline constexpr Handler kSentinelAddress = {
    [](Texts texts, Config* config) -> Problem {
      Endpoint* const address = &config->clients.sentinel_address;
      if (Problem problem = ParseTcpEndpoint(texts[0], address)) return problem;
      if (address->port != 0) return std::nullopt;
      return "'" + texts[0] + "' is not a valid address: clients cannot connect to port 0";
    },
    [](const Config& config) {
      const Endpoint& address = config.clients.sentinel_address;
      return address.port == 0 ? std::string() : address.ToString();
    },
    IsSame<At<&Config::clients, &ClientOptions::sentinel_address>>,
    TakeOver<At<&Config::clients, &ClientOptions::sentinel_address>>};

inline constexpr Handler kCountCommands = {
    [](Texts texts, Config* config) {
      return ParseOptionalLookups(texts, &config->count_commands);
    },
    [](const Config& config) {
      std::string text;
      for (const resp::CommandId id : config.count_commands) {
        text.append(text.empty() ? "" : ",").append(resp::Spec(id).full_name);
      }
      return text;
    },
    IsSame<At<&Config::count_commands>>, TakeOver<At<&Config::count_commands>>};

// Less than this is not worth the trouble.
inline constexpr uint64_t kSmallestNearCache = 1ULL << 20;

inline constexpr Handler kNearCache = {
    [](Texts texts, Config* config) -> Problem {
      uint64_t bytes = 0;
      if (Problem problem = ParseSize(texts[0], 0, UINT64_MAX, &bytes)) return problem;
      if (bytes != 0 && bytes < kSmallestNearCache) {
        return "'" + texts[0] + "' is too little to be of use; give at least 1mb, or 0 for none";
      }
      config->near.memory = bytes;
      return std::nullopt;
    },
    [](const Config& config) { return ShowSize(config.near.memory); },
    IsSame<At<&Config::near, &NearOptions::memory>>,
    TakeOver<At<&Config::near, &NearOptions::memory>>,
    [](const Config& from, const Config& to) -> std::string_view {
      const bool turns = (from.near.memory == 0) != (to.near.memory == 0);
      return turns ? "the near cache is turned on or off" : "";
    }};

inline constexpr Handler kSnapshotEvery = {
    [](Texts texts, Config* config) { return ParseSaveRules(texts[0], &config->snapshots.every); },
    [](const Config& config) { return ShowSaveRules(config.snapshots.every); },
    IsSame<At<&Config::snapshots, &store::SnapshotOptions::every>>,
    TakeOver<At<&Config::snapshots, &store::SnapshotOptions::every>>};

// The log says warning, so that is a level too.
constexpr Handler LogLevelHandler() {
  Handler handler = Enum<At<&Config::log_level>, kLogLevels>();
  handler.apply = [](Texts texts, Config* config) -> Problem {
    if (!resp::EqualsIgnoreCase(texts[0], "warning"))
      return ParseEnum(texts[0], kLogLevels, &config->log_level);
    config->log_level = LogLevel::kWarn;
    return std::nullopt;
  };
  return handler;
}

inline constexpr Handler kMaxMemory = {
    [](Texts texts, Config* config) { return ParseMemoryLimit(texts[0], &config->max_memory); },
    [](const Config& config) { return ShowMemoryLimit(config.max_memory); },
    IsSame<At<&Config::max_memory>>, TakeOver<At<&Config::max_memory>>};

}  // namespace keyhole::core
