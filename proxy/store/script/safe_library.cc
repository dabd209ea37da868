// Functions of Lua's libraries that a script may not have as they are: those that would see or
// change what is protected, and those in which Lua 5.1.5 has faults.
#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <string>

#include "proxy/store/script/sandbox.h"

namespace keyhole::script {

namespace {

constexpr int kOriginal = lua_upvalueindex(1);

// What is protected is read as what it holds, which does not get out.
void Uncover(lua_State* lua) {
  luaL_checktype(lua, 1, LUA_TTABLE);
  if (PushProtected(lua, 1)) lua_replace(lua, 1);
}

int CallOriginal(lua_State* lua) {
  return lua_tocfunction(lua, kOriginal)(lua);
}

int Reading(lua_State* lua) {
  Uncover(lua);
  return CallOriginal(lua);
}

int Changing(lua_State* lua) {
  if (lua_istable(lua, 1) && PushProtected(lua, 1)) return RaiseReadOnly(lua);
  return CallOriginal(lua);
}

int Next(lua_State* lua) {
  Uncover(lua);
  lua_settop(lua, 2);
  if (lua_next(lua, 1) != 0) return 2;
  lua_pushnil(lua);
  return 1;
}

int Pairs(lua_State* lua) {
  luaL_checktype(lua, 1, LUA_TTABLE);
  lua_pushcfunction(lua, Next);
  lua_pushvalue(lua, 1);
  lua_pushnil(lua);
  return 3;
}

// A protected table shows none of its own; but for what stands there to be shown.
int GetMetatable(lua_State* lua) {
  luaL_checkany(lua, 1);
  if (lua_getmetatable(lua, 1) == 0) {
    lua_pushnil(lua);
    return 1;
  }
  lua_pushliteral(lua, "__metatable");
  lua_rawget(lua, -2);
  if (!lua_isnil(lua, -1)) return 1;
  lua_pop(lua, 1);
  if (!PushProtected(lua, 1)) return 1;
  lua_pushnil(lua);
  return 1;
}

// Redis' pcall gives the text of errors that are tables.
int ProtectedCall(lua_State* lua) {
  if (lua_gettop(lua) == 0) lua_pushboolean(lua, 1);  // which Redis then says cannot be called
  const int status = lua_pcall(lua, lua_gettop(lua) - 1, LUA_MULTRET, 0);
  if (status == LUA_ERRMEM) lua_gc(lua, LUA_GCCOLLECT, 0);  // Lua 5.1 does not do that by itself
  if (status != 0 && lua_istable(lua, -1)) {
    lua_pushliteral(lua, "err");
    lua_rawget(lua, -2);
    if (lua_isstring(lua, -1) != 0) {
      lua_replace(lua, -2);
    } else {
      lua_pop(lua, 1);
    }
  }
  luaL_checkstack(lua, 1, "pcall");
  lua_pushboolean(lua, status == 0 ? 1 : 0);
  lua_insert(lua, 1);
  return lua_gettop(lua);
}

// CVE-2025-46817: `e - i + 1` of 5.1.5 overflows.
int Unpack(lua_State* lua) {
  Uncover(lua);
  const int first = luaL_optint(lua, 2, 1);
  const int last =
      lua_isnoneornil(lua, 3) ? static_cast<int>(lua_objlen(lua, 1)) : luaL_checkint(lua, 3);
  if (first > last) return 0;
  const int64_t count = int64_t{last} - first + 1;
  constexpr int64_t kMost = 1 << 20;
  if (count > kMost || lua_checkstack(lua, static_cast<int>(count)) == 0) {
    return luaL_error(lua, "too many results to unpack");
  }
  for (int64_t i = first; i <= last; ++i) lua_rawgeti(lua, 1, static_cast<int>(i));
  return static_cast<int>(count);
}

// nil and the error, if there is one.
int Loaded(lua_State* lua, int status) {
  if (status == 0) return 1;
  lua_pushnil(lua);
  lua_insert(lua, -2);
  return 2;
}

// CVE-2015-4335: compiled code is not checked by Lua.
int LoadString(lua_State* lua) {
  size_t size = 0;
  const char* const text = luaL_checklstring(lua, 1, &size);
  const char* const name = luaL_optstring(lua, 2, text);
  return Loaded(lua, LoadText(lua, text, size, name));
}

// CVE-2025-49844: the parser of 5.1.5 does not hold on to the name of what it reads while it waits
// for more of it. So all is fetched before it begins.
int Load(lua_State* lua) {
  luaL_checktype(lua, 1, LUA_TFUNCTION);
  const std::string name = luaL_optstring(lua, 2, "=(load)");
  std::string text;
  for (;;) {
    lua_pushvalue(lua, 1);
    if (lua_pcall(lua, 0, 1, 0) != 0) return Loaded(lua, 1);
    if (lua_isnil(lua, -1)) break;
    size_t size = 0;
    const char* const piece = lua_tolstring(lua, -1, &size);
    if (piece == nullptr) return luaL_error(lua, "reader function must return a string");
    if (size == 0) break;
    constexpr size_t kMost = size_t{64} << 20;
    if (text.size() + size > kMost) {
      lua_pushliteral(lua, "not enough memory");
      return Loaded(lua, LUA_ERRMEM);
    }
    text.append(piece, size);
    lua_pop(lua, 1);
  }
  return Loaded(lua, LoadText(lua, text.data(), text.size(), name.c_str()));
}

// The collector runs when it has to, whatever a script thinks of it: it is everybody's.
int CollectGarbage(lua_State* lua) {
  static const char* const options[] = {"collect", "count",    "step",       "stop",
                                        "restart", "setpause", "setstepmul", nullptr};
  switch (luaL_checkoption(lua, 1, "collect", options)) {
    case 0:
      lua_pushinteger(lua, lua_gc(lua, LUA_GCCOLLECT, 0));
      return 1;
    case 1: {
      const lua_Number bytes = lua_gc(lua, LUA_GCCOUNTB, 0);
      lua_pushnumber(lua, lua_gc(lua, LUA_GCCOUNT, 0) + bytes / 1024);
      return 1;
    }
    case 2:
      lua_pushboolean(lua, lua_gc(lua, LUA_GCSTEP, std::clamp(luaL_optint(lua, 2, 0), 0, 1000)));
      return 1;
    default:
      lua_pushinteger(lua, 0);
      return 1;
  }
}

// Lua matches patterns by recursion, as deep as they are long.
int Matching(lua_State* lua) {
  constexpr size_t kLongest = 8192;
  if (lua_type(lua, 2) == LUA_TSTRING && lua_objlen(lua, 2) > kLongest &&
      lua_toboolean(lua, 4) == 0) {
    return luaL_error(lua, "pattern too complex");
  }
  return CallOriginal(lua);
}

// That of 5.1.5 counts to any number, even for nothing.
int Repeat(lua_State* lua) {
  size_t size = 0;
  luaL_checklstring(lua, 1, &size);
  if (size == 0) {
    luaL_checknumber(lua, 2);
    lua_settop(lua, 1);
    return 1;
  }
  constexpr double kMost = 1 << 28;
  if (luaL_checknumber(lua, 2) * static_cast<double>(size) > kMost) {
    return luaL_error(lua, "not enough memory");
  }
  return CallOriginal(lua);
}

// CVE-2024-31449: -n of the smallest number is that number.
int ToHex(lua_State* lua) {
  if (!lua_isnoneornil(lua, 2)) {
    lua_pushnumber(lua, std::clamp<lua_Number>(luaL_checknumber(lua, 2), -8, 8));
    lua_replace(lua, 2);
  }
  return CallOriginal(lua);
}

// How many bytes cjson may write for the value at the index, which is on top; at most `left`.
double JsonSize(lua_State* lua, int depth, double left) {
  constexpr int kDeepest = 4000;
  constexpr double kNumber = 64;
  if (lua_type(lua, -1) == LUA_TSTRING) return 6 * static_cast<double>(lua_objlen(lua, -1)) + 3;
  if (!lua_istable(lua, -1) || depth > kDeepest || lua_checkstack(lua, 3) == 0) return kNumber;
  double size = kNumber;
  lua_pushnil(lua);
  while (lua_next(lua, -2) != 0) {
    size += JsonSize(lua, depth + 1, left - size) + kNumber;
    if (lua_type(lua, -2) == LUA_TSTRING) size += 6 * static_cast<double>(lua_objlen(lua, -2));
    if (size > left) {
      lua_pop(lua, 2);
      return size;
    }
    lua_pop(lua, 1);
  }
  return size;
}

// CVE-2022-24834: cjson counts its bytes by an int. Its function finds what it has been configured
// with as its first upvalue, and so does this one, which calls it as if it were that.
int EncodeJson(lua_State* lua) {
  constexpr double kMost = 1 << 30;
  if (lua_gettop(lua) == 1 && JsonSize(lua, 0, kMost) > kMost) {
    return luaL_error(lua, "not enough memory");
  }
  return lua_tocfunction(lua, lua_upvalueindex(2))(lua);
}

// Of the library on top.
void WrapEncode(lua_State* lua) {
  lua_getfield(lua, -1, "encode");
  if (lua_getupvalue(lua, -1, 1) == nullptr) lua_pushnil(lua);
  lua_insert(lua, -2);
  lua_pushcclosure(lua, EncodeJson, 2);
  lua_setfield(lua, -2, "encode");
}

// In the table on top.
void Wrap(lua_State* lua, const char* name, lua_CFunction wrapper) {
  lua_getfield(lua, -1, name);
  lua_pushcclosure(lua, wrapper, 1);
  lua_setfield(lua, -2, name);
}

int NewJson(lua_State* lua) {
  lua_pushvalue(lua, kOriginal);
  lua_call(lua, 0, 1);
  WrapEncode(lua);
  return 1;
}

// The state of math.random(), which is that of lrand48(). It begins anew with the interpreter.
drand48_data* RandomState(lua_State* lua) {
  return static_cast<drand48_data*>(lua_touserdata(lua, lua_upvalueindex(1)));
}

int Random(lua_State* lua) {
  constexpr long kRange = std::numeric_limits<int32_t>::max();
  long drawn = 0;
  lrand48_r(RandomState(lua), &drawn);
  const lua_Number share =
      static_cast<lua_Number>(drawn % kRange) / static_cast<lua_Number>(kRange);
  const auto between = [&](int low, int high) {
    lua_pushnumber(lua, std::floor(share * (static_cast<lua_Number>(high) - low + 1)) + low);
    return 1;
  };
  switch (lua_gettop(lua)) {
    case 0:
      lua_pushnumber(lua, share);
      return 1;
    case 1: {
      const int high = luaL_checkint(lua, 1);
      luaL_argcheck(lua, 1 <= high, 1, "interval is empty");
      return between(1, high);
    }
    case 2: {
      const int low = luaL_checkint(lua, 1);
      const int high = luaL_checkint(lua, 2);
      luaL_argcheck(lua, low <= high, 2, "interval is empty");
      return between(low, high);
    }
    default:
      return luaL_error(lua, "wrong number of arguments");
  }
}

int SeedRandom(lua_State* lua) {
  srand48_r(luaL_checkint(lua, 1), RandomState(lua));
  return 0;
}

void SetRandom(lua_State* lua) {
  srand48_r(0, static_cast<drand48_data*>(lua_newuserdata(lua, sizeof(drand48_data))));
  lua_pushvalue(lua, -1);
  lua_pushcclosure(lua, Random, 1);
  lua_setfield(lua, -3, "random");
  lua_pushcclosure(lua, SeedRandom, 1);
  lua_setfield(lua, -2, "randomseed");
}

// Calls f with the library on top of the stack.
template <typename F>
void In(lua_State* lua, const char* library, F&& f) {
  lua_getfield(lua, -1, library);
  f();
  lua_pop(lua, 1);
}

}  // namespace

void MakeSafe(lua_State* lua) {
  SetFunctions(lua, {{"next", Next},
                     {"pairs", Pairs},
                     {"getmetatable", GetMetatable},
                     {"pcall", ProtectedCall},
                     {"unpack", Unpack},
                     {"load", Load},
                     {"loadstring", LoadString},
                     {"collectgarbage", CollectGarbage}});
  Wrap(lua, "rawget", Reading);
  for (const char* const name : {"rawset", "setmetatable"}) Wrap(lua, name, Changing);
  // What is protected has no numbered elements, so that there is nothing to remove or to sort.
  In(lua, "table", [lua] {
    constexpr const char* kSort = "sort";  // layering: not a command
    for (const char* const name :
         {"concat", "foreach", "foreachi", "getn", "maxn", "remove", kSort}) {
      Wrap(lua, name, Reading);
    }
    for (const char* const name : {"insert", "setn"}) Wrap(lua, name, Changing);
  });
  In(lua, "string", [lua] {
    for (const char* const name : {"find", "match", "gmatch", "gfind", "gsub"}) {
      Wrap(lua, name, Matching);
    }
    Wrap(lua, "rep", Repeat);
  });
  In(lua, "math", [lua] { SetRandom(lua); });
  In(lua, "bit", [lua] { Wrap(lua, "tohex", ToHex); });
  In(lua, "cjson", [lua] {
    WrapEncode(lua);
    Wrap(lua, "new", NewJson);
  });
}

}  // namespace keyhole::script
