// The inside of keyhole::Subscription: a caller that listens.
//
//     the lane                              the worker, holding nothing
//     bytes --> Take: inbox_ --posted once--> Deliver: whole messages --> the program's function
//
// Owner: a Subscription, and what is posted. Thread: as said at each.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "include/keyhole/keyhole.h"
#include "proxy/library/caller.h"
#include "resp/byte_queue.h"
#include "resp/command_table.h"

namespace keyhole {

class [[gnu::visibility("hidden")]] Subscription::State
    : public std::enable_shared_from_this<Subscription::State> {
 public:
  // command: one that subscribes to these names.
  static Result<Subscription> Begin(std::shared_ptr<Lane> lane, resp::CommandId command,
                                    const std::vector<std::string>& names, MessageFunction function,
                                    const CallOptions& options);
  State(std::shared_ptr<Lane> lane, MessageFunction function);

  // The program's thread: when it returns the function is not called any more; it may be the
  // function itself that does this.
  void End();
  bool active() const {
    return caller_->attached();
  }

 private:
  void Take(std::string_view bytes);  // on the lane
  void Deliver();                     // on the worker
  void Tell(std::string_view message);

  const std::shared_ptr<Lane> lane_;
  const std::shared_ptr<Caller> caller_;
  std::mutex inbox_mutex_;  // guards the next three
  resp::ByteQueue inbox_;
  bool posted_ = false;
  std::string refusal_;
  std::recursive_mutex telling_;  // held while the function runs; guards the rest
  const MessageFunction function_;
  bool ended_ = false;
};

}  // namespace keyhole
