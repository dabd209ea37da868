// How often each tracked key was a hit and a miss in the last hour, in steps of ten seconds or
// more: what the page draws of a key.
//
//              slot 0   slot 1   ...
//     step n   4 bytes  4 bytes         hits and misses as numbers of 16 bits: 11 digits, shifted
//     step n+1                          by the other 5, so up to 2047 they are exact
//
// Steps are as fine as the memory allows: 10 s for up to some 2000 keys.
//
// Thread: one at a time; the scraper's. Takes directory.control() to read the counts.
// Cost: a step some 50 us with 1000 keys and one worker. Memory: at most 3 MiB of rows, each
// touched when it is first written, and 32 bytes for each key.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "metrics/key_directory.h"

namespace keyhole::metrics {

class KeyHistory {
 public:
  using Instant = std::chrono::steady_clock::time_point;
  struct Step {
    uint64_t hits = 0;
    uint64_t misses = 0;
  };

  // The directory must outlive this.
  explicit KeyHistory(KeyDirectory& directory);

  std::chrono::seconds step() const { return step_; }
  size_t steps() const { return steps_; }  // that are remembered
  // Of all of it, once it is in use.
  size_t memory() const { return steps_ * slots_ * sizeof(Cell) + slots_ * sizeof(Track); }

  // To be called at least once a second.
  void Tick(Instant now);

  // The last `count` steps of the key that has this slot now, the oldest first; fewer if it has not
  // been there for so long.
  std::vector<Step> Read(size_t slot, size_t count) const;

  // The slot of the key with this label; none if it has none.
  std::optional<size_t> SlotOf(std::string_view label) const;

 private:
  struct Cell {
    uint16_t hits;
    uint16_t misses;
  };
  struct Track {
    uint64_t hash = 0;
    uint64_t since = 0;  // the first step of this key
    uint64_t hits = 0;   // at the end of the last step
    uint64_t misses = 0;
  };
  Cell& At(uint64_t step, size_t slot) const {
    return cells_[static_cast<size_t>(step % steps_) * slots_ + slot];
  }

  KeyDirectory& directory_;
  const size_t slots_;
  std::chrono::seconds step_{10};
  size_t steps_ = 0;
  std::unique_ptr<Cell[]> cells_;
  std::vector<Track> tracks_;
  uint64_t next_ = 0;  // the number of the step that runs
  Instant began_{};
};

}  // namespace keyhole::metrics
