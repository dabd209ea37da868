// Streams in the format of snapshots, which no other type has anything in common with. Source:
// redis 7.0.15 rdb.c rdbSaveObject and rdbLoadObject, t_stream.c streamAppendItem.
//
//     blocks | length | last ID | first ID | max deleted ID | entries added | groups
//
//     block       first ID 16 | listpack: entries, deleted, names, name ..., 0, entry ...
//       entry     flags | ms | seq | [fields | name] value ... | elements    ms, seq: differences
//     group       name | last ID | entries read | pending | consumers
//       pending   ID 16 | delivered 8 | deliveries
//       consumer  name | seen 8 | [active 8] | ID 16 ...
//
// A count stands before each repetition. 16: two numbers, high byte first; 8: milliseconds, low
// byte first. Before Redis 7.0 (kStream1) what stands between the last ID and the groups, and
// `entries read`, is missing; `active` is there since 7.2 (kStream3).
#pragma once

#include <memory>

#include "proxy/store/rdb/elements.h"
#include "proxy/store/rdb/reader.h"
#include "proxy/store/rdb/writer.h"
#include "proxy/store/types/stream/stream_object.h"

namespace keyhole::store::rdb {

// As kStream2, without the byte that says so.
void AppendStream(const StreamObject& stream, Writer* writer);

// Null if it is wrong. REQUIRES: the form is one of a stream.
std::unique_ptr<StreamObject> ReadStream(Form form, Reader* reader);

}  // namespace keyhole::store::rdb
