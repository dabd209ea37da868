// The inside of keyhole::Connection: a caller, and the bytes and replies that its views are of.
//
// Owner: a Connection. Thread: one at a time.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "include/keyhole/keyhole.h"
#include "proxy/library/caller.h"
#include "proxy/library/replies.h"
#include "resp/byte_queue.h"
#include "resp/command_table.h"
#include "resp/direct_command.h"
#include "resp/hashed_key.h"

namespace keyhole {

class [[gnu::visibility("hidden")]] Connection::State {
 public:
  using Words = Caller::Words;

  explicit State(std::shared_ptr<Lane> lane);
  ~State();
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  // One request, and several. Views live until the next call of any of these.
  Reply Ask(Words request, const CallOptions& options);
  Reply Ask(std::initializer_list<std::string_view> request, const CallOptions& options) {
    return Ask(Words(request.begin(), request.size()), options);
  }
  std::span<const Reply> AskAll(std::span<const Words> requests, const CallOptions& options);
  Result<std::string_view> Get(std::string_view key, const CallOptions& options);
  Result<bool> Set(std::string_view key, std::string_view value, std::chrono::milliseconds ttl,
                   const CallOptions& options);
  Result<std::span<const Value>> Mget(Words keys, const CallOptions& options);
  Result<int64_t> Del(Words keys, const CallOptions& options);
  Result<int64_t> Incr(std::string_view key, int64_t by, const CallOptions& options);
  const std::shared_ptr<Lane>& lane() const {
    return lane_;
  }

 private:
  using DirectCommand = resp::DirectCommand;

  // Without a request, if that can be.
  bool Direct(DirectCommand * command, const CallOptions& options) {
    return !options.cancel.stop_requested() && caller_->Direct(command);
  }
  std::string* NextText() {
    return &texts_[last_ ^= 1];
  }
  std::span<const resp::HashedKey> Hash(Words keys);
  // Ask(), with bytes of a request and a reply.
  Reply Request(const resp::CommandSpec& spec, Words request, const CallOptions& options);
  // command, then these.
  Reply AskAbout(resp::CommandId command, Words words, const CallOptions& options);
  Caller::Outcome Run(std::span<const Words> requests, const CallOptions& options);

  const std::shared_ptr<Lane> lane_;
  const std::shared_ptr<Caller> caller_;
  resp::ByteQueue bytes_;
  Replies replies_;
  std::vector<Reply> all_;
  // What the last direct read has given, and the one before: its key may be a view of that.
  std::string texts_[2];
  size_t last_ = 0;
  std::vector<Value> values_;
  std::vector<int64_t> sizes_;
  std::vector<resp::HashedKey> hashed_;
  std::vector<std::string_view> words_;
};

}  // namespace keyhole
