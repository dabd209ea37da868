// Values as DUMP gives them and RESTORE takes them, the same as in a snapshot with a tail:
//
//     form 1 | value | version 2, low byte first | CRC-64 of all before, 8, low byte first
//
// What is written is what Redis 7.0.15 writes (version 10), but for what LZF makes of it; a hash of
// which fields end by their own time, which that does not know, is of version 12 (Redis 7.4). What
// is read may be of any of them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "proxy/store/keyspace/keyspace.h"
#include "proxy/store/rdb/elements.h"
#include "proxy/store/rdb/reader.h"
#include "proxy/store/rdb/writer.h"
#include "proxy/store/types/collection_edit.h"
#include "proxy/store/types/list_object.h"
#include "proxy/store/types/sorted_set_edit.h"

namespace keyhole::store::rdb {

inline constexpr unsigned kVersion = 10;
inline constexpr unsigned kNewestVersion = 12;

// How a value is written, and the value without the byte that says so.
Form FormOf(Entry entry);
void AppendValue(Entry entry, Writer* writer);
std::string DumpPayload(Entry entry);

// Appends the tail to what has been written.
void ClosePayload(std::string* payload, unsigned version = kVersion);
// Takes the tail off. False if the version is newer or the checksum wrong.
bool OpenPayload(std::string_view* payload);

// How what is read is kept.
struct ReadLimits {
  const CollectionLimits& collections;
  const ListLimits& lists;
  const SortedSetLimits& sorted_sets;
};

// Makes what form and value mean: an entry for Keyspace::Insert(), with the key and without an
// expiry. False if they mean nothing, or a type that the store does not have.
Entry ReadValue(std::string_view bytes, std::string_view key, Keyspace& db,
                const ReadLimits& limits);
// The same of a value whose form has been read. If it is false for want of bytes, the reader says
// so.
Entry ReadValue(uint8_t form, Reader* reader, std::string_view key, Keyspace& db,
                const ReadLimits& limits);

}  // namespace keyhole::store::rdb
