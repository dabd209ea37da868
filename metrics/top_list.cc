#include "metrics/top_list.h"

#include <algorithm>
#include <cstring>

namespace keyhole::metrics {
namespace {

constexpr uint64_t kNoLabel = 0xFFFF;

uint64_t HashOf(resp::CommandId command, std::optional<std::string_view> key) {
  const uint64_t hash = key ? KeyIdentity(*key).hash() : 0;
  return hash + (static_cast<uint64_t>(command) + 1) * 0x9E3779B97F4A7C15;
}

}  // namespace

void TopList::Consider(resp::CommandId command, std::optional<std::string_view> key, uint64_t value,
                       Instant now, const KeyDirectory& directory, const TopOrigin& origin) {
  if (now >= oldest_ + kWindow) Expire(now);
  if (value <= floor_) return;
  const uint64_t hash = HashOf(command, key);
  size_t place = 0;
  for (size_t i = 0; i < kSize; ++i) {
    if (entries_[i].value != 0 && entries_[i].hash == hash) {
      if (value <= entries_[i].value) return;
      place = i;
      break;
    }
    if (entries_[i].value < entries_[place].value) place = i;
  }
  const std::string label = key ? directory.LabelOf(*key) : std::string();
  entries_[place] = {hash, value, now};
  Write(place, command, key ? &label : nullptr, origin);
  Measure();
}

void TopList::Write(size_t number, resp::CommandId command, const std::string* label,
                    const TopOrigin& origin) {
  std::array<uint64_t, kWords> words{};
  const size_t size = label == nullptr ? 0 : std::min(label->size(), kMaxLabelBytes);
  words[0] = entries_[number].value;
  words[1] = static_cast<uint64_t>(entries_[number].at.time_since_epoch().count());
  words[2] = origin.bytes;
  const size_t client = std::min(origin.client.size(), kClientWords * sizeof(uint64_t));
  words[3] = uint64_t{client} << 32 | static_cast<uint64_t>(command) << 16 |
             (label == nullptr ? kNoLabel : size);
  if (size > 0) std::memcpy(&words[4], label->data(), size);
  if (client > 0) std::memcpy(&words[4 + kLabelWords], origin.client.data(), client);

  Record& record = records_[number];
  const uint32_t sequence = record.sequence.load(std::memory_order_relaxed);
  record.sequence.store(sequence + 1, std::memory_order_relaxed);
  std::atomic_thread_fence(std::memory_order_release);
  for (size_t i = 0; i < kWords; ++i) record.words[i].store(words[i], std::memory_order_relaxed);
  record.sequence.store(sequence + 2, std::memory_order_release);
}

void TopList::Expire(Instant now) {
  for (size_t i = 0; i < kSize; ++i) {
    if (entries_[i].value == 0 || now < entries_[i].at + kWindow) continue;
    entries_[i] = {};
    Write(i, resp::CommandId::kUnknown, nullptr, {});
  }
  Measure();
}

void TopList::Measure() {
  floor_ = ~uint64_t{0};
  oldest_ = Instant::max() - kWindow;
  for (const Entry& entry : entries_) {
    floor_ = std::min(floor_, entry.value);
    if (entry.value != 0) oldest_ = std::min(oldest_, entry.at);
  }
}

void TopList::AddTo(std::vector<TopEntry>* entries) const {
  for (const Record& record : records_) {
    std::array<uint64_t, kWords> words{};
    uint32_t before = 0;
    uint32_t after = 0;
    do {
      before = record.sequence.load(std::memory_order_acquire);
      for (size_t i = 0; i < kWords; ++i) {
        words[i] = record.words[i].load(std::memory_order_relaxed);
      }
      std::atomic_thread_fence(std::memory_order_acquire);
      after = record.sequence.load(std::memory_order_relaxed);
    } while (before != after || before % 2 != 0);
    if (words[0] == 0) continue;
    TopEntry entry;
    entry.value = words[0];
    entry.at = Instant(Instant::duration(static_cast<int64_t>(words[1])));
    entry.bytes = words[2];
    entry.command = static_cast<resp::CommandId>(words[3] >> 16 & 0xFFFF);
    if (const uint64_t size = words[3] & 0xFFFF; size != kNoLabel) {
      entry.label.emplace(reinterpret_cast<const char*>(&words[4]), size);
    }
    entry.client.assign(reinterpret_cast<const char*>(&words[4 + kLabelWords]), words[3] >> 32);
    entries->push_back(std::move(entry));
  }
}

std::vector<TopEntry> Largest(std::vector<TopEntry> entries, size_t size, TopList::Instant now) {
  std::erase_if(entries, [now](const TopEntry& e) { return now >= e.at + TopList::kWindow; });
  std::sort(entries.begin(), entries.end(),
            [](const TopEntry& a, const TopEntry& b) { return a.value > b.value; });
  std::vector<TopEntry> largest;
  for (TopEntry& entry : entries) {
    const auto same = [&](const TopEntry& e) {
      return e.command == entry.command && e.label == entry.label;
    };
    if (largest.size() == size) break;
    if (std::none_of(largest.begin(), largest.end(), same)) largest.push_back(std::move(entry));
  }
  return largest;
}

}  // namespace keyhole::metrics
