// The usual request, read in one go: an array of bulk strings that is all there, with lengths of a
// few digits.
//
//     *2\r\n $3\r\nGET\r\n $3\r\nfoo\r\n  *3\r\n ...
//            \_ a bulk __/
//     \__________ the request _________/
//
// One reading for all who need no more than that: RequestParser takes nearly all requests by it,
// the near cache those that it answers, and PeekRequest() guesses what the next ones are about.
// Whatever looks different is not read: the steps of RequestParser know every form, limit and
// error.
//
// Thread: any; pure functions. What they give are views of the bytes.
#pragma once

#include <cstddef>
#include <string_view>

#include "resp/number.h"

namespace keyhole::resp {

// Reads "*2\r\n" at *at, and moves *at behind it. False if it is anything else or not all there;
// *at is somewhere in it then. REQUIRES: *at != end.
[[gnu::always_inline]] inline bool ReadCount(const char** at, const char* end, size_t* count) {
  return *(*at)++ == '*' && ReadShortLength(at, end, count);
}

// The same for "$3\r\nfoo\r\n"; there may be nothing at *at.
[[gnu::always_inline]] inline bool ReadBulk(const char** at, const char* end,
                                            std::string_view* bulk) {
  size_t size = 0;
  if (*at == end || *(*at)++ != '$' || !ReadShortLength(at, end, &size)) return false;
  if (static_cast<size_t>(end - *at) < size + 2) return false;
  *bulk = {*at, size};
  *at += size + 2;
  return true;
}

// What the next request of a pipeline is about, told before it is parsed, so that the memory it
// will look at can be on its way meanwhile. A guess: the first argument is a key more often than
// not. Nothing may depend on it.
struct PeekedRequest {
  std::string_view subject;  // the argument after the name; empty if there is none
  size_t size = 0;           // bytes of the request; 0: not looked into
};

inline PeekedRequest PeekRequest(std::string_view in) {
  constexpr size_t kMostArguments = 16;
  if (in.empty()) return {};
  const char* at = in.data();
  const char* const end = at + in.size();
  size_t count = 0;
  if (!ReadCount(&at, end, &count) || count > kMostArguments) return {};
  PeekedRequest peeked;
  for (size_t i = 0; i < count; ++i) {
    std::string_view bulk;
    if (!ReadBulk(&at, end, &bulk)) return {};
    if (i == 1) peeked.subject = bulk;
  }
  peeked.size = static_cast<size_t>(at - in.data());
  return peeked;
}

// So many subjects are fetched together.
inline constexpr size_t kMostPrefetched = 16;

}  // namespace keyhole::resp
