// Who writes a snapshot, as the shards see it: it is given every key as it was at one moment.
//
// Thread: under the lock of the key's stripe; several at a time, of different stripes.
#pragma once

#include <cstddef>

#include "proxy/store/keyspace/entry.h"

namespace keyhole::store {

class EntrySink {
 public:
  // The entry is valid until it returns. Gives the number of bytes that it made.
  virtual size_t OnEntry(int database, Entry entry) = 0;
  // All keys of one shard have been given.
  virtual void OnWalked() = 0;

 protected:
  ~EntrySink() = default;
};

}  // namespace keyhole::store
