// A set of integers in one block, sorted, as Redis' intset: each takes 2, 4 or 8 bytes, whatever
// the widest of them needs.
//
//     width 1   integers, width bytes each, ascending
//
// Plain functions over bytes that others own. An empty block is an empty set.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace keyhole::store {

size_t CountIntegers(std::string_view block);
int64_t IntegerAt(std::string_view block, size_t index);
// Cost: a binary search.
bool HasInteger(std::string_view block, int64_t value);

// False if it was there already. Cost: the bytes behind it move.
bool AddInteger(std::string* block, int64_t value);
// False if it was not there.
bool RemoveInteger(std::string* block, int64_t value);

}  // namespace keyhole::store
