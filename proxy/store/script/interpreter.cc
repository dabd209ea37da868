#include "proxy/store/script/interpreter.h"

#include <cstdlib>
#include <new>

#include "proxy/store/script/redis_library.h"
#include "proxy/store/script/sandbox.h"
#include "proxy/store/script/values.h"

namespace keyhole::script {

namespace {

constexpr int kInstructions = 100'000;  // about a millisecond, as in Redis
// No text of a script is longer, so that no library's int overflows.
constexpr size_t kLargestBlock = size_t{1} << 28;

}  // namespace

struct Interpreter::Running {
  Interpreter& self;
  const Request& request;
  Host& host;
  resp::ReplyWriter& reply;
  resp::ByteQueue* out;
  size_t begin;  // of the reply
  Result result;
};

// It is built without a limit, as errors have nowhere to go yet.
Interpreter::Interpreter(Kind kind, size_t limit)
    : limit_(0), kind_(kind), lua_(lua_newstate(Allocate, static_cast<State*>(this))) {
  if (lua_ == nullptr) throw std::bad_alloc();
  OpenSandbox(lua_, kind == Kind::kScripts ? AddRedisForScripts : AddRedis);
  globals_ = luaL_ref(lua_, LUA_REGISTRYINDEX);
  const auto keep = [this](lua_CFunction function) {
    lua_pushcfunction(lua_, function);
    return luaL_ref(lua_, LUA_REGISTRYINDEX);
  };
  on_error_ = keep(DescribeError);
  run_ = keep(RunProtected);
  compile_ = keep(CompileProtected);
  load_ = keep(LoadProtected);
  PushLoadingGlobals(lua_);
  loading_globals_ = luaL_ref(lua_, LUA_REGISTRYINDEX);
  SetHook();
  limit_ = limit;
}

Interpreter::~Interpreter() {
  lua_close(lua_);
}

// What has been there may always shrink: Lua relies on it.
void* Interpreter::Allocate(void* state, void* block, size_t old_size, size_t new_size) {
  Interpreter& interpreter = From(state);
  if (block == nullptr) old_size = 0;
  if (new_size == 0) {
    std::free(block);
    interpreter.memory_ -= old_size;
    return nullptr;
  }
  if (new_size > old_size) {
    const size_t limit = interpreter.limit_;
    const size_t after = interpreter.memory_ - old_size + new_size;
    if (new_size > kLargestBlock || (limit != 0 && after > limit)) return nullptr;
  }
  void* const moved = std::realloc(block, new_size);
  if (moved != nullptr) interpreter.memory_ += new_size - old_size;
  return moved;
}

// Once killed, it fires for each line, so that no pcall can go on.
void Interpreter::OnCount(lua_State* lua, lua_Debug*) {
  Interpreter& self = Of(lua);
  const bool loads = self.registered != nullptr;
  if (loads && std::chrono::steady_clock::now() < self.load_deadline_) return;
  if (!loads && (self.host == nullptr || !self.host->Interrupt())) return;
  lua_sethook(lua, OnCount, LUA_MASKLINE, 0);
  PushError(lua,
            loads ? "ERR FUNCTION LOAD timeout" : "ERR Script killed by user with SCRIPT KILL.");
  lua_error(lua);
}

void Interpreter::SetHook() {
  lua_sethook(lua_, OnCount, LUA_MASKCOUNT, kInstructions);
}

namespace {

struct Text {
  std::string_view bytes;
  const char* name;
  Interpreter::Function function;
};

}  // namespace

int Interpreter::CompileProtected(lua_State* lua) {
  Text& text = *static_cast<Text*>(lua_touserdata(lua, 1));
  if (LoadText(lua, text.bytes.data(), text.bytes.size(), text.name) != 0) return lua_error(lua);
  text.function = luaL_ref(lua, LUA_REGISTRYINDEX);
  return 0;
}

std::string Interpreter::Compile(std::string_view text, const char* name, Function* function) {
  Text compiled{text, name, 0};
  lua_rawgeti(lua_, LUA_REGISTRYINDEX, compile_);
  lua_pushlightuserdata(lua_, &compiled);
  if (lua_pcall(lua_, 1, 0, 0) != 0) return TakeErrorText();
  *function = compiled.function;
  return {};
}

std::string Interpreter::TakeErrorText() {
  size_t size = 0;
  const char* const text =
      lua_type(lua_, -1) == LUA_TSTRING ? lua_tolstring(lua_, -1, &size) : nullptr;
  std::string error = text == nullptr ? "execution failure" : std::string(text, size);
  lua_settop(lua_, 0);
  return error;
}

void Interpreter::ShowGlobals(Function globals) {
  lua_rawgeti(lua_, LUA_REGISTRYINDEX, globals);
  ShowInstead(lua_, LUA_GLOBALSINDEX);
}

int Interpreter::LoadProtected(lua_State* lua) {
  Interpreter& self = Of(lua);
  lua_rawgeti(lua, LUA_REGISTRYINDEX, static_cast<Function>(lua_tointeger(lua, 1)));
  self.ShowGlobals(self.loading_globals_);
  lua_call(lua, 0, 0);
  return 0;
}

std::string Interpreter::RunLibrary(Function text, std::vector<Registered>* into) {
  constexpr std::chrono::milliseconds kLongest{500};
  load_deadline_ = std::chrono::steady_clock::now() + kLongest;
  registered = into;
  lua_rawgeti(lua_, LUA_REGISTRYINDEX, load_);
  lua_pushinteger(lua_, text);
  std::string error;
  if (lua_pcall(lua_, 1, 0, 0) != 0) {
    if (lua_istable(lua_, -1)) {
      error = ErrorAt(lua_, -1).text;
      lua_settop(lua_, 0);
    } else {
      error = "ERR " + TakeErrorText();
    }
  }
  registered = nullptr;
  ShowGlobals(globals_);
  SetHook();
  return error;
}

void Interpreter::Release(Function function) {
  luaL_unref(lua_, LUA_REGISTRYINDEX, function);
}

void Interpreter::PushList(std::span<const std::string_view> values) {
  lua_createtable(lua_, static_cast<int>(values.size()), 0);
  int index = 0;
  for (const std::string_view value : values) {
    lua_pushlstring(lua_, value.data(), value.size());
    lua_rawseti(lua_, -2, ++index);
  }
}

int Interpreter::RunProtected(lua_State* lua) {
  Running& running = *static_cast<Running*>(lua_touserdata(lua, 1));
  Interpreter& self = running.self;
  lua_rawgeti(lua, LUA_REGISTRYINDEX, self.on_error_);
  const int on_error = lua_gettop(lua);
  lua_rawgeti(lua, LUA_REGISTRYINDEX, running.request.function);
  int arguments = 0;
  if (self.kind_ == Kind::kFunctions) {
    self.PushList(running.request.keys);
    self.PushList(running.request.args);
    arguments = 2;
  } else {
    lua_rawgeti(lua, LUA_REGISTRYINDEX, self.globals_);
    const int globals = lua_gettop(lua);
    self.PushList(running.request.keys);
    RawSetField(lua, globals, "KEYS");
    self.PushList(running.request.args);
    RawSetField(lua, globals, "ARGV");
    lua_pop(lua, 1);
  }
  if (lua_pcall(lua, arguments, 1, on_error) == 0) {
    self.WriteResult(running);
    return 0;
  }
  running.result.failed = true;
  if (!lua_istable(lua, -1)) return lua_error(lua);
  ErrorInfo info = ErrorAt(lua, -1);
  running.result.counted = info.counted;
  if (!info.source.empty() && !info.line.empty()) {
    info.text.append(" script: ").append(running.request.shown_name);
    info.text.append(", on ").append(info.source).append(":").append(info.line).append(".");
  }
  running.reply.Error(info.text);
  return 0;
}

void Interpreter::WriteResult(Running& running) {
  if (lua_istable(lua_, -1)) {
    RawField(lua_, -1, "err");
    running.result.failed = lua_type(lua_, -1) == LUA_TSTRING;
    lua_pop(lua_, 1);
    if (running.result.failed) running.result.counted = ErrorAt(lua_, -1).counted;
  }
  WriteValue(lua_, running.host.protocol(), running.reply);
}

Interpreter::Result Interpreter::Run(const Request& request, Host& caller,
                                     resp::ReplyWriter& writer, resp::ByteQueue* out) {
  Running running{*this, request, caller, writer, out, out->size(), {}};
  host = &caller;
  lua_rawgeti(lua_, LUA_REGISTRYINDEX, run_);
  lua_pushlightuserdata(lua_, &running);
  if (lua_pcall(lua_, 1, 0, 0) != 0) {
    // Out of memory, or an error in the metamethods of what is returned.
    running.result.failed = true;
    out->Truncate(running.begin);
    writer.Error(std::string("ERR Error running script ")
                     .append(request.shown_name)
                     .append(", ")
                     .append(TakeErrorText()));
    lua_gc(lua_, LUA_GCCOLLECT, 0);  // what has filled the memory
  }
  host = nullptr;
  if (lua_gethookmask(lua_) != LUA_MASKCOUNT) SetHook();
  return running.result;
}

}  // namespace keyhole::script
