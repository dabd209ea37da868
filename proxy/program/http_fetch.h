// A blocking GET or POST, for `keyhole top`: one request, one connection, both with a limit of
// time.
//
// Thread: any; it waits. Bounded by 64 MiB.
#pragma once

#include <string>

#include "proxy/top/top.h"

namespace keyhole::program {

top::Answer HttpFetch(const top::Options& where, const std::string& path);

}  // namespace keyhole::program
