#include "metrics/key_directory.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "metrics/label.h"
#include "metrics/session_keys.h"
#include "resp/glob.h"

namespace keyhole::metrics {
namespace {

using State = KeySlot::State;
using Kind = KeyChange::Kind;

KeyOptions Usable(KeyOptions options) {
  if (options.labels == KeyLabels::kOff) options.capacity = 0;
  return options;
}

}  // namespace

KeyTotals& KeyTotals::operator+=(const KeyTotals& other) {
  hits += other.hits;
  misses += other.misses;
  errors += other.errors;
  bytes += other.bytes;
  return *this;
}

KeyDirectory::KeyDirectory(KeyOptions options, std::shared_ptr<KeyDirectory> before)
    : given_(std::move(options)),
      options_(Usable(given_)),
      slots_(std::make_unique<KeySlot[]>(other())),
      before_(std::move(before)) {
  if (before_ != nullptr) {
    const std::lock_guard lock(before_->control_);
    tracker_totals_.promotions = before_->tracker_totals_.promotions;
    tracker_totals_.demotions = before_->tracker_totals_.demotions;
  }
  labels_.insert(std::string(kOtherLabel));
  for (size_t i = 0; i < patterns(); ++i) {
    slots_[i].label = KeyLabel(options_.patterns[i]);
    slots_[i].state = State::kCounting;
    labels_.insert(slots_[i].label);
  }
  size_ = patterns();
}

void KeyDirectory::SetPace(std::chrono::nanoseconds epoch, std::chrono::nanoseconds zero_hold) {
  const std::lock_guard lock(control_);
  options_.epoch = epoch;
  options_.zero_hold = zero_hold;
}

KeyDirectory::~KeyDirectory() = default;

std::optional<size_t> KeyDirectory::MatchPattern(std::string_view key) const {
  for (size_t i = 0; i < patterns(); ++i) {
    if (resp::GlobMatches(options_.patterns[i], key)) return i;
  }
  return std::nullopt;
}

std::string KeyDirectory::LabelOf(std::string_view key) const {
  if (const std::optional<size_t> pattern = MatchPattern(key)) {
    return slots_[*pattern].label;
  }
  switch (options_.labels) {
    case KeyLabels::kOn:
      return options_.hash_sessions && IsSessionKey(key) ? SessionLabel(key) : KeyLabel(key);
    case KeyLabels::kHash:
      return HashLabel(key);
    case KeyLabels::kOff:
      break;
  }
  return std::string(kOtherLabel);
}

std::optional<size_t> KeyDirectory::Add(std::string_view key, const KeyIdentity& identity) {
  // Outside the mutex, for the key may be long. What is full stays full.
  std::string label = full() ? std::string() : LabelOf(key);

  const std::lock_guard lock(mutex_);
  if (const auto it = by_hash_.find(identity.hash()); it != by_hash_.end()) {
    if (slots_[it->second].identity == identity.bytes()) return it->second;
    return std::nullopt;
  }
  const size_t number = size_.load(std::memory_order_relaxed);
  if (number == other() || !labels_.insert(label).second) return std::nullopt;
  KeySlot& slot = slots_[number];
  slot.hash = identity.hash();
  slot.identity = identity.bytes();
  slot.label = std::move(label);
  slot.state.store(State::kCounting, std::memory_order_release);
  by_hash_.emplace(slot.hash, number);
  size_.store(number + 1, std::memory_order_release);
  Publish({Kind::kCount, static_cast<uint32_t>(number), slot.hash, slot.identity});
  return number;
}

void KeyDirectory::Name(size_t number, std::string_view key, const KeyIdentity& identity) {
  std::string label = LabelOf(key);
  const std::lock_guard lock(mutex_);
  KeySlot& slot = slots_[number];
  if (slot.next_named || slot.next_hash != identity.hash()) return;
  slot.next_identity = identity.bytes();
  slot.next_label = std::move(label);
  slot.next_named = true;
}

void KeyDirectory::Leave(WorkerCells* worker) {
  const std::lock_guard control(control_);
  const std::lock_guard lock(mutex_);
  for (size_t i = 0; i <= other(); ++i) tracker_totals_.retired += worker->totals(i);
  std::erase(workers_, worker);
}

KeyTotals KeyDirectory::Retired() const {
  KeyTotals sum = tracker_totals_.retired;
  if (before_ == nullptr) return sum;
  const std::lock_guard lock(before_->control_);
  return sum += before_->Sum();
}

KeyTotals KeyDirectory::Sum() const {
  KeyTotals sum = Retired();
  for (size_t i = 0, end = size(); i < end; ++i) sum += Totals(i);
  return sum += Totals(other());
}

bool KeyDirectory::IsLeft() const {
  const std::lock_guard control(control_);
  return workers_.empty() && before_ == nullptr;
}

void KeyDirectory::ForgetBefore() {
  const std::lock_guard control(control_);
  if (before_ == nullptr) return;
  before_->ForgetBefore();
  if (!before_->IsLeft()) return;
  tracker_totals_.retired += before_->tracker_totals_.retired;
  before_.reset();
}

// What a worker needs to know that has read nothing.
std::vector<KeyChange> KeyDirectory::Standing() const {
  std::vector<KeyChange> changes;
  for (size_t i = patterns(); i < size(); ++i) {
    if (slots_[i].state == State::kCounting) {
      changes.push_back(
          {Kind::kCount, static_cast<uint32_t>(i), slots_[i].hash, slots_[i].identity});
    }
  }
  return changes;
}

// REQUIRES: mutex_.
uint64_t KeyDirectory::Publish(KeyChange change) {
  log_.push_back(change);
  const uint64_t version = log_begin_ + log_.size();
  version_.store(version, std::memory_order_release);
  return version;
}

KeyTotals KeyDirectory::Totals(size_t number) const {
  KeyTotals sum;
  for (const WorkerCells* worker : workers_) sum += worker->totals(number);
  return sum;
}

void KeyDirectory::NoteScrape() {
  tracker_totals_.scraped = true;
  for (size_t i = patterns(); i < size(); ++i) slots_[i].shown = true;
}

bool KeyDirectory::Knows(uint64_t hash) const {
  const std::lock_guard lock(mutex_);
  return by_hash_.contains(hash);
}

uint64_t KeyDirectory::BeginEpoch(uint32_t sample_every) {
  const std::lock_guard lock(mutex_);
  return Publish({Kind::kEpoch, sample_every});
}

uint64_t KeyDirectory::Replace(size_t number, uint64_t hash) {
  const std::lock_guard lock(mutex_);
  KeySlot& slot = slots_[number];
  if (slot.state == State::kCounting) {
    Publish({Kind::kForget, 0, slot.hash});
    slot.state = State::kLeaving;
  } else {
    slot.state = State::kAwaited;
  }
  slot.next_hash = hash;
  slot.next_named = false;
  by_hash_.emplace(hash, number);
  return Publish({Kind::kAwait, static_cast<uint32_t>(number), hash});
}

void KeyDirectory::Cancel(size_t number) {
  const std::lock_guard lock(mutex_);
  KeySlot& slot = slots_[number];
  Publish({Kind::kForget, 0, slot.next_hash});
  by_hash_.erase(slot.next_hash);
  slot.next_hash = 0;
  slot.next_named = false;
  slot.state = State::kFree;
}

void KeyDirectory::Count(size_t number) {
  const std::lock_guard lock(mutex_);
  KeySlot& slot = slots_[number];
  slot.state = State::kCounting;
  Publish({Kind::kCount, static_cast<uint32_t>(number), slot.hash, slot.identity});
}

KeyTotals KeyDirectory::Retire(size_t number) {
  const std::lock_guard lock(mutex_);
  const KeyTotals totals = Totals(number);
  for (WorkerCells* worker : workers_) worker->Reset(number);
  KeySlot& slot = slots_[number];
  by_hash_.erase(slot.hash);
  labels_.erase(slot.label);
  slot.identity.clear();
  slot.label.clear();
  slot.state = State::kAwaited;
  return totals;
}

bool KeyDirectory::Hold(size_t number, double unix_now) {
  {
    const std::lock_guard lock(mutex_);
    KeySlot& slot = slots_[number];
    if (!slot.next_named) return false;
    if (labels_.insert(slot.next_label).second) {
      slot.hash = slot.next_hash;
      slot.identity = std::move(slot.next_identity);
      slot.label = std::move(slot.next_label);
      slot.created = unix_now;
      slot.shown = false;
      slot.next_hash = 0;
      slot.next_named = false;
      slot.state = State::kHeld;
      return true;
    }
  }
  Cancel(number);
  return false;
}

uint64_t KeyDirectory::Trim() {
  const std::lock_guard lock(mutex_);
  uint64_t seen = log_begin_ + log_.size();
  for (const WorkerCells* worker : workers_) seen = std::min(seen, worker->seen());
  for (; log_begin_ < seen; ++log_begin_) log_.pop_front();
  return seen;
}

}  // namespace keyhole::metrics
