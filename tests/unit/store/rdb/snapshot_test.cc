// Snapshots, in memory: what is written is read as the same, in pieces of any size; what is torn,
// foreign or hostile is refused with the place where. That the files are Redis' is shown by
// tests/integration/snapshot.
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "proxy/base/random.h"
#include "proxy/store/rdb/crc64.h"
#include "proxy/store/rdb/low_first.h"
#include "proxy/store/rdb/snapshot_reader.h"
#include "proxy/store/rdb/snapshot_writer.h"
#include "proxy/store/types/stream/stream_object.h"

namespace keyhole::store::rdb {
namespace {

constexpr UnixMillis kNow = 1'700'000'000'000;
using State = SnapshotReader::State;

struct Databases {
  std::vector<Keyspace> all = std::vector<Keyspace>(3);

  // Those who read, by default all at once.
  State Load(std::string_view bytes, size_t piece = SIZE_MAX, bool skip_unknown = false,
             UnixMillis now = kNow) {
    const CollectionLimits collections;
    const ListLimits lists;
    const SortedSetLimits sorted_sets;
    SnapshotReader reader(all, {collections, lists, sorted_sets}, now, skip_unknown);
    for (size_t at = 0; at < bytes.size(); at += std::min(piece, bytes.size() - at)) {
      reader.Read(bytes.substr(at, piece));
    }
    const State state = reader.End();
    counts = reader.counts();
    error = reader.error();
    return state;
  }
  std::string Value(size_t database, std::string_view key) {
    const Entry* const slot = all[database].Find(key, kNow);
    return slot == nullptr ? "(none)" : std::string(slot->value());
  }

  SnapshotReader::Counts counts;
  std::string error;
};

std::string Snapshot(std::vector<Keyspace>* databases) {
  SnapshotWriter writer;
  writer.Begin(kNow, 0);
  for (size_t i = 0; i < databases->size(); ++i) {
    Keyspace& db = (*databases)[i];
    uint64_t cursor = 0;
    do {
      cursor = db.Scan(cursor, 0, [&](const Entry& e) { writer.Add(static_cast<int>(i), e); });
    } while (cursor != 0);
  }
  writer.End();
  return writer.Take();
}

// Parts of a snapshot, with a head and the tail it needs.
std::string File(std::string_view parts, std::string_view head = "REDIS0010") {
  std::string bytes = std::string(head).append(parts).append("\xFF");
  AppendLowFirst(Crc64(bytes), 8, &bytes);
  return bytes;
}

std::string Some() {
  Databases from;
  from.all[0].Put("a", "1", kNever);
  from.all[0].Put("until", "then", kNow + 5000);
  from.all[0].Put("long", std::string(100'000, 'x') + "end", kNever);
  from.all[2].Put("c", "in another", kNever);
  auto stream = std::make_unique<StreamObject>();
  const std::string_view fields[] = {"f", "v"};
  stream->Append({5, 1}, fields, {});
  from.all[2].Insert(Entry::MakeObject(Encoding::kStream, "s", std::move(stream), kNever));
  return Snapshot(&from.all);
}

TEST(Snapshot, IsReadInPiecesOfAnySize) {
  const std::string bytes = Some();
  for (const size_t piece : {SIZE_MAX, size_t{1}, size_t{7}, size_t{1000}}) {
    Databases to;
    ASSERT_EQ(to.Load(bytes, piece), State::kDone) << to.error;
    EXPECT_EQ(to.counts.keys, 5U);
    EXPECT_EQ(to.Value(0, "a"), "1");
    EXPECT_EQ(to.all[0].Find("until", kNow)->expire(), kNow + 5000);
    EXPECT_EQ(to.Value(0, "long").size(), 100'003U);
    EXPECT_EQ(to.Value(2, "c"), "in another");
    EXPECT_EQ(to.Value(1, "c"), "(none)");
    EXPECT_EQ(static_cast<StreamObject*>(to.all[2].Find("s", kNow)->object())->size(), 1U);
  }
}

TEST(Snapshot, KeysWhoseTimeIsUpAreLeftOut) {
  Databases to;
  EXPECT_EQ(to.Load(Some(), SIZE_MAX, false, kNow + 5000), State::kDone);
  EXPECT_EQ(to.counts.expired, 1U);
  EXPECT_EQ(to.all[0].size(), 2U);
}

TEST(Snapshot, TornAnywhereIsRefusedWithThePlace) {
  const std::string bytes = Some();
  for (size_t size = 0; size < bytes.size(); ++size) {
    Databases to;
    ASSERT_EQ(to.Load(bytes.substr(0, size)), State::kFailed) << size;
    ASSERT_EQ(to.error.find("at byte "), 0U) << to.error;
  }
}

TEST(Snapshot, OneWrongByteIsNoticed) {
  const std::string bytes = Some();
  uint64_t random = 7;
  for (size_t at = 0; at < bytes.size(); ++at) {
    std::string broken = bytes;
    broken[at] =
        static_cast<char>(static_cast<uint8_t>(broken[at]) ^ (1 + NextRandom(&random) % 255));
    // Without a checksum there is nothing to be wrong; no single byte makes it eight zeros.
    Databases to;
    EXPECT_EQ(to.Load(broken), State::kFailed) << at;
  }
}

TEST(Snapshot, SaysWhatItDoesNotKnow) {
  struct Row {
    std::string parts;
    const char* error;
    bool can_be_skipped;
  };
  const std::string key("\0\1k\1v", 5);
  const Row rows[] = {
      {std::string("\xF5\3abc", 5), "at byte 10: a library of functions", true},
      {std::string("\7\1m\x05\2\1\5\3abc\0", 12), "at byte 12: a value of a module", true},
      {std::string("\xF7\5\2\1\2\7\0", 7), "at byte 10: what a module keeps", true},
      {std::string("\x2A\1k\1v", 5), "at byte 12: a value of type 42", false},
      {std::string("\6\1k\1v", 5), "at byte 12: a value of a module of Redis 4", false},
      {std::string("\xFE\3", 2), "at byte 11: keys of database 3", false},
  };
  for (const Row& row : rows) {
    Databases to;
    EXPECT_EQ(to.Load(File(row.parts + key)), State::kFailed);
    EXPECT_EQ(to.error.find(row.error), 0U) << to.error;
    const State skipped = to.Load(File(row.parts + key), SIZE_MAX, /*skip_unknown=*/true);
    EXPECT_EQ(skipped, row.can_be_skipped ? State::kDone : State::kFailed) << row.error;
    if (!row.can_be_skipped) continue;
    EXPECT_EQ(to.counts.skipped, 1U);
    EXPECT_EQ(to.Value(0, "k"), "v");
  }
}

TEST(Snapshot, HashesWhoseFieldsEndAreRead) {
  Databases to;
  const std::string hash("\x18\1h\0\0\0\0\0\0\0\0\1\0\1f\1v", 17);
  EXPECT_EQ(to.Load(File(hash, "REDIS0012")), State::kDone) << to.error;
  EXPECT_EQ(to.all[0].size(), 1U);
  EXPECT_EQ(to.Load(File(std::string("\x19\1h\0\0\0\0\0\0\0\0\1x", 13), "REDIS0012")),
            State::kFailed);
}

TEST(Snapshot, OtherVersionsAreRead) {
  const std::string key("\0\1k\1v", 5);
  for (const char* head : {"REDIS0006", "REDIS0009", "REDIS0011", "REDIS0012"}) {
    Databases to;
    EXPECT_EQ(to.Load(File(key, head)), State::kDone) << to.error;
    EXPECT_EQ(to.Value(0, "k"), "v");
  }
  for (const char* head : {"REDIS0013", "VALKEY080", "REDIS00x1", "\x1F\x8B~~~~~~~"}) {
    Databases to;
    EXPECT_EQ(to.Load(File(key, head)), State::kFailed) << head;
    EXPECT_EQ(to.all[0].size(), 0U);
  }
}

TEST(Snapshot, OfOldRedisHasItsTimesAndWhatItSaysOfUse) {
  // Seconds, an idle time, a frequency, and what only a cluster needs.
  std::string parts("\xFA\1a\1b\xFB\2\1\xF4\1\2\3", 12);
  parts += std::string("\xFD\0\0\0\x70", 5) + std::string("\0\1t\1v", 5);  // in 2029
  parts += std::string("\xF8\x40\x64", 3) + std::string("\0\1i\1v", 5);
  parts += std::string("\xF9\x05", 2) + std::string("\0\1f\1v", 5);
  Databases to;
  ASSERT_EQ(to.Load(File(parts, "REDIS0009")), State::kDone) << to.error;
  EXPECT_EQ(to.all[0].Find("t", kNow)->expire(), int64_t{0x70000000} * 1000);
  EXPECT_EQ(to.all[0].Find("f", kNow)->expire(), kNever);
  EXPECT_EQ(to.counts.keys, 3U);
}

TEST(Snapshot, HugeLengthsTakeNoMemory) {
  // A string, a list and a stream that say they are larger than the world.
  for (const char form : {'\0', '\1', '\x13'}) {
    std::string parts(1, form);
    parts += std::string("\1k\x81\x7F\xFF\xFF\xFF\xFF\xFF\xFF\xFF", 11);
    Databases to;
    EXPECT_EQ(to.Load(File(parts)), State::kFailed);
  }
}

}  // namespace
}  // namespace keyhole::store::rdb
