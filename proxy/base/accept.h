// The header Accept of HTTP (RFC 9110, 12.5.1): which media types a client takes, each with its
// weight.
//
//     text/plain;q=0.5, application/openmetrics-text;version=1.0.0, */*;q=0.1
//
// Thread: any; pure functions.
#pragma once

#include <string_view>

namespace keyhole::core {

struct MediaType {
  std::string_view name;          // lower case: "text/plain"
  std::string_view version = {};  // a range with another one is not this type; empty: any is
};

// Whether the list names `wanted`, with a weight above 0 and no smaller than that of `otherwise`,
// which is what the client gets else. What a wildcard stands for is not named. A weight that is not
// a number from 0 to 1 is 0.
bool Prefers(std::string_view accept, const MediaType& wanted, const MediaType& otherwise);

}  // namespace keyhole::core
