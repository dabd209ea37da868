// Writes a snapshot: the keys of all databases as a file of Redis' own format, version 10, which
// redis-server 7.0 and later load.
//
//     "REDIS0010" | names and values of what is said about it | part ... | 255 | CRC-64 of all, 8
//
//     part    254 | database                       what follows is in this database
//             251 | keys | keys that expire        how many there will be in it, about
//             [252 | expiry 8] | form | key | value
//
// Keys may come in any order, and a database may be named again.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "proxy/store/keyspace/entry.h"
#include "proxy/store/rdb/writer.h"

namespace keyhole::store::rdb {

class SnapshotWriter {
 public:
  // used_memory: bytes, for whoever looks at the file.
  void Begin(UnixMillis now, size_t used_memory);
  void Sizes(int database, size_t keys, size_t expiring);
  void Add(int database, Entry entry);
  void End();

  // What has been written since the last call.
  std::string Take();
  size_t pending() const { return out_.size(); }

 private:
  void About(std::string_view name, std::string_view value);
  void Select(int database);
  void Sum();

  std::string out_;
  Writer writer_{&out_};
  size_t summed_ = 0;  // bytes of out_ that are in the checksum
  uint64_t crc_ = 0;
  int database_ = -1;
};

}  // namespace keyhole::store::rdb
