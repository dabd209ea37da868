#include "proxy/store/rdb/snapshot_reader.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "proxy/store/rdb/crc64.h"
#include "proxy/store/rdb/elements.h"
#include "proxy/store/rdb/low_first.h"
#include "resp/number.h"

namespace keyhole::store::rdb {

namespace {

constexpr size_t kChecksumSize = 8;
constexpr uint64_t kNewest = 12;      // of Redis 7.4
constexpr uint64_t kFirstSummed = 5;  // older ones have no checksum
constexpr int64_t kMillis = 1000;

bool SkipStrings(Reader* reader, uint64_t count) {
  std::string scratch;
  std::string_view text;
  for (; count > 0; --count) {
    if (!reader->String(&scratch, &text)) return false;
  }
  return true;
}

bool SkipLengths(Reader* reader, uint64_t count) {
  uint64_t length = 0;
  for (; count > 0; --count) {
    if (!reader->Length(&length)) return false;
  }
  return true;
}

// What a module has written: values, each behind a number that says of which kind it is.
bool SkipModule(Reader* reader) {
  enum Kind : uint64_t { kEnd, kSigned, kUnsigned, kFloat, kDouble, kString };
  for (;;) {
    uint64_t kind = 0;
    std::string_view bytes;
    if (!reader->Length(&kind)) return false;
    switch (kind) {
      case kEnd:
        return true;
      case kSigned:
      case kUnsigned:
        if (!SkipLengths(reader, 1)) return false;
        break;
      case kFloat:
      case kDouble:
        if (!reader->Bytes(kind == kFloat ? sizeof(float) : sizeof(double), &bytes)) return false;
        break;
      case kString:
        if (!SkipStrings(reader, 1)) return false;
        break;
      default:
        return false;
    }
  }
}

}  // namespace

SnapshotReader::State SnapshotReader::Read(std::string_view bytes) {
  if (state_ != State::kReading) return state_;
  buffer_.append(bytes);
  return buffer_.size() < wanted_ ? state_ : Advance(/*last=*/false);
}

SnapshotReader::State SnapshotReader::End() {
  return state_ == State::kReading ? Advance(/*last=*/true) : state_;
}

SnapshotReader::State SnapshotReader::Advance(bool last) {
  const std::string_view all = buffer_;
  size_t at = 0;
  while (state_ == State::kReading) {
    const std::string_view rest = all.substr(at);
    Reader reader(rest);
    problem_.clear();
    foreign_ = false;
    if (!ReadPart(&reader)) {
      if (reader.wants_more() && problem_.empty() && !last) {
        wanted_ = 2 * rest.size() + 1;
        break;
      }
      if (problem_.empty()) {
        problem_ = reader.wants_more() ? "it ends too early" : "what is there means nothing";
      }
      const uint64_t place = offset_ + at + (rest.size() - reader.rest().size());
      error_ = "at byte " + std::to_string(place) + ": " + problem_;
      state_ = State::kFailed;
      break;
    }
    const size_t size = rest.size() - reader.rest().size();
    crc_ = Crc64(rest.substr(0, size), crc_);
    if (foreign_) ++counts_.skipped;
    at += size;
  }
  buffer_.erase(0, at);
  offset_ += at;
  return state_;
}

bool SnapshotReader::Wrong(std::string problem) {
  problem_ = std::move(problem);
  return false;
}

bool SnapshotReader::MaySkip(std::string_view what) {
  if (!skip_unknown_) {
    return Wrong(std::string(what).append(
        ", which the embedded store does not have; --snapshot-skip-unknown leaves it out"));
  }
  return foreign_ = true;
}

bool SnapshotReader::ReadPart(Reader* reader) {
  if (place_ == Place::kHead) return ReadHead(reader);
  if (place_ == Place::kChecksum) return ReadChecksum(reader);
  uint8_t byte = 0;
  if (!reader->Byte(&byte)) return false;
  if (byte >= static_cast<uint8_t>(Mark::kSlot)) return ReadMark(Mark{byte}, reader);
  return ReadKey(byte, reader);
}

bool SnapshotReader::ReadHead(Reader* reader) {
  constexpr std::string_view kName = "REDIS";
  constexpr size_t kDigits = 4;
  std::string_view name;
  std::string_view digits;
  if (!reader->Bytes(kName.size(), &name) || !reader->Bytes(kDigits, &digits)) return false;
  int64_t version = 0;
  digits.remove_prefix(std::min(digits.find_first_not_of('0'), kDigits - 1));
  if (name != kName || !resp::ParseInteger(digits, &version) || version < 1) {
    return Wrong("this is no snapshot of Redis");
  }
  version_ = static_cast<uint64_t>(version);
  if (version_ > kNewest) {
    return Wrong("a snapshot of version " + std::to_string(version_) + "; those up to " +
                 std::to_string(kNewest) + " can be read");
  }
  database_ = databases_.data();
  place_ = Place::kParts;
  return true;
}

bool SnapshotReader::ReadMark(Mark mark, Reader* reader) {
  uint64_t number = 0;
  uint8_t byte = 0;
  switch (mark) {
    case Mark::kSlot:
      return SkipLengths(reader, 3);
    case Mark::kFunctions:
      return MaySkip("a library of functions") && SkipStrings(reader, 1);
    case Mark::kOldFunctions:
      return Wrong("functions of a release candidate of Redis 7");
    case Mark::kModule:
      // Its name, and when it was written, in the form of what follows.
      return MaySkip("what a module keeps") && SkipLengths(reader, 3) && SkipModule(reader);
    case Mark::kIdle:
      if (!reader->Length(&number)) return false;
      idle_ =
          static_cast<int64_t>(std::min<uint64_t>(number, std::numeric_limits<uint32_t>::max()));
      return true;
    case Mark::kFrequency:
      return reader->Byte(&byte);
    case Mark::kAbout:
      return SkipStrings(reader, 2);
    case Mark::kSizes:
      return SkipLengths(reader, 2);
    case Mark::kExpireMillis:
    case Mark::kExpireSeconds:
      return ReadExpire(mark, reader);
    case Mark::kDatabase:
      return ReadDatabase(reader);
    case Mark::kEnd:
      place_ = Place::kChecksum;
      if (version_ < kFirstSummed) state_ = State::kDone;
      return true;
  }
  return false;
}

bool SnapshotReader::ReadDatabase(Reader* reader) {
  uint64_t number = 0;
  if (!reader->Length(&number)) return false;
  if (number >= databases_.size()) {
    return Wrong("keys of database " + std::to_string(number) + ", and there are " +
                 std::to_string(databases_.size()) + " databases (--databases)");
  }
  database_ = &databases_[number];
  return true;
}

bool SnapshotReader::ReadExpire(Mark mark, Reader* reader) {
  constexpr size_t kSecondsSize = 4;
  std::string_view bytes;
  if (mark == Mark::kExpireMillis) return reader->Milliseconds(&expire_);
  if (!reader->Bytes(kSecondsSize, &bytes)) return false;
  expire_ = static_cast<int64_t>(LowFirst(bytes, 0, kSecondsSize)) * kMillis;
  return true;
}

bool SnapshotReader::ReadKey(uint8_t form, Reader* reader) {
  std::string scratch;
  std::string_view text;
  if (!reader->String(&scratch, &text)) return false;
  const std::string key(text);
  const UnixMillis expire = expire_;
  const int64_t idle = idle_;
  if (ShapeOf(form) == Shape::kNone) {
    if (!SkipForeign(form, reader)) return false;
  } else {
    const Entry entry = ReadValue(form, reader, key, *database_, limits_);
    if (!entry) return false;
    if (expire <= now_) {
      ++counts_.expired;
      Entry::Destroy(entry);
    } else {
      ++counts_.keys;
      database_->Insert(Entry::WithExpire(entry, expire));
      if (idle >= 0) database_->SetIdleTime(key, idle);
    }
  }
  expire_ = kNever;
  idle_ = -1;
  return true;
}

bool SnapshotReader::SkipForeign(uint8_t form, Reader* reader) {
  switch (ForeignForm{form}) {
    case ForeignForm::kOldModule:
      return Wrong("a value of a module of Redis 4, whose end cannot be found");
    case ForeignForm::kModule:
      return MaySkip("a value of a module") && SkipLengths(reader, 1) && SkipModule(reader);
  }
  return Wrong("a value of type " + std::to_string(form) + ", which nobody knows here");
}

bool SnapshotReader::ReadChecksum(Reader* reader) {
  std::string_view bytes;
  if (!reader->Bytes(kChecksumSize, &bytes)) return false;
  const uint64_t crc = LowFirst(bytes, 0, kChecksumSize);
  if (crc != 0 && crc != crc_) return Wrong("its checksum is wrong");  // 0: was not wanted
  state_ = State::kDone;
  return true;
}

}  // namespace keyhole::store::rdb
