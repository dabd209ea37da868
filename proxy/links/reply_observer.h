// Who wants to know of all that passes through a worker's links: the near cache.
//
// Thread: its worker's.
#pragma once

#include <cstdint>
#include <string_view>

#include "resp/command_table.h"

namespace keyhole::core {

class ReplyObserver {
 public:
  // A request with this row has been answered.
  virtual void OnAnswered(const resp::CommandSpec& spec) = 0;
  // One of its keys, and how many bytes of value it was answered with.
  virtual void OnAnsweredFor(const resp::CommandSpec& spec, std::string_view key,
                             uint64_t bytes) = 0;

 protected:
  ~ReplyObserver() = default;
};

}  // namespace keyhole::core
