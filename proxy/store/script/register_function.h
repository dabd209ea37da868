// redis.register_function() of libraries. Source: function_lua.c of Redis 7.0.15.
#pragma once

#include "proxy/store/script/lua.h"

namespace keyhole::script {

int RegisterFunction(lua_State* lua);

}  // namespace keyhole::script
