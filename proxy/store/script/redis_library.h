// The table `redis` of scripts. Source: script_lua.c of Redis 7.0.15.
#pragma once

#include "proxy/store/script/lua.h"

namespace keyhole::script {

// In the table of globals on top: `redis` of functions; of scripts, which have more in it, and the
// function that adds to an error where it was.
void AddRedis(lua_State* lua);
void AddRedisForScripts(lua_State* lua);
// Pushes the globals that a library sees while it is loaded: `redis` with register_function().
void PushLoadingGlobals(lua_State* lua);
// That function.
int DescribeError(lua_State* lua);

}  // namespace keyhole::script
