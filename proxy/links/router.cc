#include "proxy/links/router.h"

namespace keyhole::core {

// Most routers refuse nothing.
const std::string& Router::refusal() const {
  static const std::string none;
  return none;
}

}  // namespace keyhole::core
