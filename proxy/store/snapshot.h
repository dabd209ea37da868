// A snapshot that is under way, and what is known of the last ones.
//
//     kIdle --Begin()--> kWalking --all has been given--> kWriting --End()--> kIdle
//
// Consistent at one moment: that of Begin(), when every shard of every database begins a walk
// (Shard::BeginWalk). What has not been walked over is given before it changes, so no command waits
// for the walk and nothing is copied; what there is beyond the data are the bytes on their way to
// the file. If those come to be too many, as the disk is slow and clients change much, the snapshot
// is given up: the walk goes on and its bytes are dropped.
//
// Thread: OnEntry() and OnWalked() under the lock of a stripe; Take() from the one that writes; the
// rest under all locks of the store, but for what is said to be for any thread.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "proxy/store/keyspace/keyspace.h"
#include "proxy/store/rdb/snapshot_writer.h"

namespace keyhole::store {

class Snapshot final : private EntrySink {
 public:
  enum class Phase : uint8_t { kIdle, kWalking, kWriting };

  // REQUIRES: kIdle.
  void Begin(std::vector<Keyspace>& databases, size_t memory, UnixMillis now);
  // The bytes made since the last call; `backlog` of those before are not in the file yet. Sets
  // *last with the last ones: then there is nothing more until End(). REQUIRES: kWalking.
  std::string Take(size_t backlog, bool* last);
  // The file is there, or is not. REQUIRES: kWriting.
  void End(bool written, UnixMillis now);
  // It has been given up.
  bool dropped() const { return dropped_.load(std::memory_order_relaxed); }

  // For any thread, as all up to failed().
  Phase phase() const { return phase_.load(std::memory_order_relaxed); }
  // Milliseconds since the epoch; 0: there was none since the start.
  UnixMillis last_saved() const { return last_saved_.load(std::memory_order_relaxed); }
  UnixMillis began() const { return began_.load(std::memory_order_relaxed); }  // the last one
  // How long the last one took that was written, and how many have been and have not been.
  int64_t last_took() const { return last_took_.load(std::memory_order_relaxed); }
  uint64_t saved() const { return saved_.load(std::memory_order_relaxed); }
  uint64_t failed() const { return failed_.load(std::memory_order_relaxed); }

  bool last_ok() const { return last_ok_; }
  // Of the store, when that was; and when the last one began that was written.
  uint64_t changes_at_save() const { return changes_at_save_; }
  void set_changes_at_begin(uint64_t changes) { changes_at_begin_ = changes; }

  // The store was filled with so many keys at its start, which made so many changes.
  void Loaded(uint64_t keys, uint64_t expired, uint64_t changes) {
    loaded_keys_ = keys;
    loaded_expired_ = expired;
    changes_at_save_ = changes;
  }
  uint64_t loaded_keys() const { return loaded_keys_; }
  uint64_t loaded_expired() const { return loaded_expired_; }

  // Clients that wait for the end of it: SAVE.
  std::vector<uint64_t> savers;

 private:
  size_t OnEntry(int database, Entry entry) override;
  void OnWalked() override;

  std::atomic<Phase> phase_{Phase::kIdle};
  std::atomic<bool> dropped_{false};
  std::atomic<size_t> walks_left_{0};  // shards
  std::mutex mutex_;
  std::unique_ptr<rdb::SnapshotWriter> writer_;  // under the mutex, as the next
  size_t backlog_ = 0;
  size_t most_pending_ = 0;

  std::atomic<UnixMillis> began_{0};
  bool last_ok_ = true;
  uint64_t loaded_keys_ = 0;
  uint64_t loaded_expired_ = 0;
  uint64_t changes_at_begin_ = 0;
  uint64_t changes_at_save_ = 0;
  std::atomic<UnixMillis> last_saved_{0};
  std::atomic<int64_t> last_took_{0};
  std::atomic<uint64_t> saved_{0};
  std::atomic<uint64_t> failed_{0};
};

}  // namespace keyhole::store
