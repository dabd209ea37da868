// Lua 5.1 of Debian, in the build for C++: its errors are exceptions, so what stands on the stack
// of a function that Lua calls is destroyed. Nothing but Lua itself may catch them.
#pragma once

#include <lua.hpp>  // IWYU pragma: export
