// What scripts find in an interpreter: the globals of Redis 7.0.15, and no way out of them.
//
// Redis has a Lua with read-only tables. That of Debian has none, so they are emulated:
//
//     script --> redis (an empty table) --__index--> what `redis` holds
//                                      --__newindex-> "Attempt to modify a readonly table"
//
// Functions that look past metatables (rawset, next, table.insert ...) are replaced by some that
// know protected tables. What else is replaced, and why, stands at its place in safe_library.cc.
#pragma once

#include "proxy/store/script/lua.h"

namespace keyhole::script {

// The address of the first byte marks the metatable of a protected table.
extern const char kProtectedMark;

// Replaces the table on top by one through which it can be read and not changed. missing: called
// with the table and a key that is not there; null: such a key is nil.
void Protect(lua_State* lua, lua_CFunction missing = nullptr);
// Pushes what a protected table holds; false, and pushes nothing, if it is none.
bool PushProtected(lua_State* lua, int index);
// The table on top raises an error for keys that are not there.
void RaiseForMissing(lua_State* lua);
int RaiseUnknownGlobal(lua_State* lua);
// The protected table at the index is to show the one on top, which it pops.
void ShowInstead(lua_State* lua, int index);
// Raises the error of Redis for whoever tries to change one, without the place where that was.
int RaiseReadOnly(lua_State* lua);

// Opens the libraries: those of Lua that Redis has, cjson, bit, cmsgpack and struct. Then adds
// globals(lua), which has the table of globals on top of the stack, and protects all of it. The
// table of globals stays on top, unprotected, for KEYS and ARGV; what scripts see of it is at
// LUA_GLOBALSINDEX.
void OpenSandbox(lua_State* lua, void (*add_globals)(lua_State*));

// The pieces. Each takes the table of globals on top of the stack and changes it.
void MakeSafe(lua_State* lua);        // safe_library.cc
void AddMessagePack(lua_State* lua);  // message_pack.cc
void AddStruct(lua_State* lua);       // struct_library.cc
// Sets functions of the table on top.
struct NamedFunction {
  const char* name;
  lua_CFunction function;
};
template <size_t n>
void SetFunctions(lua_State* lua, const NamedFunction (&functions)[n]) {
  for (const auto& [name, function] : functions) {
    lua_pushcfunction(lua, function);
    lua_setfield(lua, -2, name);
  }
}

// load(), loadstring() and scripts: text only. As luaL_loadbuffer.
int LoadText(lua_State* lua, const char* text, size_t size, const char* name);

}  // namespace keyhole::script
