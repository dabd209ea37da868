// WAIT: the store has no replicas, so whoever wants one to have its writes waits in vain.
#include "proxy/store/commands/handlers.h"
#include "proxy/store/commands/replies.h"
#include "proxy/store/commands/timeouts.h"

namespace keyhole::store::handlers {

void WaitForReplicas(Call& call) {
  int64_t wanted = 0;
  UnixMillis deadline = kNever;
  if (!IntegerArgument(call, 1, &wanted) || !MillisTimeoutArgument(call, 2, &deadline)) return;
  if (wanted <= 0 || !call.Wait({}, deadline)) call.reply.Integer(0);
}

}  // namespace keyhole::store::handlers
