// What the next request of a pipeline is about, told before it is parsed, so that the memory it
// will look at can be on its way meanwhile:
//
//     *2\r\n $3\r\nGET\r\n $3\r\nfoo\r\n  *3\r\n ...
//                           \_ subject
//     \______________ size _____________/
//
// A guess: the first argument is a key more often than not. Nothing may depend on it. Requests that
// are not whole, or of an unusual form, are not looked into.
//
// Thread: any; a pure function. The subject is a view of the bytes.
#pragma once

#include <cstddef>
#include <string_view>

#include "resp/number.h"

namespace keyhole::resp {

struct Glimpse {
  std::string_view subject;  // the argument after the name; empty if there is none
  size_t size = 0;           // bytes of the request; 0: not looked into
};

inline Glimpse Glance(std::string_view in) {
  constexpr size_t kMostArguments = 16;
  const char* at = in.data();
  const char* const end = at + in.size();
  size_t count = 0;
  if (at == end || *at++ != '*' || !ReadShortLength(&at, end, &count)) return {};
  if (count > kMostArguments) return {};
  Glimpse glimpse;
  for (size_t i = 0; i < count; ++i) {
    size_t size = 0;
    if (at == end || *at++ != '$' || !ReadShortLength(&at, end, &size)) return {};
    if (static_cast<size_t>(end - at) < size + 2) return {};
    if (i == 1) glimpse.subject = {at, size};
    at += size + 2;
  }
  glimpse.size = static_cast<size_t>(at - in.data());
  return glimpse;
}

// So many subjects are looked at together.
inline constexpr size_t kLookAhead = 16;

}  // namespace keyhole::resp
