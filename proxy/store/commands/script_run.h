// What EVAL and FCALL have in common: a script or a function is called, and what it returns is the
// reply.
#pragma once

#include <cstddef>
#include <string_view>

#include "proxy/store/commands/handlers.h"
#include "proxy/store/script/interpreter.h"

namespace keyhole::store {

// Arguments 2 and following: how many of them are keys. False: the reply says what is wrong.
bool CountKeys(Call& call, std::string_view not_a_number, size_t* keys);

struct Runnable {
  script::Interpreter& interpreter;
  script::Interpreter::Function function;
  uint32_t flags;         // script::ScriptFlag
  std::string_view name;  // as errors call it
  bool is_function;       // of FUNCTION LOAD
};
void RunScript(Call& call, const Runnable& script, size_t keys);

// SCRIPT KILL and FUNCTION KILL.
void KillScript(Call& call, bool is_function);

}  // namespace keyhole::store
