#include "proxy/sessions/session_context.h"

#include <string>

namespace keyhole::core {

void SessionContext::OnUnfinished(std::string_view address) {
  metrics.counters.clients_unfinished.Add();
  if (now < next_unfinished_line_) return;
  next_unfinished_line_ = now + std::chrono::seconds(1);
  log(LogLevel::kWarn,
      {"client " + std::string(address) +
           " left, and the upstream was not there in time (--upstream-wait) for all it had sent; "
           "keyhole_clients_unfinished_total counts such clients",
       {{kLogClient, address}}});
}

}  // namespace keyhole::core
