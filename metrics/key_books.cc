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

}  // namespace

KeyBook::KeyBook(KeyOptions options, std::shared_ptr<KeyDirectory> before)
    : directory(std::make_shared<KeyDirectory>(std::move(options), std::move(before))) {}

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
