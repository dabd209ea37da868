// One cursor for SCAN over all masters, without any memory of it: the masters are walked one after
// the other, and the cursor that a client gets says where it is.
//
//     63                    10 9        0
//     | cursor of the master  | master  |        0 is the beginning and the end
//
// Masters are counted in the order of their addresses. Keys that move to another node meanwhile may
// be seen twice or not at all, as with a cluster's SCAN itself.
//
// Thread: any; plain values and pure functions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace keyhole::core {

struct ScanCursor {
  static constexpr size_t kMostMasters = 1024;

  size_t master = 0;
  std::string text;  // the master's own cursor, or what the client said in place of one

  // What a client gave. It is as the master is to see it if it is no number: that refuses it.
  static ScanCursor Read(std::string_view given);
};

// The reply of master `index` of `count` with the client's cursor in place of the master's own.
// As it is, if it is an error or anything else.
std::string WithClientCursor(std::string_view reply, size_t index, size_t count);

}  // namespace keyhole::core
