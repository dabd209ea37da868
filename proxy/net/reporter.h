// How HTTP clients ask for reports.
#pragma once

#include <functional>
#include <string>

#include "proxy/http/http_exchange.h"

namespace keyhole::net {

// Makes a report away from the worker's thread and calls back on that thread.
using Reporter = std::function<void(core::HttpReport, std::function<void(std::string)>)>;

}  // namespace keyhole::net
