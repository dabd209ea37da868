// FUNCTION: there are no functions, so that there are none to be deleted either.
#include "proxy/store/commands/handlers.h"
#include "proxy/store/commands/replies.h"

namespace keyhole::store::handlers {

void FunctionFlush(Call& call) {
  if (call.args.size() > 3) return WrongSubcommand(call, "FUNCTION");
  if (call.args.size() == 3 && !call.Is(2, "SYNC") && !call.Is(2, "ASYNC")) {
    return call.reply.Error("ERR FUNCTION FLUSH only supports SYNC|ASYNC option");
  }
  call.reply.Ok();
}

}  // namespace keyhole::store::handlers
