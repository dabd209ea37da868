#include "metrics/key_tracker.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "metrics/key_sketch.h"

namespace keyhole::metrics {
namespace {

using State = KeySlot::State;
using Seconds = std::chrono::duration<double>;

constexpr double kHysteresis = 1.5;
constexpr double kDecay = 0.75;            // of a tracked key's weight in an epoch without lookups
constexpr double kReserve = 0.2;           // of a table, for the heaviest tenth
constexpr double kSigmas = 2;              // of sampling, by which a candidate's weight is lowered
constexpr int kProtectedEpochs = 6;        // after a promotion
constexpr double kManyPerSecond = 20'000;  // untracked lookups per worker
constexpr std::chrono::seconds kMomentsApart{10};
constexpr std::chrono::minutes kNobodyScrapes{5};

}  // namespace

KeyTracker::KeyTracker(KeyDirectory& directory)
    : directory_(directory),
      tracks_(directory.other()),
      allowance_(static_cast<double>(directory.capacity())) {}

void KeyTracker::Tick(Instant now, double unix_now) {
  const std::lock_guard lock(directory_.control());
  if (!begun_) {
    begun_ = true;
    epoch_began_ = refilled_ = now;
    last_scrape_ = now - kNobodyScrapes;
  }
  TrackerTotals& totals = directory_.tracker_totals();
  if (std::exchange(totals.scraped, false)) last_scrape_ = now;
  if (moments_.empty() || now - moments_.back() >= kMomentsApart) NoteMoment(now);
  const uint64_t heard = directory_.Trim();
  if (directory_.capacity() == 0 || directory_.options().churn <= 0) return;
  totals.sample_ratio = 1.0 / sample_every_;

  MoveSlots(now, unix_now, heard);
  if (epoch_published_ != 0 && heard >= epoch_published_) {
    epoch_published_ = 0;
    EndEpoch(now);
  } else if (epoch_published_ == 0 && now - epoch_began_ >= directory_.options().epoch) {
    sampled_every_ = sample_every_;
    sample_every_ = ChooseSampling(now - epoch_began_);
    epoch_published_ = directory_.BeginEpoch(sample_every_);
    epoch_began_ = now;
  }
}

void KeyTracker::MoveSlots(Instant now, double unix_now, uint64_t heard) {
  if (!directory_.full()) return;  // nothing has changed hands yet
  for (size_t slot = first(); slot < directory_.other(); ++slot) {
    const State state = directory_.slot(slot).state.load(std::memory_order_relaxed);
    if (state == State::kLeaving && heard >= tracks_[slot].published) {
      TrackerTotals& totals = directory_.tracker_totals();
      totals.retired += directory_.Retire(slot);
      ++totals.demotions;
      Forget(slot, now);
      MoveAwaited(slot, now, unix_now);
    } else if (state == State::kAwaited) {
      MoveAwaited(slot, now, unix_now);
    } else if (state == State::kHeld) {
      MoveHeld(slot, now);
    }
  }
}

// Nothing of the key that had the slot is left.
void KeyTracker::Forget(size_t slot, Instant now) {
  Track& track = tracks_[slot];
  const double next_weight = track.next_weight;
  track = Track();
  track.since = now;
  track.next_weight = next_weight;
}

void KeyTracker::MoveAwaited(size_t slot, Instant now, double unix_now) {
  if (directory_.Hold(slot, unix_now)) {
    ++directory_.tracker_totals().promotions;
    Track& track = tracks_[slot];
    track.since = now;
    track.recent = track.weight = track.next_weight;
  } else if (directory_.slot(slot).state == State::kAwaited &&
             now - tracks_[slot].since >= directory_.options().epoch) {
    directory_.Cancel(slot);  // it did not come by again
  }
}

void KeyTracker::MoveHeld(size_t slot, Instant now) {
  if (now - tracks_[slot].since < directory_.options().zero_hold) return;
  if (!directory_.slot(slot).shown && now - last_scrape_ < kNobodyScrapes) return;
  directory_.Count(slot);
  tracks_[slot].since = now;
}

uint64_t KeyTracker::Lookups(size_t slot) const {
  const KeyTotals totals = directory_.Totals(slot);
  return totals.hits + totals.misses;
}

// One lookup in eight is enough where there are many; where there are few each is worth having.
uint32_t KeyTracker::ChooseSampling(Seconds epoch) {
  const uint64_t lookups = Lookups(directory_.other());
  const double untracked = static_cast<double>(lookups - other_base_);
  other_base_ = lookups;
  const auto workers = static_cast<double>(directory_.workers().size());
  return untracked > kManyPerSecond * workers * epoch.count() ? kSampleEvery : 1;
}

void KeyTracker::EndEpoch(Instant now) {
  const KeyOptions& options = directory_.options();
  const double slots = static_cast<double>(options.capacity);
  const double minutes = Seconds(now - refilled_).count() / 60;
  refilled_ = now;
  allowance_ = std::min(slots, allowance_ + options.churn * slots * minutes);

  // Weights first: they are of the epoch whether or not there is room.
  const std::vector<size_t> demotable = Demotable(now);
  const std::vector<Candidate> candidates = Candidates();
  if (directory_.full()) Exchange(candidates, demotable, now);
}

// The untracked keys that were seen, the heaviest first.
std::vector<KeyTracker::Candidate> KeyTracker::Candidates() {
  absl::flat_hash_map<uint64_t, uint64_t, HashedAlready> sure;  // times shown to a sketch
  double max_error = 0;
  for (WorkerCells* worker : directory_.workers()) {
    KeySketch& sketch = worker->past_sketch();
    sketch.ForEach([&](uint64_t hash, uint32_t count, uint32_t error) {
      if (count > error) sure[hash] += count - error;
    });
    max_error += sketch.MaxError();
    sketch.Clear();
  }
  directory_.tracker_totals().sketch_error = max_error * sampled_every_;
  std::vector<Candidate> candidates;
  for (const auto& [hash, times] : sure) {
    const auto n = static_cast<double>(times);
    const double weight = sampled_every_ * (n - kSigmas * std::sqrt(n));
    if (weight > 0 && !directory_.Knows(hash)) candidates.push_back({hash, weight});
  }
  std::sort(candidates.begin(), candidates.end(),
            [](const Candidate& a, const Candidate& b) { return a.weight > b.weight; });
  return candidates;
}

// The slots that may be taken, free ones and those of the lightest keys first.
std::vector<size_t> KeyTracker::Demotable(Instant now) {
  std::vector<size_t> demotable;
  const auto protection = kProtectedEpochs * directory_.options().epoch;
  for (size_t slot = first(); slot < directory_.size(); ++slot) {
    Track& track = tracks_[slot];
    const State state = directory_.slot(slot).state.load(std::memory_order_acquire);
    if (state == State::kCounting || state == State::kFree) {
      const uint64_t lookups = Lookups(slot);
      track.recent = static_cast<double>(lookups - track.epoch_base);
      track.weight = std::max(track.recent, kDecay * track.weight);
      track.epoch_base = lookups;
    }
    track.is_new = track.since != Instant{} && now - track.since < protection;
    if (state == State::kFree || state == State::kCounting) demotable.push_back(slot);
  }
  std::sort(demotable.begin(), demotable.end(),
            [this](size_t a, size_t b) { return tracks_[a].weight < tracks_[b].weight; });
  return demotable;
}

// What a key must have been looked up in the last epoch to belong to the heaviest tenth of a table.
double KeyTracker::HeaviestTenth(const std::vector<Candidate>& candidates) const {
  std::vector<double> recent;
  for (const Candidate& candidate : candidates) recent.push_back(candidate.weight);
  for (size_t slot = first(); slot < directory_.size(); ++slot) {
    recent.push_back(tracks_[slot].recent);
  }
  const auto tenth = recent.begin() + static_cast<std::ptrdiff_t>(directory_.capacity() / 10);
  std::nth_element(recent.begin(), tenth, recent.end(), std::greater<>());
  return *tenth;
}

void KeyTracker::Exchange(const std::vector<Candidate>& candidates,
                          const std::vector<size_t>& demotable, Instant now) {
  const double heavy = HeaviestTenth(candidates);
  const double reserve = kReserve * static_cast<double>(directory_.capacity());
  auto next = demotable.begin();
  for (const Candidate& candidate : candidates) {
    const bool privileged = candidate.weight >= heavy;
    if (allowance_ < (privileged ? 1 : 1 + reserve)) break;
    while (next != demotable.end() && tracks_[*next].is_new && !privileged) ++next;
    if (next == demotable.end()) break;
    Track& track = tracks_[*next];
    if (candidate.weight <= kHysteresis * track.weight) break;
    track.published = directory_.Replace(*next++, candidate.hash);
    track.since = now;
    track.next_weight = candidate.weight;
    allowance_ -= 1;
  }
}

void KeyTracker::NoteMoment(Instant now) {
  if (moments_.size() == kMoments) {
    moments_.erase(moments_.begin());
    for (Track& track : tracks_) {
      std::rotate(track.requests.begin(), track.requests.begin() + 1, track.requests.end());
    }
  }
  moments_.push_back(now);
  for (size_t slot = 0; slot < directory_.size(); ++slot) {
    tracks_[slot].requests[moments_.size() - 1] = directory_.Totals(slot).requests();
  }
}

KeyTable KeyTracker::Table(Instant now) const {
  const std::lock_guard lock(directory_.control());
  KeyTable table = ReadKeysLocked(directory_, /*scrape=*/false);
  if (moments_.empty()) return table;
  // The youngest moment that is a minute old, else the oldest.
  size_t at = 0;
  while (at + 1 < moments_.size() && now - moments_[at + 1] >= std::chrono::minutes(1)) ++at;
  for (auto* keys : {&table.patterns, &table.keys}) {
    for (KeyCounts& key : *keys) {
      const Track& track = tracks_[key.slot];
      const Seconds time = now - std::max(moments_[at], track.since);
      const uint64_t before = std::min(track.requests[at], key.requests());
      if (time.count() > 0) key.rate = static_cast<double>(key.requests() - before) / time.count();
    }
  }
  return table;
}

}  // namespace keyhole::metrics
