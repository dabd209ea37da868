// What a person can set of HTTP.
//
// Thread: any; a plain value.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "proxy/base/endpoint.h"

namespace keyhole::core {

// Whether the item calls are served. kAuto: see http_gate.h.
enum class HttpItems : uint8_t { kAuto, kOn, kOff };

struct HttpOptions {
  std::optional<Endpoint> listen = Endpoint::Tcp("127.0.0.1", 9000);  // none: off
  std::optional<Endpoint> metrics;   // /metrics and health alone; none: they are on `listen`
  std::vector<std::string> hosts;    // names in Host that are answered; "*.name" too
  std::vector<std::string> origins;  // of pages that may call: "https://app.example.org"
  HttpItems items = HttpItems::kAuto;
  uint64_t body_limit = 8ULL << 20;                  // bytes; 1 .. 512 MiB
  std::chrono::milliseconds idle_timeout{60000};     // 0: never
  std::chrono::milliseconds request_timeout{60000};  // from its first byte to its last; 0: none
  bool metrics_open = false;                         // true: /metrics asks for no password

  bool operator==(const HttpOptions&) const = default;
};

}  // namespace keyhole::core
