// Where the embedded store announces messages for the sessions of one worker: whoever publishes may
// run on another one, so the bell leaves a note that the worker itself reads.
//
//     worker 1                          worker 0
//     PUBLISH -> Ring(client) --post--> Answer(client) -> its StoreLink -> Session -> client
//
// Thread: the worker's, but for Ring().
#pragma once

#include <cstdint>

#include "absl/container/flat_hash_map.h"
#include "proxy/core/store/store.h"

namespace keyhole::core {

class StoreLink;
struct WorkerState;

class StoreDoorbell final : public store::Doorbell {
 public:
  explicit StoreDoorbell(WorkerState& worker) : worker_(worker) {}

  void Ring(uint64_t client) override;  // any thread

  void Add(uint64_t client, StoreLink* link) { links_.emplace(client, link); }
  void Remove(uint64_t client) { links_.erase(client); }

 private:
  void Answer(uint64_t client);

  WorkerState& worker_;
  absl::flat_hash_map<uint64_t, StoreLink*> links_;
};

}  // namespace keyhole::core
