// Commands of a program in this process, without words and without a reply.
#pragma once

#include "proxy/store/client.h"
#include "proxy/store/engine.h"
#include "resp/direct_command.h"

namespace keyhole::store {

// Store::Direct(), under the locks. False: nothing has been done.
bool RunDirect(Engine& engine, Client& client, resp::DirectCommand* command);

}  // namespace keyhole::store
