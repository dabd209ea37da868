// Reads a snapshot (snapshot_writer.h), whose bytes come in pieces of any size: of Redis up to 7.4,
// of Valkey 8. The bytes may be anybody's.
//
//     kReading --the checksum is right--> kDone
//        '-- what is there means nothing, or is not known, or is torn --> kFailed
//
// A part that is not there as a whole is kept until twice as much of it is there, and then read
// again from its beginning: what is kept is at most twice the largest value. Keys that were read
// before an error stay where they are; whoever wants none clears the databases.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "proxy/store/keyspace/keyspace.h"
#include "proxy/store/rdb/dump.h"
#include "proxy/store/rdb/reader.h"
#include "proxy/store/rdb/snapshot_marks.h"

namespace keyhole::store::rdb {

class SnapshotReader {
 public:
  enum class State : uint8_t { kReading, kDone, kFailed };
  struct Counts {
    uint64_t keys = 0;     // that are in the databases now
    uint64_t expired = 0;  // whose time was up
    uint64_t skipped = 0;  // what is not known
  };

  // `databases`, and the limits, must outlive it. skip_unknown: what the store does not have is
  // passed over where its end can be found.
  SnapshotReader(std::span<Keyspace> databases, const ReadLimits& limits, UnixMillis now,
                 bool skip_unknown)
      : databases_(databases), limits_(limits), now_(now), skip_unknown_(skip_unknown) {}

  State Read(std::string_view bytes);
  // No more bytes come.
  State End();

  const Counts& counts() const { return counts_; }
  // Once it has failed: why, and at which byte of the whole.
  const std::string& error() const { return error_; }

 private:
  enum class Place : uint8_t { kHead, kParts, kChecksum };

  State Advance(bool last);
  bool ReadPart(Reader* reader);
  bool ReadHead(Reader* reader);
  bool ReadMark(Mark mark, Reader* reader);
  bool ReadDatabase(Reader* reader);
  bool ReadExpire(Mark mark, Reader* reader);
  bool ReadKey(uint8_t form, Reader* reader);
  bool ReadChecksum(Reader* reader);
  bool SkipForeign(uint8_t form, Reader* reader);
  bool MaySkip(std::string_view what);
  bool Wrong(std::string problem);

  std::span<Keyspace> databases_;
  ReadLimits limits_;
  UnixMillis now_;
  bool skip_unknown_;
  State state_ = State::kReading;
  Place place_ = Place::kHead;
  std::string buffer_;
  size_t wanted_ = 0;    // bytes of it before it is worth looking again
  uint64_t offset_ = 0;  // of the buffer's beginning
  uint64_t crc_ = 0;     // of all before it
  uint64_t version_ = 0;
  Keyspace* database_ = nullptr;
  UnixMillis expire_ = kNever;  // of the next key, as the next
  int64_t idle_ = -1;           // seconds; -1: not said
  Counts counts_;
  // Of the part that is being read.
  bool foreign_ = false;
  std::string problem_;
  std::string error_;
};

}  // namespace keyhole::store::rdb
