// Decides which keys have series of their own, once the directory is full.
//
// Each epoch (10 s) the workers' sketches are merged and compared with what the tracked keys got:
//
//   candidate  an untracked key, weighed by a lower bound of its lookups in the epoch: what the
//              sketch is sure of, less twice the error of sampling
//   demotable  a tracked key, weighed by its lookups in the epoch, or three quarters of its last
//              weight if that is more: one quiet epoch makes no key light
//
// The heaviest candidate takes the slot of the lightest demotable key, and so on, while
//
//   - the candidate is more than 1.5 times as heavy (hysteresis),
//   - that key is not new, that is six epochs after its promotion. A key that was tracked because
//     it came first is not protected: a table that filled with light keys is put right at once.
//   - there is allowance left: `churn` of the table per minute, saved up to one whole table.
//
// Candidates that belong to the heaviest tenth of a table are privileged: no tracked key is too new
// for them, and the last fifth of a table of allowance is theirs, so that light keys have not used
// it up when the hot set moves.
//
// Allowance for a whole table at the start, and after quiet times, is what finds the heavy keys
// within two epochs: 95 of the top 100 of a million keys, also when the hot set moves every minute
// (tests/bench/key_tracking_bench). With 1 % a minute, or with five minutes for all, it would
// take hours. What keeps Prometheus' index small is not that limit but that noise moves little:
// between keys of one weight stand the hysteresis and the error of sampling. The default of 20 % a
// minute bounds the worst case, a hot set that moves for ever: 200 new keys a minute with N = 1000.
//
// A promoted key is exported at 0 and counted under __other__ for `zero_hold`, and until a scrape
// has shown it (if nobody has scraped for five minutes, nobody is waited for). So rate() is right
// for the new series, also if the key had one before.
//
// Owner:  one per process. Thread: any, one at a time (it takes directory.control()).
// Cost:   an epoch with N = 1000 some 200 us per worker; a tick without anything to do some 1 us.
// Source: the bounds are Space-Saving's, see key_sketch.h.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "metrics/key_directory.h"
#include "metrics/key_table.h"

namespace keyhole::metrics {

class KeyTracker {
 public:
  using Instant = std::chrono::steady_clock::time_point;
  // Untracked lookups, one in so many of which is shown to the sketch where they are many.
  static constexpr uint32_t kSampleEvery = 8;

  // The directory must outlive this.
  explicit KeyTracker(KeyDirectory& directory);

  // To be called several times an epoch: ten times a second.
  // unix_now: seconds since 1970.
  void Tick(Instant now, double unix_now);

  // All keys with their rates over the last minute (or as long as they are there).
  KeyTable Table(Instant now) const;

 private:
  static constexpr size_t kMoments = 7;  // ten seconds apart, so the oldest is a minute old

  // What is remembered of a slot, beyond what the directory has.
  struct Track {
    Instant since{};          // of its state; the beginning of time for first-come keys
    uint64_t published = 0;   // kLeaving: all workers must have read so far
    uint64_t epoch_base = 0;  // lookups before the epoch that runs
    bool is_new = false;      // too new to be taken away by just anybody
    double recent = 0;        // lookups in the last epoch; until it counts, as a candidate
    double weight = 0;        // the same, but it falls slowly
    double next_weight = 0;   // of the candidate that is to have the slot
    std::array<uint64_t, kMoments> requests{};  // at the moments
  };
  struct Candidate {
    uint64_t hash;
    double weight;
  };

  void MoveSlots(Instant now, double unix_now, uint64_t heard);
  void MoveAwaited(size_t slot, Instant now, double unix_now);
  void Forget(size_t slot, Instant now);
  void MoveHeld(size_t slot, Instant now);
  void NoteMoment(Instant now);
  void EndEpoch(Instant now);
  std::vector<Candidate> Candidates();
  std::vector<size_t> Demotable(Instant now);
  void Exchange(const std::vector<Candidate>& candidates, const std::vector<size_t>& demotable,
                Instant now);
  double HeaviestTenth(const std::vector<Candidate>& candidates) const;
  uint32_t ChooseSampling(std::chrono::duration<double> epoch);
  uint64_t Lookups(size_t slot) const;
  size_t first() const { return directory_.patterns(); }

  KeyDirectory& directory_;
  std::vector<Track> tracks_;
  bool begun_ = false;
  Instant epoch_began_{};
  Instant refilled_{};
  Instant last_scrape_{};
  uint64_t epoch_published_ = 0;  // workers must have read so far to judge the epoch; 0: none
  uint32_t sample_every_ = 1;     // in the epoch that runs
  uint32_t sampled_every_ = 1;    // in the one to be judged
  uint64_t other_base_ = 0;       // lookups under __other__ before the epoch that runs
  double allowance_ = 0;          // slots that may change hands now
  std::vector<Instant> moments_;  // the oldest first, at most kMoments
};

}  // namespace keyhole::metrics
