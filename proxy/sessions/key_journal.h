// What was last written to a key, by which command of which client: why it is there, or why a
// lookup of it misses. As far as it passed through this worker, and is remembered.
//
//     hash & mask --> | record | record | record | record |      a bucket of four; the oldest goes
//
//     hash 8 | when 8 | expires 8 | ttl 8 | command 2 | size 1 | the client's name and address 29
//
// What is noted is what was sent: a write that Redis refuses is noted too. Keys are known by their
// hashes. Keys that are read only, and commands that only read, cost nothing here.
//
// Thread: the worker's.
// Cost: some 60 instructions for each key of a write. Memory: 256 KB, once something was written.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "resp/command_table.h"
#include "resp/direct_command.h"

namespace keyhole::core {

// What became of a key.
struct KeyFate {
  enum class Kind : uint8_t {
    kWritten,  // it has been written, or changed
    kRemoved,  // it has been deleted, or moved away
    kDropped,  // with all others: FLUSHALL and its like
  };
  Kind kind = Kind::kWritten;
  int64_t at = 0;       // milliseconds since 1970, as the next
  int64_t expires = 0;  // 0: never, as far as is known
  int64_t ttl = 0;      // milliseconds that it was given
  resp::CommandId command = resp::CommandId::kUnknown;
  std::string client;  // "billing 127.0.0.1:50000", cut off if need be
};

class KeyJournal {
 public:
  struct Writer {
    std::string_view name;  // what it calls itself; may be empty
    std::string_view address;
    int database = 0;
  };

  // A write goes on its way. now: milliseconds since 1970.
  void Note(const resp::CommandSpec& spec, std::span<const std::string_view> args,
            const Writer& writer, int64_t now);

  // The same for a command without words.
  void Note(const resp::DirectCommand& command, const Writer& writer);

  // None: nothing is known of it.
  std::optional<KeyFate> Find(std::string_view key, int database) const;
  // When it was first written to; 0: never.
  int64_t since() const { return since_; }

 private:
  static constexpr size_t kBuckets = 1024;
  static constexpr size_t kInBucket = 4;
  static constexpr size_t kClientBytes = 29;

  struct Record {
    uint64_t hash = 0;  // 0: there is none
    int64_t at = 0;
    int64_t expires = 0;
    int64_t ttl = 0;
    resp::CommandId command = resp::CommandId::kUnknown;
    uint8_t size = 0;
    char client[kClientBytes] = {};
  };
  static_assert(sizeof(Record) == 64);
  using Bucket = std::array<Record, kInBucket>;

  static KeyFate FateOf(const Record& record);
  void Begin(int64_t now);
  void Sign(const resp::CommandSpec& spec, const Writer& writer, int64_t now, Record* record);
  Record& RecordFor(uint64_t hash);

  std::unique_ptr<Bucket[]> buckets_;
  Record dropped_;  // FLUSHALL and its like; at 0: never
  int64_t since_ = 0;
};

}  // namespace keyhole::core
