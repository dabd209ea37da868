// Snapshots of anybody:
//
//   1. Whatever it is, it is read or refused; AddressSanitizer sees what goes wrong.
//   2. In whatever pieces it comes, it comes to the same: the end, the keys, the error.
//   3. What has been read, written again, is read as the same keys.
//
// Inputs lack the checksum: with eight zeros in its place a reader asks for none.

#include <string>
#include <string_view>
#include <vector>

#include "proxy/store/keyspace/keyspace.h"
#include "proxy/store/rdb/snapshot_reader.h"
#include "proxy/store/rdb/snapshot_writer.h"
#include "tests/fuzz/fuzz_support.h"

namespace keyhole::fuzz {
namespace {

using store::rdb::SnapshotReader;

constexpr store::UnixMillis kNow = 1'700'000'000'000;

struct Loaded {
  std::vector<store::Keyspace> databases = std::vector<store::Keyspace>(2);
  SnapshotReader::State state{};
  SnapshotReader::Counts counts;
  std::string error;

  Loaded(const std::vector<std::string_view>& pieces, bool skip_unknown) {
    const store::CollectionLimits collections{8, 16, 8};
    const store::ListLimits lists;
    const store::SortedSetLimits sorted_sets{.members = 8, .bytes = 16};
    SnapshotReader reader(databases, {collections, lists, sorted_sets}, kNow, skip_unknown);
    for (const std::string_view piece : pieces) reader.Read(piece);
    state = reader.End();
    counts = reader.counts();
    error = reader.error();
  }
  size_t keys() const { return databases[0].size() + databases[1].size(); }
  std::string Written() {
    store::rdb::SnapshotWriter writer;
    writer.Begin(kNow, 0);
    for (int i = 0; i < 2; ++i) {
      uint64_t cursor = 0;
      do {
        cursor = databases[static_cast<size_t>(i)].Scan(
            cursor, kNow, [&](const store::Entry& entry) { writer.Add(i, entry); });
      } while (cursor != 0);
    }
    writer.End();
    return writer.Take();
  }
};

}  // namespace
}  // namespace keyhole::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using keyhole::fuzz::Check;
  using keyhole::fuzz::Loaded;
  const std::string bytes = "REDIS0010" + std::string(reinterpret_cast<const char*>(data), size) +
                            std::string("\xFF\0\0\0\0\0\0\0\0", 9);
  const keyhole::fuzz::ExactCopy copy(bytes);
  for (const bool skip_unknown : {false, true}) {
    Loaded whole({copy.view()}, skip_unknown);
    for (const auto& pieces : keyhole::fuzz::Splittings(copy.view())) {
      const Loaded other(pieces, skip_unknown);
      Check(other.state == whole.state, "it ends the same way");
      Check(other.error == whole.error, "for the same reason");
      Check(other.keys() == whole.keys(), "with the same keys");
      Check(other.counts.skipped == whole.counts.skipped, "and as much left out");
    }
    const Loaded again({whole.Written()}, /*skip_unknown=*/false);
    Check(again.state == keyhole::store::rdb::SnapshotReader::State::kDone, "it can be read again");
    Check(again.keys() == whole.keys(), "as the same keys");
  }
  return 0;
}
