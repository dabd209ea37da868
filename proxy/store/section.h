// A part of some bytes, from `begin` to before `end`.
#pragma once

#include <cstddef>

namespace keyhole::store {

struct Section {
  size_t begin;
  size_t end;
};

}  // namespace keyhole::store
