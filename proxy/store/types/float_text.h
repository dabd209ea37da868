// Floats as text, as the commands of Redis read and write them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace keyhole::store {

// All that strtold reads, but for spaces and NaN. False if it is no such number. Source: redis
// 7.0.15 util.c string2ld.
bool ParseFloat(std::string_view text, long double* value);

// The same of a double: scores, weights. Source: util.c string2d.
bool ParseDouble(std::string_view text, double* value);

// 17 digits after the point, without the zeros at their end.
std::string FormatFloat(long double value);

// Whether a score is shown, and kept in a small sorted set, as an integer: up to 2^62. -0 is.
// Source: util.c double2ll.
bool IsInteger(double value, int64_t* integer);

}  // namespace keyhole::store
