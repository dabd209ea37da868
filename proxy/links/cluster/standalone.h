// What a node says of itself, as a Redis that stands alone would say it: some clients look there,
// and go past the proxy when they read "cluster".
//
// Thread: any; pure functions.
#pragma once

#include <string>
#include <string_view>

namespace keyhole::core {

// Of the reply to INFO: redis_mode:standalone, cluster_enabled:0.
std::string StandaloneInfo(std::string_view reply);
// Of the reply to HELLO: mode standalone.
std::string StandaloneHello(std::string_view reply);

}  // namespace keyhole::core
