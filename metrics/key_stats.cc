#include "metrics/key_stats.h"

#include <cstring>
#include <random>
#include <utility>

#include "absl/hash/hash.h"
#include "absl/numeric/int128.h"
#include "absl/strings/string_view.h"
#include "metrics/label.h"

namespace keyhole::metrics {
namespace {

uint64_t LoadWord(const char* from) {
  uint64_t word;
  std::memcpy(&word, from, sizeof(word));
  return word;
}

// The two halves of the product, one on the other: the step of the hashes of the wyhash kind.
uint64_t Fold(uint64_t a, uint64_t b) {
  const absl::uint128 product = absl::uint128(a) * b;
  return absl::Uint128High64(product) ^ absl::Uint128Low64(product);
}

// 64 bits from the whole of a long string, 16 bytes at a step. Two seeds give two hashes that
// have nothing to do with one another.
uint64_t HashLong(std::string_view s, uint64_t seed) {
  constexpr uint64_t kOdd1 = 0xa0761d6478bd642f;  // any odd numbers with bits well mixed
  constexpr uint64_t kOdd2 = 0xe7037ed1a0b428db;
  uint64_t hash = Fold(seed ^ kOdd1, s.size() ^ kOdd2);
  const char* const last = s.data() + s.size() - 16;
  for (const char* at = s.data(); at < last; at += 16) {
    hash = Fold(LoadWord(at) ^ seed ^ kOdd1, LoadWord(at + 8) ^ hash);
  }
  hash = Fold(LoadWord(last) ^ seed ^ kOdd2, LoadWord(last + 8) ^ hash);
  return Fold(hash ^ seed, kOdd1);
}

// Drawn anew by each process, so that nobody can prepare keys that collide.
struct Seeds {
  uint64_t values[2];
};
const Seeds& ProcessSeeds() {
  static const Seeds seeds = [] {
    std::random_device random;  // 32 bits a time
    const auto word = [&random] { return uint64_t{random()} << 32 | random(); };
    return Seeds{{word(), word()}};
  }();
  return seeds;
}

}  // namespace

KeyIdentity::KeyIdentity(std::string_view key) : bytes_(key) {
  if (key.size() > kVerbatimBytes) [[unlikely]] {
    Digest(key);
  }
}

void KeyIdentity::Digest(std::string_view key) {
  const auto& seeds = ProcessSeeds().values;
  const uint64_t numbers[3] = {key.size(), HashLong(key, seeds[0]), HashLong(key, seeds[1])};
  std::memcpy(digest_.data(), key.data(), kPrefixBytes);
  std::memcpy(digest_.data() + kPrefixBytes, numbers, sizeof(numbers));
  static_assert(kPrefixBytes + sizeof(numbers) > kVerbatimBytes);
  bytes_ = {digest_.data(), digest_.size()};
}

size_t IdentityHash::operator()(std::string_view identity) const {
  if (identity.size() > KeyIdentity::kVerbatimBytes) [[unlikely]] {
    return LoadWord(identity.data() + identity.size() - sizeof(uint64_t));  // hashed already
  }
  return absl::HashOf(absl::string_view(identity.data(), identity.size()));
}

KeyDirectory::KeyDirectory(size_t capacity)
    : capacity_(capacity), entries_(std::make_unique<Entry[]>(capacity)) {}

std::optional<size_t> KeyDirectory::Add(std::string_view key, const KeyIdentity& identity) {
  // Outside the mutex, for the key may be long. What is full stays full.
  std::string label = full() ? std::string() : KeyLabel(key);

  const std::lock_guard lock(mutex_);
  if (const auto it = slots_.find(identity.bytes()); it != slots_.end()) return it->second;
  const size_t slot = size_.load(std::memory_order_relaxed);
  if (slot == capacity_ || labels_.contains(label)) return std::nullopt;
  Entry& entry = entries_[slot];
  entry.identity = identity.bytes();
  entry.label = std::move(label);
  slots_.emplace(entry.identity, slot);
  labels_.insert(entry.label);
  size_.store(slot + 1, std::memory_order_release);
  return slot;
}

KeyStats::KeyStats(KeyDirectory& directory)
    : directory_(directory), cells_(std::make_unique<Cell[]>(directory.capacity() + 1)) {}

size_t KeyStats::SlotOf(std::string_view key) {
  if (directory_.capacity() == 0) return 0;
  const KeyIdentity identity(key);
  if (const auto it = slots_.find(identity.bytes()); it != slots_.end()) return it->second;
  // Knowing all slots there will ever be, we need not ask.
  if (known_ == directory_.capacity()) return known_;
  return SlotOfStranger(key, identity);
}

size_t KeyStats::SlotOfStranger(std::string_view key, const KeyIdentity& identity) {
  const std::optional<size_t> slot = directory_.Add(key, identity);
  CatchUp();
  return slot.value_or(directory_.capacity());
}

void KeyStats::CatchUp() {
  for (const size_t size = directory_.size(); known_ < size; ++known_) {
    slots_.emplace(directory_.identity(known_), static_cast<uint32_t>(known_));
  }
}

}  // namespace keyhole::metrics
