// The inside of keyhole::Connection: a caller, and the bytes and replies that its views are of.
//
// Owner: a Connection. Thread: one at a time.
#pragma once

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
  Result<std::span<const Value>> Mget(Words keys, const CallOptions& options);
  // command, then these.
  Reply AskAbout(resp::CommandId command, Words words, const CallOptions& options);
  const std::shared_ptr<Lane>& lane() const {
    return lane_;
  }

 private:
  Caller::Outcome Run(std::span<const Words> requests, const CallOptions& options);

  const std::shared_ptr<Lane> lane_;
  const std::shared_ptr<Caller> caller_;
  resp::ByteQueue bytes_;
  Replies replies_;
  std::vector<Reply> all_;
  std::string value_;
  std::vector<Value> values_;
  std::vector<std::string_view> words_;
};

}  // namespace keyhole
