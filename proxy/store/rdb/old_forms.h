// Forms in which Redis kept small collections once, and which old snapshots have: to be read only.
// Sources: redis 7.0.15 ziplist.c, zipmap.c, intset.c.
#pragma once

#include <string_view>

#include "proxy/store/rdb/listpack.h"

namespace keyhole::store::rdb {

// Each false if it is none, or the sink said so.
//
//     bytes 4 | offset of the last 4 | entries 2 | entry ... | 255
//     entry:  bytes of the one before, 1 or 254 and 4 | head | bytes
bool ReadZiplist(std::string_view bytes, const ElementSink& sink);

//     entries 1 | size | field | size | unused 1 | value | unused bytes ... | 255
//     size:   1 byte, or 254 and 4
bool ReadZipmap(std::string_view bytes, const ElementSink& sink);

//     width 4 | integers 4 | integer ...              ascending
bool ReadIntset(std::string_view bytes, const ElementSink& sink);

}  // namespace keyhole::store::rdb
