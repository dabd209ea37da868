// Who runs scripts, as they see it: what redis.call() and its kin ask for.
//
// Thread: that of the script. Its functions are called on the script's stack and throw nothing.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "resp/byte_queue.h"
#include "resp/wire.h"

namespace keyhole::script {

class Host {
 public:
  // Runs a command; its reply is appended. Not empty: it may not run, for this reason ("ERR ...").
  virtual std::string Call(std::span<const std::string_view> args, resp::ByteQueue* reply) = 0;
  // There is such a command, and the client may say it.
  enum class Permission { kUnknown, kRefused, kGranted };
  virtual Permission PermissionFor(std::span<const std::string_view> args) = 0;
  // In which protocol commands answer from now on.
  virtual void SetProtocol(resp::Protocol protocol) = 0;
  virtual resp::Protocol protocol() const = 0;
  // redis.log(); level: 0 (debug) to 3 (warning).
  virtual void Log(int level, std::string_view line) = 0;
  // Called every millisecond or so, however long the script runs. True: it is to end now.
  virtual bool Interrupt() = 0;

 protected:
  ~Host() = default;
};

}  // namespace keyhole::script
