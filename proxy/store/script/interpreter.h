// One interpreter of Lua, with all scripts that it has compiled.
//
//     Compile("sum", "return ARGV[1] + 1")       a function, kept under its name
//     Run(function, keys, args)                  calls it, and writes what it returns as a reply
//                                                  redis.call() -> Host::Call() -> back into Lua
//
// A script cannot get out (sandbox.h), take more memory than it may, or go on for ever: while it
// runs, Host::Interrupt() is asked. An error of Lua is the reply; nothing is thrown out of here.
//
// Thread: one at a time, and all of a run on one stack (fiber.h).
#pragma once

#include <chrono>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/store/script/host.h"
#include "proxy/store/script/lua.h"
#include "proxy/store/script/state.h"
#include "resp/reply_writer.h"

namespace keyhole::script {

class Interpreter final : private State {
 public:
  // A function of Lua, which the registry keeps.
  using Function = int;

  // For scripts, or for libraries of functions: what they find differs a little.
  enum class Kind { kScripts, kFunctions };
  // limit: bytes that it may take, or 0.
  Interpreter(Kind kind, size_t limit);
  ~Interpreter();
  Interpreter(const Interpreter&) = delete;
  Interpreter& operator=(const Interpreter&) = delete;

  // Compiles a text. Not empty: it cannot be, for this reason. `name` as Lua wants it:
  // "@user_script".
  std::string Compile(std::string_view text, const char* name, Function* function);

  // Runs a library's text, which says redis.register_function() and can do nothing else. Not empty:
  // it failed, for this reason; what it has registered is the caller's to release all the same.
  std::string RunLibrary(Function text, std::vector<Registered>* into);
  void Release(Function function);

  struct Request {
    Function function;
    std::string_view shown_name;  // in errors; the SHA-1 of a script
    std::span<const std::string_view> keys;
    std::span<const std::string_view> args;
  };
  // What became of it, for who counts errors.
  struct Result {
    bool failed = false;
    bool counted = false;  // the error is that of a command, and has been counted there
  };
  // Runs it, with KEYS and ARGV as globals, or with the two as its arguments if it is of
  // kFunctions. REQUIRES: nothing is running.
  Result Run(const Request& request, Host& caller, resp::ReplyWriter& writer, resp::ByteQueue* out);

  size_t memory() const { return memory_; }
  void set_limit(size_t limit) { limit_ = limit; }

 private:
  struct Running;
  static Interpreter& From(void* state) {
    return *static_cast<Interpreter*>(static_cast<State*>(state));
  }
  static Interpreter& Of(lua_State* lua) { return From(&State::Of(lua)); }
  static void* Allocate(void* state, void* block, size_t old_size, size_t new_size);
  static void OnCount(lua_State* lua, lua_Debug*);
  static int RunProtected(lua_State* lua);
  static int CompileProtected(lua_State* lua);
  std::string TakeErrorText();
  static int LoadProtected(lua_State* lua);
  void PushList(std::span<const std::string_view> values);
  void ShowGlobals(Function globals);
  void SetHook();
  void WriteResult(Running& running);

  size_t memory_ = 0;
  size_t limit_;
  const Kind kind_;
  std::chrono::steady_clock::time_point load_deadline_;
  lua_State* lua_;
  Function globals_ = 0;  // what holds the globals: KEYS and ARGV are set there
  Function on_error_ = 0;
  Function run_ = 0;              // RunProtected(), so that nothing need be allocated to call it
  Function loading_globals_ = 0;  // of libraries
  Function load_ = 0;             // LoadProtected()
  Function compile_ = 0;          // CompileProtected()
};

}  // namespace keyhole::script
