// OpenMetrics 1.0.0 (https://openmetrics.io), the text format: what Prometheus asks for first.
//
// Thread: any; pure functions. Cost: some 100 ns per line.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "metrics/families.h"

namespace keyhole::metrics {

inline constexpr std::string_view kOpenMetricsContentType =
    "application/openmetrics-text; version=1.0.0; charset=utf-8";

// All families, each counter and histogram with its _created, and "# EOF".
std::string RenderOpenMetrics(std::span<const Family> families);

// Whether the header Accept wants this format: lists it, in version 1.0.0 or none, and with no
// smaller weight than text/plain.
bool AcceptsOpenMetrics(std::string_view accept);

}  // namespace keyhole::metrics
