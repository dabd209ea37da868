// What a Sentinel says that watches one master, the proxy, and neither a replica nor another
// Sentinel: for clients that ask Sentinels where to connect, and so are led here. The address never
// changes, whatever the master behind the proxy does, so there is nothing to be told by
// +switch-master.
//
// Source of the names and their order: Redis 7.0.15 as a Sentinel.
// Thread: any; a function of its arguments.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "proxy/base/endpoint.h"
#include "resp/reply_writer.h"

namespace keyhole::core {

struct SentinelMaster {
  std::string_view name;
  Endpoint at;  // port 0: nobody knows
};

// args: SENTINEL and what follows. Writes the reply; or writes nothing and gives the error to
// reply.
std::string SentinelAnswer(std::span<const std::string_view> args, const SentinelMaster& master,
                           resp::ReplyWriter* writer);

}  // namespace keyhole::core
