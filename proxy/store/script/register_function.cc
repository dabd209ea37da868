#include "proxy/store/script/register_function.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/store/script/shebang.h"
#include "proxy/store/script/state.h"
#include "proxy/store/script/values.h"
#include "resp/command_table.h"

namespace keyhole::script {

namespace {

void Raise(lua_State* lua, std::string_view text) {
  PushError(lua, std::string("ERR ").append(text));
  lua_error(lua);
}

std::string TextAt(lua_State* lua, int index) {
  size_t size = 0;
  const char* const text = lua_tolstring(lua, index, &size);
  return {text, size};
}

// Of the list on top.
uint32_t ReadFlags(lua_State* lua) {
  uint32_t flags = 0;
  for (int i = 1;; ++i) {
    lua_rawgeti(lua, -1, i);
    if (lua_isnil(lua, -1)) break;
    const uint32_t flag =
        lua_isstring(lua, -1) != 0 ? FlagNamed(lua_tostring(lua, -1)) : uint32_t{0};
    if (flag == 0) Raise(lua, "unknown flag given");
    flags |= flag;
    lua_pop(lua, 1);
  }
  lua_pop(lua, 1);
  return flags;
}

// redis.register_function(name, callback). The callback stays on top.
Registered ReadPositions(lua_State* lua) {
  if (lua_isstring(lua, 1) == 0) {
    Raise(lua, "first argument to redis.register_function must be a string");
  }
  if (!lua_isfunction(lua, 2)) {
    Raise(lua, "second argument to redis.register_function must be a function");
  }
  Registered function;
  function.name = TextAt(lua, 1);
  return function;
}

// Key and value are on top.
void ReadNamed(lua_State* lua, int callback, Registered* function) {
  if (lua_isstring(lua, -2) == 0) {
    Raise(lua, "named argument key given to redis.register_function is not a string");
  }
  // To read a number as a text would change it, and lua_next() needs it as it is.
  const std::string key = lua_type(lua, -2) == LUA_TSTRING ? TextAt(lua, -2) : std::string();
  const auto is = [&](std::string_view word) { return resp::EqualsIgnoreCase(key, word); };
  if (is("function_name")) {
    if (lua_isstring(lua, -1) == 0) {
      Raise(lua, "function_name argument given to redis.register_function must be a string");
    }
    function->name = TextAt(lua, -1);
  } else if (is("description")) {
    if (lua_isstring(lua, -1) == 0) {
      Raise(lua, "description argument given to redis.register_function must be a string");
    }
    function->description = TextAt(lua, -1);
  } else if (is("callback")) {
    if (!lua_isfunction(lua, -1)) {
      Raise(lua, "callback argument given to redis.register_function must be a function");
    }
    lua_pushvalue(lua, -1);
    lua_replace(lua, callback);
  } else if (is("flags")) {
    if (!lua_istable(lua, -1)) {
      Raise(lua,
            "flags argument to redis.register_function must be a table representing function "
            "flags");
    }
    function->flags = ReadFlags(lua);
  } else {
    Raise(lua, "unknown argument given to redis.register_function");
  }
}

// redis.register_function{function_name = , callback = , ...}. The callback stays on top.
Registered ReadNames(lua_State* lua) {
  if (!lua_istable(lua, 1)) {
    Raise(lua,
          "calling redis.register_function with a single argument is only applicable to Lua table "
          "(representing named arguments).");
  }
  Registered function;
  lua_pushnil(lua);  // the place of the callback
  const int callback = lua_gettop(lua);
  lua_pushnil(lua);
  while (lua_next(lua, 1) != 0) {
    ReadNamed(lua, callback, &function);
    lua_pop(lua, 1);
  }
  RawField(lua, 1, "function_name");
  if (lua_isnil(lua, -1) && function.name.empty()) {
    Raise(lua, "redis.register_function must get a function name argument");
  }
  lua_pop(lua, 1);
  if (lua_isnil(lua, callback)) {
    Raise(lua, "redis.register_function must get a callback argument");
  }
  return function;
}

}  // namespace

int RegisterFunction(lua_State* lua) {
  std::vector<Registered>* const registered = State::Of(lua).registered;
  if (registered == nullptr) {
    Raise(lua, "redis.register_function can only be called on FUNCTION LOAD command");
  }
  const int count = lua_gettop(lua);
  if (count < 1 || count > 2) {
    Raise(lua, "wrong number of arguments to redis.register_function");
  }
  Registered function = count == 1 ? ReadNames(lua) : ReadPositions(lua);
  if (!IsFunctionName(function.name)) Raise(lua, kBadFunctionName);
  if (std::any_of(registered->begin(), registered->end(),
                  [&](const Registered& known) { return known.name == function.name; })) {
    Raise(lua, "Function already exists in the library");
  }
  function.callback = luaL_ref(lua, LUA_REGISTRYINDEX);
  registered->push_back(std::move(function));
  return 0;
}

}  // namespace keyhole::script
