// Bodies in gzip (RFC 1952), for clients that accept it. gzip.cc is the one file that knows zlib.
//
// Thread: any; pure functions.
#pragma once

#include <string>
#include <string_view>

namespace keyhole::core {

// Whether the header Accept-Encoding (RFC 9110, 12.5.3) takes gzip, by name or by "*".
bool AcceptsGzip(std::string_view accept_encoding);

// Fast rather than small: some 10 ms for a MB.
std::string Gzip(std::string_view bytes);

}  // namespace keyhole::core
