// Which keys are worth being in the near cache: those that are asked for again while this remembers
// them, and whose earlier stays paid for the trouble of fetching them. Remembers keys by 16 bits of
// their hash, in lines of 16, each a queue of its own:
//
//     line 0   | newest .................. oldest |  --> forgotten
//     line 1   | tag 16 | asked 8 | back-off 8 | .. |
//
// A key comes in with the `min_reads`-th time it is asked for. A stay that ends (the key changed,
// expired, grew too old) before it was served kPaysOff times doubles that number for this key, up
// to 128 times; one that paid halves it. So a key that changes as often as it is read costs next to
// nothing.
//
// Two keys may share a tag in one line, once in some 4000: then one comes in sooner than it should.
//
// Thread: its worker's. Cost: one line of the processor's cache.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace keyhole::core {

class NearGhost {
 public:
  static constexpr uint32_t kPaysOff = 4;

  // bytes: to be used, rounded down to a power of two lines.
  NearGhost(size_t bytes, uint32_t min_reads);

  // The key is asked for and not cached. True if it is to be from now on.
  bool Touch(uint64_t hash);
  // It has been in the cache and was served so many times.
  void EndStay(uint64_t hash, uint32_t hits);

  // It is of no use here: not before it has been asked for as often as it can take.
  void Refuse(uint64_t hash) {
    Remember(LineOf(hash), TagOf(hash)) = {TagOf(hash), 0, kMostBackoff};
  }

  void set_min_reads(uint32_t min_reads) { min_reads_ = min_reads; }
  size_t bytes() const { return lines_.size() * sizeof(Line); }

 private:
  static constexpr uint8_t kMostBackoff = 7;
  struct Slot {
    uint16_t tag = 0;  // 0: empty
    uint8_t asked = 0;
    uint8_t backoff = 0;
  };
  struct alignas(64) Line {
    std::array<Slot, 16> slots;
  };

  Line& LineOf(uint64_t hash) { return lines_[(hash >> 8) & mask_]; }
  static uint16_t TagOf(uint64_t hash) {
    const auto tag = static_cast<uint16_t>(hash >> 48);
    return tag == 0 ? 1 : tag;
  }
  static Slot& Remember(Line& line, uint16_t tag);

  uint32_t min_reads_;
  std::vector<Line> lines_;
  size_t mask_;
};

}  // namespace keyhole::core
