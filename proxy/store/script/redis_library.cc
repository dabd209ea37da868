#include "proxy/store/script/redis_library.h"

#include <charconv>
#include <cmath>
#include <cstdio>
#include <string>
#include <vector>

#include "proxy/store/script/register_function.h"
#include "proxy/store/script/sandbox.h"
#include "proxy/store/script/sha1.h"
#include "proxy/store/script/state.h"
#include "proxy/store/script/values.h"

namespace keyhole::script {

namespace {

std::string_view TextAt(lua_State* lua, int index) {
  size_t size = 0;
  const char* const text = lua_tolstring(lua, index, &size);
  return text == nullptr ? std::string_view() : std::string_view(text, size);
}

int Raise(lua_State* lua, std::string_view text) {
  PushError(lua, std::string("ERR ").append(text));
  return lua_error(lua);
}

// The host of the script that runs; an error if none does.
Host& HostFor(lua_State* lua, std::string_view function) {
  Host* const host = State::Of(lua).host;
  if (host == nullptr) {
    Raise(lua, std::string(function).append(" can only be called inside a script invocation"));
  }
  return *host;
}

// Lua itself would write fewer digits.
void ReplaceNumber(lua_State* lua, int index) {
  constexpr lua_Number kExact = 1e15;
  const lua_Number number = lua_tonumber(lua, index);
  char text[40];
  char* end = text;
  if (std::abs(number) < kExact && number == std::trunc(number) &&
      !(number == 0 && std::signbit(number))) {
    end = std::to_chars(text, std::end(text), static_cast<int64_t>(number)).ptr;
  } else {
    end += std::snprintf(text, sizeof(text), "%.17g", number);
  }
  lua_pushlstring(lua, text, static_cast<size_t>(end - text));
  lua_replace(lua, index);
}

// The arguments of the function as those of a command; they live as long as they are on the stack.
// False: they are none, and the error is on top.
bool TakeArguments(lua_State* lua, std::vector<std::string_view>* args) {
  const int count = lua_gettop(lua);
  if (count == 0) {
    PushError(lua, "ERR Please specify at least one argument for this redis lib call");
    return false;
  }
  args->clear();
  for (int i = 1; i <= count; ++i) {
    const int type = lua_type(lua, i);
    if (type == LUA_TNUMBER) ReplaceNumber(lua, i);
    if (type != LUA_TNUMBER && type != LUA_TSTRING) {
      PushError(lua, "ERR Lua redis lib command arguments must be strings or integers");
      return false;
    }
    args->push_back(TextAt(lua, i));
  }
  return true;
}

// Pushes the reply. False: it is an error.
bool CallCommand(lua_State* lua) {
  Host& host = HostFor(lua, "redis.call/pcall");
  State& state = State::Of(lua);
  luaL_checkstack(lua, 8, "arguments");
  if (!TakeArguments(lua, &state.args)) return false;
  state.reply.Clear();
  const std::string refused = host.Call(state.args, &state.reply);
  if (!refused.empty()) {
    PushError(lua, refused);
    MarkAsCounted(lua);
    return false;
  }
  const std::string_view reply = state.reply.Data();
  PushReply(lua, reply);
  return reply.front() != '-';
}

int Call(lua_State* lua) {
  return CallCommand(lua) ? 1 : lua_error(lua);
}

int ProtectedCall(lua_State* lua) {
  CallCommand(lua);
  return 1;
}

int ErrorReply(lua_State* lua) {
  if (lua_gettop(lua) != 1 || lua_type(lua, 1) != LUA_TSTRING) {
    PushError(lua, "ERR wrong number or type of arguments");
    return 1;
  }
  std::string_view text = TextAt(lua, 1);
  text = text.substr(0, text.find('\0'));
  if (text.starts_with('-')) text.remove_prefix(1);
  const size_t space = text.find(' ');
  if (space == std::string_view::npos) {
    PushError(lua, std::string("ERR ").append(text));
  } else {
    PushError(lua, text);
  }
  return 1;
}

int StatusReply(lua_State* lua) {
  if (lua_gettop(lua) != 1 || lua_type(lua, 1) != LUA_TSTRING) {
    PushError(lua, "ERR wrong number or type of arguments");
    return 1;
  }
  lua_createtable(lua, 0, 1);
  lua_pushvalue(lua, 1);
  lua_setfield(lua, -2, "ok");
  return 1;
}

int Sha1Hex(lua_State* lua) {
  if (lua_gettop(lua) != 1) return Raise(lua, "wrong number of arguments");
  const Sha1Digits digits = Sha1(TextAt(lua, 1));
  lua_pushlstring(lua, digits.data(), digits.size());
  return 1;
}

int SetRepl(lua_State* lua) {
  HostFor(lua, "redis.set_repl");
  if (lua_gettop(lua) != 1) return Raise(lua, "redis.set_repl() requires two arguments.");
  constexpr int kAll = 3;
  const int flags = static_cast<int>(lua_tointeger(lua, 1));
  if ((flags & ~kAll) == 0) return 0;
  return Raise(lua,
               "Invalid replication flags. Use REPL_AOF, REPL_REPLICA, REPL_ALL or REPL_NONE.");
}

int AclCheckCommand(lua_State* lua) {
  Host& host = HostFor(lua, "redis.acl_check_cmd");
  std::vector<std::string_view> args;
  luaL_checkstack(lua, 8, "arguments");
  if (!TakeArguments(lua, &args)) return lua_error(lua);
  const Host::Permission permission = host.PermissionFor(args);
  if (permission == Host::Permission::kUnknown) {
    return Raise(lua, "Invalid command passed to redis.acl_check_cmd()");
  }
  lua_pushboolean(lua, permission == Host::Permission::kGranted ? 1 : 0);
  return 1;
}

int Log(lua_State* lua) {
  const int count = lua_gettop(lua);
  if (count < 2) return Raise(lua, "redis.log() requires two arguments or more.");
  if (lua_isnumber(lua, 1) == 0) {
    return Raise(lua, "First argument must be a number (log level).");
  }
  constexpr int kWarning = 3;
  const auto level = static_cast<int>(lua_tointeger(lua, 1));
  if (level < 0 || level > kWarning) return Raise(lua, "Invalid debug level.");
  std::string line;
  for (int i = 2; i <= count; ++i) {
    if (i > 2) line.push_back(' ');
    line.append(TextAt(lua, i));
  }
  if (Host* const host = State::Of(lua).host; host != nullptr) host->Log(level, line);
  return 0;
}

int SetResp(lua_State* lua) {
  Host& host = HostFor(lua, "redis.setresp");
  if (lua_gettop(lua) != 1) return Raise(lua, "redis.setresp() requires one argument.");
  const auto version = static_cast<int>(lua_tointeger(lua, 1));
  if (version != 2 && version != 3) return Raise(lua, "RESP version must be 2 or 3.");
  host.SetProtocol(version == 3 ? resp::Protocol::kResp3 : resp::Protocol::kResp2);
  return 0;
}

// Redis has a debugger, which is never on here.
int Breakpoint(lua_State* lua) {
  lua_pushboolean(lua, 0);
  return 1;
}
int Debug(lua_State*) {
  return 0;
}

int ReplicateCommands(lua_State* lua) {
  lua_pushboolean(lua, 1);
  return 1;
}

struct Number {
  const char* name;
  int value;
};

template <size_t n>
void SetNumbers(lua_State* lua, const Number (&numbers)[n]) {
  for (const auto& [name, value] : numbers) {
    lua_pushinteger(lua, value);
    lua_setfield(lua, -2, name);
  }
}

void SetLogLevels(lua_State* lua) {
  SetNumbers(lua, {{"LOG_DEBUG", 0}, {"LOG_VERBOSE", 1}, {"LOG_NOTICE", 2}, {"LOG_WARNING", 3}});
}

void SetReplication(lua_State* lua) {
  SetNumbers(
      lua,
      {{"REPL_NONE", 0}, {"REPL_AOF", 1}, {"REPL_SLAVE", 2}, {"REPL_REPLICA", 2}, {"REPL_ALL", 3}});
}

void SetVersion(lua_State* lua) {
  SetNumbers(lua, {{"REDIS_VERSION_NUM", 0x0007000f}});
  lua_pushliteral(lua, "7.0.15");
  lua_setfield(lua, -2, "REDIS_VERSION");
}

}  // namespace

// Where it was: the function that raised it, or the one that called that, if it is no script's.
int DescribeError(lua_State* lua) {
  lua_settop(lua, 1);
  lua_Debug where;
  bool known = lua_getstack(lua, 1, &where) != 0 && lua_getinfo(lua, "Sl", &where) != 0;
  if (known && *where.what == 'C') {
    known = lua_getstack(lua, 2, &where) != 0 && lua_getinfo(lua, "Sl", &where) != 0;
  }
  if (!lua_istable(lua, 1)) {
    std::string text = "ERR ";
    if (lua_isstring(lua, 1) != 0) {
      text.append(TextAt(lua, 1));
    } else {
      text.append(lua_isnil(lua, 1)       ? "nil"
                  : lua_isboolean(lua, 1) ? (lua_toboolean(lua, 1) != 0 ? "true" : "false")
                                          : luaL_typename(lua, 1));
    }
    PushError(lua, text);
    lua_replace(lua, 1);
  }
  if (!known) return 1;
  lua_pushstring(lua, where.source);
  RawSetField(lua, 1, "source");
  lua_pushinteger(lua, where.currentline);
  RawSetField(lua, 1, "line");
  return 1;
}

void AddRedis(lua_State* lua) {
  lua_newtable(lua);
  SetFunctions(lua, {{"call", Call},
                     {"pcall", ProtectedCall},
                     {"error_reply", ErrorReply},
                     {"status_reply", StatusReply},
                     {"sha1hex", Sha1Hex},
                     {"set_repl", SetRepl},
                     {"acl_check_cmd", AclCheckCommand},
                     {"log", Log},
                     {"setresp", SetResp}});
  SetLogLevels(lua);
  SetVersion(lua);
  SetReplication(lua);
  lua_setfield(lua, -2, "redis");
}

void AddRedisForScripts(lua_State* lua) {
  AddRedis(lua);
  lua_getfield(lua, -1, "redis");
  SetFunctions(lua, {{"breakpoint", Breakpoint},
                     {"debug", Debug},  // layering: not a command
                     {"replicate_commands", ReplicateCommands}});
  lua_pop(lua, 1);
  lua_pushcfunction(lua, DescribeError);
  lua_setfield(lua, -2, "__redis__err__handler");
}

void PushLoadingGlobals(lua_State* lua) {
  lua_newtable(lua);
  lua_newtable(lua);
  SetFunctions(lua, {{"register_function", RegisterFunction}, {"log", Log}});
  SetLogLevels(lua);
  SetVersion(lua);
  Protect(lua, RaiseUnknownGlobal);
  lua_setfield(lua, -2, "redis");
  RaiseForMissing(lua);
}

}  // namespace keyhole::script
