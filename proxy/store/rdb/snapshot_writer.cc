#include "proxy/store/rdb/snapshot_writer.h"

#include <string_view>
#include <utility>

#include "proxy/store/rdb/crc64.h"
#include "proxy/store/rdb/dump.h"
#include "proxy/store/rdb/low_first.h"
#include "proxy/store/rdb/snapshot_marks.h"

namespace keyhole::store::rdb {

void SnapshotWriter::About(std::string_view name, std::string_view value) {
  writer_.Byte(static_cast<uint8_t>(Mark::kAbout));
  writer_.String(name);
  writer_.String(value);
}

void SnapshotWriter::Begin(UnixMillis now, size_t used_memory) {
  writer_.Bytes("REDIS0010");
  About("redis-ver", "7.0.15");
  About("redis-bits", "64");
  About("ctime", std::to_string(now / 1000));
  About("used-mem", std::to_string(used_memory));
  About("aof-base", "0");
}

void SnapshotWriter::Select(int database) {
  if (std::exchange(database_, database) == database) return;
  writer_.Byte(static_cast<uint8_t>(Mark::kDatabase));
  writer_.Length(static_cast<uint64_t>(database));
}

void SnapshotWriter::Sizes(int database, size_t keys, size_t expiring) {
  Select(database);
  writer_.Byte(static_cast<uint8_t>(Mark::kSizes));
  writer_.Length(keys);
  writer_.Length(expiring);
}

void SnapshotWriter::Add(int database, Entry entry) {
  Select(database);
  if (entry.has_expire()) {
    writer_.Byte(static_cast<uint8_t>(Mark::kExpireMillis));
    writer_.Milliseconds(entry.expire());
  }
  writer_.Byte(static_cast<uint8_t>(FormOf(entry)));
  writer_.String(entry.key());
  AppendValue(entry, &writer_);
}

void SnapshotWriter::Sum() {
  crc_ = Crc64(std::string_view(out_).substr(summed_), crc_);
  summed_ = out_.size();
}

void SnapshotWriter::End() {
  writer_.Byte(static_cast<uint8_t>(Mark::kEnd));
  Sum();
  AppendLowFirst(crc_, sizeof(crc_), &out_);
  summed_ = out_.size();
}

std::string SnapshotWriter::Take() {
  Sum();
  summed_ = 0;
  return std::exchange(out_, {});
}

}  // namespace keyhole::store::rdb
