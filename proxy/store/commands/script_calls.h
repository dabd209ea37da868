// The commands that a script calls, as its caller.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "proxy/store/commands/handlers.h"
#include "proxy/store/script/host.h"

namespace keyhole::store {

// For one run; `call` is the command that runs the script.
class ScriptCalls final : public script::Host {
 public:
  // flags: script::ScriptFlag. read_only: EVAL_RO and its kind.
  ScriptCalls(store::Call& call, uint32_t flags, bool read_only);
  // Tells the caller's counters, and what it has read.
  ~ScriptCalls();

  std::string Call(std::span<const std::string_view> args, resp::ByteQueue* reply) override;
  Permission PermissionFor(std::span<const std::string_view> args) override;
  void SetProtocol(resp::Protocol protocol) override { client_.protocol = protocol; }
  resp::Protocol protocol() const override { return client_.protocol; }
  void Log(int level, std::string_view line) override;
  bool Interrupt() override;

 private:
  std::string_view Objection(const resp::CommandSpec& spec,
                             std::span<const std::string_view> args) const;
  std::string_view WriteObjection(const resp::CommandSpec& spec) const;

  store::Call& call_;
  Engine& engine_;
  Client& client_;
  const bool read_only_;
  const bool allow_oom_;
  const bool full_;  // memory was, when it began
};

}  // namespace keyhole::store
