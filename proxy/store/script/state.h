// What the functions of the libraries know of the interpreter that calls them.
//
// Thread: that of the script.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/store/script/host.h"
#include "proxy/store/script/lua.h"
#include "resp/byte_queue.h"

namespace keyhole::script {

// What redis.register_function() has been given.
struct Registered {
  std::string name;
  std::optional<std::string> description;
  uint32_t flags = 0;  // ScriptFlag
  int callback = 0;    // Interpreter::Function
};

struct State {
  Host* host = nullptr;                           // of the script that runs
  std::vector<Registered>* registered = nullptr;  // of the library that is being loaded
  // Of redis.call(), which is not called by itself; here, so that they need not be made each time.
  std::vector<std::string_view> args;
  resp::ByteQueue reply;

  // Of a coroutine, too.
  static State& Of(lua_State* lua) {
    void* self = nullptr;
    lua_getallocf(lua, &self);
    return *static_cast<State*>(self);
  }
};

}  // namespace keyhole::script
