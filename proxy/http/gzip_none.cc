// A library without HTTP needs no zlib: nothing is asked for in gzip.
#include "proxy/http/gzip.h"

namespace keyhole::core {

bool AcceptsGzip(std::string_view) {
  return false;
}

std::string Gzip(std::string_view bytes) {
  return std::string(bytes);
}

}  // namespace keyhole::core
