#include "proxy/store/snapshot.h"

#include <algorithm>
#include <cassert>

namespace keyhole::store {

void Snapshot::Begin(std::vector<Keyspace>& databases, size_t memory, UnixMillis now) {
  constexpr size_t kLeastPending = size_t{32} << 20;
  assert(phase() == Phase::kIdle);
  const std::lock_guard lock(mutex_);
  writer_ = std::make_unique<rdb::SnapshotWriter>();
  writer_->Begin(now, memory);
  backlog_ = 0;
  most_pending_ = std::max(memory / 10, kLeastPending);
  began_ = now;
  dropped_ = false;
  walks_left_ = databases.size() * databases.front().shard_count();
  for (size_t i = 0; i < databases.size(); ++i) {
    Keyspace& db = databases[i];
    if (db.size() > 0) writer_->Sizes(static_cast<int>(i), db.size(), db.expiring());
    for (size_t shard = 0; shard < db.shard_count(); ++shard) {
      db.shard(shard).BeginWalk(this, static_cast<int>(i));
    }
  }
  phase_ = Phase::kWalking;
}

size_t Snapshot::OnEntry(int database, Entry entry) {
  if (dropped()) return 0;
  const std::lock_guard lock(mutex_);
  const size_t before = writer_->pending();
  writer_->Add(database, entry);
  const size_t after = writer_->pending();
  // One huge value may be more than that by itself.
  if (before + backlog_ > most_pending_) {
    dropped_ = true;
    writer_ = std::make_unique<rdb::SnapshotWriter>();
  }
  return after - before;
}

void Snapshot::OnWalked() {
  walks_left_.fetch_sub(1);
}

std::string Snapshot::Take(size_t backlog, bool* last) {
  assert(phase() == Phase::kWalking);
  *last = walks_left_.load() == 0;
  const std::lock_guard lock(mutex_);
  if (*last) {
    phase_ = Phase::kWriting;
    if (!dropped()) writer_->End();
  }
  backlog_ = backlog + writer_->pending();
  return writer_->Take();
}

void Snapshot::End(bool written, UnixMillis now) {
  assert(phase() == Phase::kWriting);
  phase_ = Phase::kIdle;
  last_ok_ = written;
  (written ? saved_ : failed_).fetch_add(1, std::memory_order_relaxed);
  if (!written) return;
  last_took_ = now - began_;
  last_saved_ = now;
  changes_at_save_ = changes_at_begin_;
}

}  // namespace keyhole::store
