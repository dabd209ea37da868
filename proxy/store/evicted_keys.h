// Which keys have gone of late for want of memory, and when: so that a person can be told why a key
// misses. The last of those that share a place is remembered.
//
//     hash, database --> place --> | 32 bits of the hash | seconds since 1970 |
//
// Thread: any. Memory: 32 KiB, touched by evictions only. Cost: a store for each eviction.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>

namespace keyhole::store {

class EvictedKeys {
 public:
  void Note(uint64_t hash, int database, uint32_t seconds) {
    const uint64_t mixed = Mix(hash, database);
    Place(mixed).store(Tag(mixed) | seconds, std::memory_order_relaxed);
  }
  // When it went, in seconds since 1970; none: not of late.
  std::optional<uint32_t> Find(uint64_t hash, int database) const {
    const uint64_t mixed = Mix(hash, database);
    const uint64_t kept = Place(mixed).load(std::memory_order_relaxed);
    if (kept == 0 || (kept & ~kSeconds) != Tag(mixed)) return std::nullopt;
    return static_cast<uint32_t>(kept & kSeconds);
  }

 private:
  static constexpr size_t kPlaces = 4096;
  static constexpr uint64_t kSeconds = 0xffffffff;
  using Places = std::array<std::atomic<uint64_t>, kPlaces>;

  static uint64_t Mix(uint64_t hash, int database) {
    return hash ^ static_cast<uint64_t>(database) * 0x9E3779B97F4A7C15;
  }
  static uint64_t Tag(uint64_t mixed) { return mixed & ~kSeconds; }
  std::atomic<uint64_t>& Place(uint64_t mixed) const { return (*places_)[mixed % kPlaces]; }

  const std::unique_ptr<Places> places_ = std::make_unique<Places>();
};

}  // namespace keyhole::store
