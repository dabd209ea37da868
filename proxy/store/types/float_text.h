// Floats as text, as INCRBYFLOAT and HINCRBYFLOAT read and write them.
#pragma once

#include <string>
#include <string_view>

namespace keyhole::store {

// All that strtold reads, but for spaces and NaN. False if it is no such number. Source: redis
// 7.0.15 util.c string2ld.
bool ParseFloat(std::string_view text, long double* value);

// 17 digits after the point, without the zeros at their end.
std::string FormatFloat(long double value);

}  // namespace keyhole::store
