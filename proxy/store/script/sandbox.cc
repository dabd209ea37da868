#include "proxy/store/script/sandbox.h"

extern "C" {  // their headers do not say so
#include <lua-bitop.h>
#include <lua-cjson.h>
}

#include <string>
#include <string_view>

namespace keyhole::script {

const char kProtectedMark = 0;

namespace {

int RaiseReadOnlyHere(lua_State* lua) {
  return luaL_error(lua, "Attempt to modify a readonly table");
}

void Open(lua_State* lua, const char* name, lua_CFunction open) {
  lua_pushcfunction(lua, open);
  lua_pushstring(lua, name);
  lua_call(lua, 1, 0);
}

// These return their table, and are not all content to set it themselves.
void OpenAs(lua_State* lua, const char* name, lua_CFunction open) {
  lua_pushcfunction(lua, open);
  lua_pushstring(lua, name);
  lua_call(lua, 1, 1);
  lua_setglobal(lua, name);
}

// Of the globals that Lua's own libraries make.
constexpr std::string_view kKept =
    " _G _VERSION assert bit cjson cmsgpack collectgarbage coroutine error gcinfo getmetatable "
    "ipairs load loadstring math next pairs pcall rawequal rawget rawset select setmetatable "
    "string "
    "struct table tonumber tostring type unpack xpcall ";

void DropOthers(lua_State* lua) {
  lua_pushnil(lua);
  while (lua_next(lua, -2) != 0) {
    lua_pop(lua, 1);
    const std::string word = std::string(" ").append(lua_tostring(lua, -1)).append(" ");
    if (kKept.find(word) != std::string_view::npos) continue;
    lua_pushvalue(lua, -1);
    lua_pushnil(lua);
    lua_rawset(lua, -4);
  }
}

// The libraries in the table of globals on top; not _G, which is that table itself.
void ProtectLibraries(lua_State* lua) {
  lua_pushnil(lua);
  while (lua_next(lua, -2) != 0) {
    if (lua_istable(lua, -1) && lua_rawequal(lua, -1, -3) == 0) {
      Protect(lua);
      lua_pushvalue(lua, -2);
      lua_insert(lua, -2);
      lua_rawset(lua, -4);
    } else {
      lua_pop(lua, 1);
    }
  }
}

// Redis' table of globals has a metatable that a script can see.
void PushShownMetatable(lua_State* lua) {
  lua_newtable(lua);
  lua_pushcfunction(lua, RaiseUnknownGlobal);
  lua_setfield(lua, -2, "__index");
  Protect(lua);
}

// ("x"):rep(2) looks in the table `string`, and getmetatable("") sees a protected table.
void ProtectStrings(lua_State* lua) {
  lua_pushliteral(lua, "");
  lua_getmetatable(lua, -1);
  lua_pushvalue(lua, -1);
  Protect(lua);
  lua_setfield(lua, -2, "__metatable");
  lua_pop(lua, 2);
}

}  // namespace

int RaiseUnknownGlobal(lua_State* lua) {
  if (lua_gettop(lua) != 2) {
    return luaL_error(lua, "Wrong number of arguments to luaProtectedTableError");
  }
  if (lua_isstring(lua, 2) == 0) {
    return luaL_error(lua, "Second argument to luaProtectedTableError must be a string or number");
  }
  return luaL_error(lua, "Script attempted to access nonexistent global variable '%s'",
                    lua_tostring(lua, 2));
}

void RaiseForMissing(lua_State* lua) {
  lua_newtable(lua);
  lua_pushcfunction(lua, RaiseUnknownGlobal);
  lua_setfield(lua, -2, "__index");
  lua_setmetatable(lua, -2);
}

void ShowInstead(lua_State* lua, int index) {
  lua_getmetatable(lua, index);
  lua_pushvalue(lua, -2);
  lua_setfield(lua, -2, "__index");
  lua_pushlightuserdata(lua, const_cast<char*>(&kProtectedMark));
  lua_pushvalue(lua, -3);
  lua_rawset(lua, -3);
  lua_pop(lua, 2);
}

int RaiseReadOnly(lua_State* lua) {
  lua_pushliteral(lua, "Attempt to modify a readonly table");
  return lua_error(lua);
}

void Protect(lua_State* lua, lua_CFunction missing) {
  if (missing != nullptr) {
    lua_newtable(lua);
    lua_pushcfunction(lua, missing);
    lua_setfield(lua, -2, "__index");
    lua_setmetatable(lua, -2);
  }
  lua_newtable(lua);  // inner, outer
  lua_newtable(lua);  // inner, outer, meta
  lua_pushvalue(lua, -3);
  lua_setfield(lua, -2, "__index");
  lua_pushcfunction(lua, RaiseReadOnlyHere);
  lua_setfield(lua, -2, "__newindex");
  lua_pushlightuserdata(lua, const_cast<char*>(&kProtectedMark));
  lua_pushvalue(lua, -4);
  lua_rawset(lua, -3);
  lua_setmetatable(lua, -2);
  lua_remove(lua, -2);
}

bool PushProtected(lua_State* lua, int index) {
  if (lua_getmetatable(lua, index) == 0) return false;
  lua_pushlightuserdata(lua, const_cast<char*>(&kProtectedMark));
  lua_rawget(lua, -2);
  lua_remove(lua, -2);
  if (!lua_isnil(lua, -1)) return true;
  lua_pop(lua, 1);
  return false;
}

int LoadText(lua_State* lua, const char* text, size_t size, const char* name) {
  // Lua takes what begins so for compiled code. With a space before it it is text, and no program.
  const bool compiled = size > 0 && *text == LUA_SIGNATURE[0];
  if (!compiled) return luaL_loadbuffer(lua, text, size, name);
  const std::string spaced = std::string(" ").append(text, size);
  return luaL_loadbuffer(lua, spaced.data(), spaced.size(), name);
}

void OpenSandbox(lua_State* lua, void (*add_globals)(lua_State*)) {
  Open(lua, "", luaopen_base);
  Open(lua, LUA_TABLIBNAME, luaopen_table);
  Open(lua, LUA_STRLIBNAME, luaopen_string);
  Open(lua, LUA_MATHLIBNAME, luaopen_math);
  OpenAs(lua, "cjson", luaopen_cjson);
  OpenAs(lua, "bit", luaopen_bit);
  lua_pushvalue(lua, LUA_GLOBALSINDEX);
  MakeSafe(lua);
  AddMessagePack(lua);
  AddStruct(lua);
  DropOthers(lua);
  add_globals(lua);
  ProtectStrings(lua);
  ProtectLibraries(lua);
  lua_pushvalue(lua, -1);
  Protect(lua, RaiseUnknownGlobal);  // globals, what scripts see of them
  lua_getmetatable(lua, -1);
  PushShownMetatable(lua);
  lua_setfield(lua, -2, "__metatable");
  lua_pop(lua, 1);
  lua_pushvalue(lua, -1);
  lua_setfield(lua, -3, "_G");
  lua_replace(lua, LUA_GLOBALSINDEX);
}

}  // namespace keyhole::script
