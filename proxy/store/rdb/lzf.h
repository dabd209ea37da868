// LZF, in which long strings of a snapshot are compressed (M. Lehmann's liblzf is where it is
// from):
//
//     000nnnnn                     n + 1 bytes follow as they are
//     nnnooooo [n'] oooooooo       n + 2 bytes, n' + 9 if n is 7, as they stood o + 1 bytes before
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace keyhole::store::rdb {

// False if it would not become shorter than `most` bytes; *to is then anything.
bool CompressLzf(std::string_view bytes, size_t most, std::string* to);

// False unless it is exactly `size` bytes. Takes no more memory than that, and not before it is
// known that so few bytes can be so many.
bool DecompressLzf(std::string_view bytes, size_t size, std::string* to);

}  // namespace keyhole::store::rdb
