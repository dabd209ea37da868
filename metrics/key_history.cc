#include "metrics/key_history.h"

#include <algorithm>
#include <bit>
#include <mutex>

namespace keyhole::metrics {
namespace {

constexpr size_t kMaxBytes = 3UL << 20;
constexpr int64_t kHour = 3600;
constexpr unsigned kDigits = 11;

uint16_t Pack(uint64_t number) {
  const auto width = static_cast<unsigned>(std::bit_width(number));
  const unsigned shift = width > kDigits ? std::min(width - kDigits, 31U) : 0;
  return static_cast<uint16_t>(shift << kDigits | ((number >> shift) & ((1U << kDigits) - 1)));
}

uint64_t Unpack(uint16_t packed) {
  return uint64_t{packed & ((1U << kDigits) - 1)} << (packed >> kDigits);
}

}  // namespace

KeyHistory::KeyHistory(KeyDirectory& directory)
    : directory_(directory), slots_(directory.other()), tracks_(slots_) {
  for (const int seconds : {10, 15, 20, 30, 60, 120, 300, 600, 1800}) {
    step_ = std::chrono::seconds(seconds);
    steps_ = static_cast<size_t>(kHour / seconds);
    if (steps_ * slots_ * sizeof(Cell) <= kMaxBytes) break;
  }
  cells_ = std::make_unique_for_overwrite<Cell[]>(steps_ * slots_);
}

void KeyHistory::Tick(Instant now) {
  if (now - began_ < step_) return;
  began_ = now;
  const std::lock_guard lock(directory_.control());
  for (size_t slot = 0, size = directory_.size(); slot < size; ++slot) {
    Track& track = tracks_[slot];
    const uint64_t hash = directory_.slot(slot).hash;
    const KeyTotals totals = directory_.Totals(slot);
    if (hash != track.hash || totals.hits < track.hits || totals.misses < track.misses) {
      track = {.hash = hash, .since = next_, .hits = 0, .misses = 0};
    }
    At(next_, slot) = {Pack(totals.hits - track.hits), Pack(totals.misses - track.misses)};
    track.hits = totals.hits;
    track.misses = totals.misses;
  }
  ++next_;
}

std::vector<KeyHistory::Step> KeyHistory::Read(size_t slot, size_t count) const {
  std::vector<Step> read;
  const uint64_t oldest = next_ - std::min<uint64_t>(next_, std::min(count, steps_));
  for (uint64_t step = std::max(oldest, tracks_[slot].since); step < next_; ++step) {
    // A slot that is younger than the first step has no cell there.
    if (tracks_[slot].hash == 0 && slot >= directory_.patterns()) break;
    const Cell& cell = At(step, slot);
    read.push_back({Unpack(cell.hits), Unpack(cell.misses)});
  }
  return read;
}

std::optional<size_t> KeyHistory::SlotOf(std::string_view label) const {
  const std::lock_guard lock(directory_.control());
  for (size_t slot = 0, size = directory_.size(); slot < size; ++slot) {
    if (directory_.slot(slot).exported() && directory_.label(slot) == label) return slot;
  }
  return std::nullopt;
}

}  // namespace keyhole::metrics
