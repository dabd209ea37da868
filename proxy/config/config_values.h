// The values that options take, from their text and back.
//
// The parsers return a problem ("'x' is no size; give ...") or none; `*out` changes only if there
// is none. A problem is one line and never shows a password.
//
// Thread: any; pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/base/text.h"
#include "proxy/config/config.h"

namespace keyhole::core {

using Problem = std::optional<std::string>;

// A whole number between the two, both included.
Problem ParseNumber(std::string_view text, uint64_t min, uint64_t max, uint64_t* out);

// on, true, yes, 1 or off, false, no, 0.
Problem ParseSwitch(std::string_view text, bool* out);

// Bytes: "100", "64kb", "256mb", "1gb" (1024 each); as in Redis "k", "m", "g" are 1000 each.
Problem ParseSize(std::string_view text, uint64_t min, uint64_t max, uint64_t* out);
std::string ShowSize(uint64_t bytes);

// A size, or "75%": 1% to 100%.
Problem ParseMemoryLimit(std::string_view text, MemoryLimit* out);
std::string ShowMemoryLimit(const MemoryLimit& limit);

// s3-fifo, lru, noeviction.
Problem ParseEviction(std::string_view text, store::Eviction* out);
std::string_view ShowEviction(store::Eviction eviction);

// "500ms", "10s", "5m", "1h"; plain digits are seconds. At most a year.
Problem ParseDuration(std::string_view text, Config::Millis min, Config::Millis* out);
std::string ShowDuration(Config::Millis duration);

// "host:port", "[v6]:port".
Problem ParseTcpEndpoint(std::string_view text, Endpoint* out);
// The same or "unix:/path".
Problem ParseEndpoint(std::string_view text, Endpoint* out);

// The same for what is listened on: a unix socket may have "?mode=0660&user=redis&group=www-data",
// any of them.
Problem ParseListenEndpoint(std::string_view text, Endpoint* out);

// "cache.example.org" or "*.example.org", as they stand in Host; small letters.
Problem ParseHttpHost(std::string_view text, std::string* out);
// "https://app.example.org:8443", as browsers write it in Origin; small letters.
Problem ParseHttpOrigin(std::string_view text, std::string* out);
// auto, on, off.
Problem ParseHttpItems(std::string_view text, HttpItems* out);
std::string_view ShowHttpItems(HttpItems items);

// redis://[[user]:password@]host[:port][/db]     port 6379 and database 0 if not given
// host[:port], [v6][:port]                       the same
// unix://[[user]:password@]/path[?db=N]          or unix:/path[?db=N]
// User, password, host and path are percent-decoded.
Problem ParseUpstream(std::string_view text, Upstream* out);

Problem ParseLogLevel(std::string_view text, LogLevel* out);
std::string_view ShowLogLevel(LogLevel level);

Problem ParseKeyLabels(std::string_view text, metrics::KeyLabels* out);
std::string_view ShowKeyLabels(metrics::KeyLabels labels);

Problem ParseNearConsistency(std::string_view text, NearConsistency* out);
std::string_view ShowNearConsistency(NearConsistency consistency);
// Anything: empty ones have been refused before.
Problem ParseKeyPrefix(std::string_view text, std::string* out);
Problem ParseKeyPattern(std::string_view text, std::string* out);

// The names of lookups that the table does not count by default, each once; "all" is all of them.
Problem ParseOptionalLookups(std::span<const std::string> texts, std::vector<resp::CommandId>* out);

}  // namespace keyhole::core
