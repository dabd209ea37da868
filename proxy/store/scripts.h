// The scripts that have been loaded, and the one that runs. There is one interpreter for the whole
// store, and one script runs at a time: it holds all locks.
//
// What may run a script (EVAL, and EXEC with such a command in it) runs on a stack of its own, so
// that a script that takes too long can be put aside:
//
//     worker's stack   Dispatch -> Start() .................... reply       the usual case: ended
//     script's stack               '-> EVAL -> Lua -> redis.call -'         before anybody noticed
//
//     worker's stack   Dispatch -> Start() ..  Outcome::kWaiting, others are told BUSY   Continue() ..
//     script's stack               '-> EVAL -> Lua -> busy-reply-threshold -> Pause()     '-> Lua ...
//
// Until it has ended, the store is busy(): nobody else's command runs but those of kAllowBusy, no
// key expires or is evicted, and nobody who waits is served. The locks are free in the meantime, so
// that others can be told so.
//
// Thread: under all locks of the store; busy() under any of them, and for the time of the next turn
// without one.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "proxy/store/client.h"
#include "proxy/store/script/sha1.h"
#include "proxy/store/script/shebang.h"
#include "resp/byte_queue.h"
#include "resp/command_table.h"

namespace keyhole::script {

class Fiber;
class Interpreter;

}  // namespace keyhole::script

namespace keyhole::store {

class Engine;
class Functions;

struct Script {
  int function;    // script::Interpreter::Function
  uint32_t flags;  // script::ScriptFlag
  std::string body;
};

// A request that runs on the script's stack: a copy, as the client's bytes may be gone before it
// ends.
struct ScriptRequest {
  Engine* engine = nullptr;
  Client* client = nullptr;
  const resp::CommandSpec* spec = nullptr;
  std::vector<std::string_view> args;  // into bytes
  std::string bytes;
  UnixMillis now = 0;
  bool full = false;
  resp::ByteQueue reply;
};

class Scripts {
 public:
  using Clock = std::chrono::steady_clock;

  Scripts();
  ~Scripts();  // REQUIRES: not busy()

  // ---- What has been loaded ----

  // Null if there is none such; letters of either case.
  const Script* Find(std::string_view sha) const;
  // Compiles it, unless it is known. Null: it cannot be, and *error says why.
  const Script* Load(std::string_view body, script::Sha1Digits* sha, std::string* error);
  // Forgets all, and what scripts have done to the interpreter.
  void Flush();
  size_t size() const { return scripts_.size(); }
  size_t bytes() const { return bytes_; }  // of their texts
  size_t memory() const;                   // of the interpreters
  // Bytes that the interpreter may take, or 0.
  void SetLimit(size_t limit);
  script::Interpreter& interpreter();
  // What FUNCTION LOAD has loaded (functions.h). It has an interpreter of its own.
  Functions& functions() { return *functions_; }
  const Functions& functions() const { return *functions_; }

  // ---- What runs ----

  bool busy() const { return busy_.load(std::memory_order_relaxed); }
  // Runs the request. True: it has ended, and its reply is there; false: the store is busy now.
  // body: what is called on the script's stack, each time the same.
  bool Start(void (*body)(ScriptRequest&));
  // Goes on with it. True: it has ended.
  bool Continue();
  // Called on the script's stack.
  void Pause();
  ScriptRequest& request() { return request_; }

  // Of the script that runs.
  struct Run {
    std::string name;  // its SHA-1, or that of a function
    bool is_function = false;
    bool wrote = false;  // it cannot be killed any more
    bool killed = false;
    bool late = false;  // it has taken longer than it should
    Clock::time_point began;
  };
  Run& run() { return run_; }

  // As whom its commands run.
  Client& client() { return client_; }
  // The client that has sent it is gone: it is deleted when the script has ended.
  void Adopt(Client* client) { orphan_.reset(client); }
  std::unique_ptr<Client> TakeOrphan() { return std::move(orphan_); }

 private:
  std::unique_ptr<script::Interpreter> interpreter_;  // made when it is needed
  std::unique_ptr<Functions> functions_;
  size_t limit_ = 0;
  absl::flat_hash_map<script::Sha1Digits, Script> scripts_;  // by their SHA-1
  size_t bytes_ = 0;

  std::atomic<bool> busy_{false};
  ScriptRequest request_;
  void (*body_)(ScriptRequest&) = nullptr;
  std::unique_ptr<script::Fiber> fiber_;  // made when it is needed
  Run run_;
  Client client_;
  std::unique_ptr<Client> orphan_;
};

}  // namespace keyhole::store
