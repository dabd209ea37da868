// A library without HTTP: nobody asks for a report, and so for none in gzip, and neither zlib nor
// Boost.JSON is needed.
#include "proxy/http/gzip.h"
#include "proxy/http/http_item.h"

namespace keyhole::core {

bool AcceptsGzip(std::string_view) {
  return false;
}

std::string Gzip(std::string_view bytes) {
  return std::string(bytes);
}

std::string JsonString(std::string_view) {
  return "\"\"";
}

}  // namespace keyhole::core
