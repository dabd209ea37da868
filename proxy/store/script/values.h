// Values of Lua and replies of RESP, one into the other, as Redis 7.0.15 does it.
//
//     reply            Lua                          Lua                      reply
//     :1               1                            1.9                      :1
//     $3 foo           "foo"                        "foo"                    $3 foo
//     $-1, *-1         false (RESP2)                false                    null, in RESP3 #f
//     +OK              {ok = "OK"}                  {ok = "OK"}              +OK
//     -ERR x           {err = "ERR x"}              {err = "ERR x"}          -ERR x
//     *2 :1 :2         {1, 2}                       {1, 2, nil, 3}           *2 :1 :2
//     _  #t  ,1.5      nil, true, {double = 1.5}    the same                 each in the client's
//     %1 a b  ~1 a     {map = {}}, {set = {}}       the same                 protocol
//     (1  =5 txt:x     {big_number = "1"}, {verbatim_string = {format = , string = }}
//
// All of these functions may raise an error of Lua. Source: script_lua.c of Redis 7.0.15.
#pragma once

#include <string>
#include <string_view>

#include "proxy/store/script/lua.h"
#include "resp/reply_writer.h"
#include "resp/wire.h"

namespace keyhole::script {

// Pushes the value of one whole reply.
void PushReply(lua_State* lua, std::string_view reply);
// Pushes {err = text}. The text has a class of its own ("ERR ...").
void PushError(lua_State* lua, std::string_view text);
// The error came from a command, which has been counted as failed already.
void MarkAsCounted(lua_State* lua);

// Writes the value on top of the stack. script: the protocol of redis.setresp(), which decides what
// booleans mean.
void WriteValue(lua_State* lua, resp::Protocol script, resp::ReplyWriter& reply);

// What an error table holds; "ERR unknown error" if it has no text.
struct ErrorInfo {
  std::string text;
  std::string source;
  std::string line;
  bool counted = false;
};
ErrorInfo ErrorAt(lua_State* lua, int index);

// Pushes the field of a table, without its metamethods.
inline void RawField(lua_State* lua, int table, const char* name) {
  lua_pushstring(lua, name);
  lua_rawget(lua, table < 0 && table > LUA_REGISTRYINDEX ? table - 1 : table);
}

// Sets a field of a table, without its metamethods, to the value on top, which it pops.
inline void RawSetField(lua_State* lua, int table, const char* name) {
  lua_pushstring(lua, name);
  lua_insert(lua, -2);
  lua_rawset(lua, table);
}

}  // namespace keyhole::script
