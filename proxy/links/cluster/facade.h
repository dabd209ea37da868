// What a cluster of one node says of itself, the node being the proxy: for clients that speak the
// cluster's protocol, and so send everything here (--cluster-facade cluster). Nobody is told of the
// nodes behind it.
//
// Source of the forms: Redis 7.0.15. Thread: any; a pure function.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "proxy/base/endpoint.h"
#include "resp/command_table.h"
#include "resp/wire.h"

namespace keyhole::core {

struct Facade {
  Endpoint at;         // where the client has reached us; port 0: nobody knows
  size_t covered = 0;  // slots that somebody serves
};

// The reply to one of the rows with the treatment Disabled().
std::string FacadeReply(const resp::CommandSpec& spec, std::span<const std::string_view> args,
                        const Facade& facade, resp::Protocol protocol);

}  // namespace keyhole::core
