#include "metrics/key_stats.h"

#include <algorithm>
#include <mutex>

namespace keyhole::metrics {
namespace {

constexpr size_t kEntriesPerSlot = 4;
constexpr size_t kFewestEntries = 4096;

size_t SketchEntries(const KeyOptions& options) {
  if (options.capacity == 0 || options.churn <= 0) return 0;
  return std::max(kFewestEntries, kEntriesPerSlot * options.capacity);
}

}  // namespace

KeyStats::KeyStats(KeyDirectory& directory)
    : directory_(&directory),
      cells_(directory.other() + 1),
      sketches_{KeySketch(SketchEntries(directory.options())),
                KeySketch(SketchEntries(directory.options()))} {
  const std::lock_guard control(directory.control());
  Enter();
}

void KeyStats::MoveTo(KeyDirectory& directory) {
  directory_->Leave(this);
  directory_ = &directory;
  cells_ = KeyCells(directory.other() + 1);
  for (KeySketch& sketch : sketches_) sketch = KeySketch(SketchEntries(directory.options()));
  const std::lock_guard control(directory.control());
  Enter();
}

void KeyStats::Enter() {
  other_ = directory_->other();
  searched_ = directory_->capacity() > 0;
  has_patterns_ = directory_->patterns() > 0;
  active_ = 0;
  countdown_ = 1;
  sample_every_ = directory_->options().churn > 0 ? 1 : 0;
  full_ = directory_->full();
  seen_ = directory_->Join(this, [this](const KeyChange& change) { Apply(change); });
}

KeyStats::~KeyStats() {
  directory_->Leave(this);
}

void KeyStats::RecordError(std::string_view key) {
  size_t slot = other_;
  if (const auto pattern = directory_->MatchPattern(key)) {
    slot = *pattern;
  } else if (searched_) {
    const KeyIdentity identity(key);
    const KeyCell* const cell = cells_.Find(identity.hash());
    if (cell != nullptr && cell->IsFor(identity.bytes())) slot = cells_.SlotOf(*cell);
  }
  cells_[slot].errors.Add();
}

// In two steps, each for all before the next, so that the first has come when the second asks.
void KeyStats::Prefetch(std::span<const resp::HashedKey> keys) const {
  if (!searched_ || has_patterns_) return;
  for (const resp::HashedKey& key : keys) cells_.FetchIndex(key.hash);
  for (const resp::HashedKey& key : keys) cells_.FetchCell(key.hash);
}

void KeyStats::Reset(size_t slot) {
  KeyCell& cell = cells_[slot];
  for (Counter* counter : {&cell.hits, &cell.misses, &cell.errors, &cell.bytes}) counter->Reset();
}

size_t KeyStats::SlotWithoutTable(std::string_view key) {
  return has_patterns_ ? directory_->MatchPattern(key).value_or(other_) : other_;
}

size_t KeyStats::Add(std::string_view key, const KeyIdentity& identity) {
  const std::optional<size_t> slot = directory_->Add(key, identity);
  ReadChanges();
  return slot.value_or(other_);
}

// Looked out for, and here it is. One worker is enough, but each sees its own table only.
void KeyStats::Introduce(std::string_view key, const KeyIdentity& identity, KeyCell* cell) {
  cell->set_met();
  directory_->Name(cells_.SlotOf(*cell), key, identity);
}

// Which lookups are shown is left to chance, so that traffic that repeats itself hides nothing.
void KeyStats::Sample(uint64_t hash) {
  countdown_ = 0;  // for ever, in practice
  if (sample_every_ == 0) return;
  random_ ^= random_ << 13;  // xorshift32, George Marsaglia
  random_ ^= random_ >> 17;
  random_ ^= random_ << 5;
  countdown_ = 1 + random_ % (2 * sample_every_ - 1);
  sketches_[active_].Offer(hash);
}

void KeyStats::ReadChanges() {
  // Asked first: whoever makes it full tells of that key under the same lock.
  const bool full = directory_->full();
  const uint64_t seen = directory_->ReadChanges(seen_.load(std::memory_order_relaxed),
                                                [this](const KeyChange& change) { Apply(change); });
  full_ = full;
  seen_.store(seen, std::memory_order_release);
}

void KeyStats::Apply(const KeyChange& change) {
  switch (change.kind) {
    case KeyChange::Kind::kCount:
      cells_.Set(change.hash, change.number, change.identity);
      break;
    case KeyChange::Kind::kAwait:
      cells_.Await(change.hash, change.number);
      break;
    case KeyChange::Kind::kForget:
      cells_.Forget(change.hash);
      break;
    case KeyChange::Kind::kEpoch:
      active_ = 1 - active_;
      sample_every_ = change.number;
      countdown_ = 1;
      break;
  }
}

}  // namespace keyhole::metrics
