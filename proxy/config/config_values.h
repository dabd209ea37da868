// The values that options take, from their text and back.
//
// The parsers return a problem ("'x' is not a valid size; give ...") or none; `*out` changes only
// if there is none. A problem is one line and never shows a password.
//
// Thread: any; pure functions.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "metrics/key_options.h"
#include "proxy/base/log.h"
#include "proxy/base/machine_memory.h"
#include "proxy/base/text.h"
#include "proxy/http/options.h"
#include "proxy/links/upstream/options.h"
#include "proxy/store/options.h"
#include "resp/command_table.h"

namespace keyhole::core {

using Problem = std::optional<std::string>;

// Which of these words it is, by its place in them; capitals are small letters.
Problem ParseWord(std::string_view text, std::span<const std::string_view> words, size_t* out);

// The words of an enum's values are in the order of the values.
template <typename Enum>
Problem ParseEnum(std::string_view text, std::span<const std::string_view> words, Enum* out) {
  size_t place = 0;
  Problem problem = ParseWord(text, words, &place);
  if (!problem) *out = static_cast<Enum>(place);
  return problem;
}
inline constexpr std::string_view kLogLevels[] = {
    "trace", "debug", "info", "warn", "error", "critical", "off"};  // layering: not a command
inline constexpr std::string_view kLogFormats[] = {"text", "json"};
inline constexpr std::string_view kEvictions[] = {"s3-fifo", "lru", "noeviction"};
inline constexpr std::string_view kKeyLabels[] = {"on", "off", "hash"};
inline constexpr std::string_view kConsistencies[] = {"causal", "eventual"};
// What addresses begin with where TLS is spoken, or a header of the PROXY protocol comes first.
inline constexpr std::string_view kTlsScheme = "tls://";
inline constexpr std::string_view kHttpsScheme = "https://";
inline constexpr std::string_view kProxyScheme = "proxy://";
inline constexpr std::string_view kProxyTlsScheme = "proxy+tls://";
inline constexpr std::string_view kClientCertificates[] = {"optional", "required"};
inline constexpr std::string_view kClientNames[] = {"own", "forward"};
inline constexpr std::string_view kReplicaReads[] = {"off", "prefer", "only"};
inline constexpr std::string_view kClusterFacades[] = {"redis",
                                                       "cluster"};  // layering: not a command
inline constexpr std::string_view kHttpItems[] = {"auto", "on", "off"};

// A whole number between the two, both included.
Problem ParseNumber(std::string_view text, uint64_t min, uint64_t max, uint64_t* out);

// A share of all: 0, 0.001, 1.
Problem ParseShare(std::string_view text, double* out);
std::string ShowShare(double share);

// on, true, yes, 1 or off, false, no, 0.
Problem ParseSwitch(std::string_view text, bool* out);

// Bytes: "100", "64kb", "256mb", "1gb" (1024 each); as in Redis "k", "m", "g" are 1000 each.
Problem ParseSize(std::string_view text, uint64_t min, uint64_t max, uint64_t* out);
std::string ShowSize(uint64_t bytes);

// A size, or "75%": 1% to 100%.
Problem ParseMemoryLimit(std::string_view text, MemoryLimit* out);
std::string ShowMemoryLimit(const MemoryLimit& limit);

// "500ms", "10s", "5m", "1h"; plain digits are seconds. At most a year.
Problem ParseDuration(std::string_view text, std::chrono::milliseconds min,
                      std::chrono::milliseconds* out);
std::string ShowDuration(std::chrono::milliseconds duration);

// "15m", "900 1 60 1000" (seconds and keys changed, in turn), "off".
Problem ParseSaveRules(std::string_view text, std::vector<store::SaveRule>* out);
std::string ShowSaveRules(const std::vector<store::SaveRule>& rules);

// "host:port", "[v6]:port".
Problem ParseTcpEndpoint(std::string_view text, Endpoint* out);
// The same or "unix:/path".
Problem ParseEndpoint(std::string_view text, Endpoint* out);

// The same for what is listened on: a unix socket may have "?mode=0660&user=redis&group=www-data",
// any of them, and "host:port" with TLS stands behind the scheme: "tls://", "https://".
Problem ParseListenEndpoint(std::string_view text, std::string_view tls_scheme, Endpoint* out);

// "cache.example.org" or "*.example.org", as they stand in Host; small letters.
Problem ParseHttpHost(std::string_view text, std::string* out);
// "https://app.example.org:8443", as browsers write it in Origin; small letters.
Problem ParseHttpOrigin(std::string_view text, std::string* out);

// redis://[[user]:password@]host[:port][/db]     port 6379 and database 0 if not given
// any of them with TCP and ?proxy=v2 behind it: it is sent a header of the PROXY protocol
// rediss://...                                   the same with TLS
// host[:port], [v6][:port]                       without
// unix://[[user]:password@]/path[?db=N]          or unix:/path[?db=N]
// redis+sentinel://[[user]:password@]host[:port][,host[:port]...]/NAME[/db], rediss+sentinel:// too
// redis+cluster://[[user]:password@]host[:port][,host[:port]...], rediss+cluster:// too
// any of them but unix: with ?tls behind it: the same as with rediss
// User, password, host and path are percent-decoded.
Problem ParseUpstream(std::string_view text, Upstream* out);
// What follows "redis://"; out->endpoint.port, if it is not 0, is that of hosts without one.
Problem ParseRedisUrl(std::string_view rest, Upstream* out);
// What follows "redis+sentinel://".
Problem ParseSentinels(std::string_view rest, Upstream* out);

// Anything: empty ones have been refused before. Networks are read where they are used.
Problem ParseNetwork(std::string_view text, std::string* out);
Problem ParseKeyPrefix(std::string_view text, std::string* out);
Problem ParseKeyPattern(std::string_view text, std::string* out);

// The names of lookups that the table does not count by default, each once; "all" is all of them.
Problem ParseOptionalLookups(std::span<const std::string> texts, std::vector<resp::CommandId>* out);

}  // namespace keyhole::core
