// The largest few of what happened in the last ten minutes, each command and key once: the biggest
// values, the slowest commands.
//
// An entry is what was largest for its command and key; it leaves the list when ten minutes old,
// or pushed out by larger ones.
//
// Owner:  one worker each. Thread: Offer by that one, AddTo by any: a record is copied word by
//         word, and again if it was written meanwhile (a sequence lock), so nobody waits for the
//         reader.
// Cost:   a comparison for what is not large enough; some 50 ns, and an allocation if it is new to
//         the list, for the rest. Memory: 7 KB.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "metrics/key_directory.h"
#include "metrics/label.h"
#include "resp/command_table.h"

namespace keyhole::metrics {

struct TopEntry {
  resp::CommandId command = resp::CommandId::kUnknown;
  std::optional<std::string> label;  // of the key; none if the command has none
  uint64_t value = 0;
  std::chrono::steady_clock::time_point at{};
  uint64_t bytes = 0;  // of the value in the reply, where that is not `value`
  std::string client;  // who asked; empty: it is not known
};

// Who asked, and how many bytes of value it was given.
struct TopOrigin {
  std::string_view client = {};
  uint64_t bytes = 0;
};

class TopList {
 public:
  using Instant = std::chrono::steady_clock::time_point;
  static constexpr size_t kSize = 32;
  static constexpr std::chrono::minutes kWindow{10};

  // Has a place in the list: worth an Offer().
  bool Wants(uint64_t value, Instant now) const {
    return value > floor_ || now >= oldest_ + kWindow;
  }
  // key: none if there is none. directory: says how keys are called outside.
  void Offer(resp::CommandId command, std::optional<std::string_view> key, uint64_t value,
             Instant now, const KeyDirectory& directory, const TopOrigin& origin = {}) {
    if (Wants(value, now)) Consider(command, key, value, now, directory, origin);
  }

  void AddTo(std::vector<TopEntry>* entries) const;

 private:
  static constexpr size_t kLabelWords = kMaxLabelBytes / sizeof(uint64_t);
  static constexpr size_t kClientWords = 6;
  // Value, time, bytes, command and sizes of the texts; the texts.
  static constexpr size_t kWords = 4 + kLabelWords + kClientWords;
  struct Record {
    std::atomic<uint32_t> sequence{0};  // odd while it is written
    std::array<std::atomic<uint64_t>, kWords> words{};
  };
  // What the owner knows of the record with the same number; value 0: there is none.
  struct Entry {
    uint64_t hash = 0;
    uint64_t value = 0;
    Instant at{};
  };

  void Consider(resp::CommandId command, std::optional<std::string_view> key, uint64_t value,
                Instant now, const KeyDirectory& directory, const TopOrigin& origin);
  void Write(size_t number, resp::CommandId command, const std::string* label,
             const TopOrigin& origin);
  void Expire(Instant now);
  void Measure();

  uint64_t floor_ = 0;  // what is no larger has no place here
  Instant oldest_ = Instant::max() - kWindow;
  std::array<Entry, kSize> entries_;
  std::array<Record, kSize> records_;
};

// All workers' entries in one list: the largest `size`, each command and label once, and none older
// than the window.
std::vector<TopEntry> Largest(std::vector<TopEntry> entries, size_t size, TopList::Instant now);

}  // namespace keyhole::metrics
