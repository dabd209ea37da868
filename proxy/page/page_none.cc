// A library without HTTP has no page.
#include "proxy/page/page.h"

namespace keyhole::page {

std::string_view Html() {
  return {};
}

std::string_view Policy() {
  return {};
}

}  // namespace keyhole::page
