// Where the embedded store announces messages for the sessions of one worker: whoever publishes may
// run on another one, so the bell leaves a note that the worker itself reads.
//
//     worker 1                          worker 0
//     PUBLISH -> Ring(client) --post--> Answer(client) -> its StoreLink -> Session -> client
//
// Thread: the worker's, but for Ring().
#pragma once

#include <cstdint>
#include <functional>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "proxy/store/store.h"

namespace keyhole::core {

class StoreDoorbell final : public store::Doorbell {
 public:
  // Whose bell it is: a StoreLink.
  class Listener {
   public:
    virtual void OnRing() = 0;

   protected:
    ~Listener() = default;
  };
  // Runs f on the worker's thread, later. Any thread may call it.
  using Post = std::function<void(std::function<void()> f)>;

  explicit StoreDoorbell(Post post) : post_(std::move(post)) {}

  void Ring(uint64_t client) override;  // any thread

  // A request of this worker has begun to wait: Store::next_deadline() may be earlier than before.
  std::function<void()> on_wait = [] {};

  void Add(uint64_t client, Listener* listener) { listeners_.emplace(client, listener); }
  void Remove(uint64_t client) { listeners_.erase(client); }

 private:
  void Answer(uint64_t client);

  const Post post_;
  absl::flat_hash_map<uint64_t, Listener*> listeners_;
};

}  // namespace keyhole::core
