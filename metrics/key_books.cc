#include "metrics/key_books.h"

#include <utility>

namespace keyhole::metrics {
namespace {

// What SetPace() can change does not count.
bool HasSameSlots(const KeyOptions& a, KeyOptions b) {
  b.epoch = a.epoch;
  b.zero_hold = a.zero_hold;
  return a == b;
}

double UnixNow() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

}  // namespace

KeyBook::KeyBook(KeyOptions options, std::shared_ptr<KeyDirectory> before)
    : directory(std::make_shared<KeyDirectory>(std::move(options), before)),
      created(before == nullptr ? 0 : UnixNow()) {}

void KeyBook::Date(KeyTable* table) const {
  for (auto* keys : {&table->patterns, &table->keys}) {
    for (KeyCounts& key : *keys) {
      if (key.created == 0) key.created = created;
    }
  }
  table->other.created = created;
}

KeyBooks::KeyBooks(const KeyOptions& options) : now_(std::make_shared<KeyBook>(options)) {}

std::shared_ptr<KeyBook> KeyBooks::now() const {
  const std::lock_guard lock(mutex_);
  return now_;
}

void KeyBooks::Tick(KeyTracker::Instant at, double unix_now) {
  const std::shared_ptr<KeyBook> book = now();
  book->tracker.Tick(at, unix_now);
  const std::lock_guard lock(mutex_);
  book->directory->ForgetBefore();
}

bool KeyBooks::Change(const KeyOptions& options) {
  const std::lock_guard lock(mutex_);
  KeyDirectory& directory = *now_->directory;
  if (HasSameSlots(directory.given(), options)) {
    directory.SetPace(options.epoch, options.zero_hold);
    return false;
  }
  now_ = std::make_shared<KeyBook>(options, now_->directory);
  return true;
}

void KeyBooks::Follow(KeyStats& stats) {
  const std::lock_guard lock(mutex_);
  if (&stats.directory() != now_->directory.get()) stats.MoveTo(*now_->directory);
}

}  // namespace keyhole::metrics
