// The very request that the near cache answers, in the form in which client libraries send it,
// recognised at a glance:
//
//     *2\r\n $3\r\nGET\r\n $3\r\nfoo\r\n
//
// It is read by request_fast.h. Whatever looks different in any way, or is not complete, is left to
// the parser, which knows all forms. It saves the near cache's hits what else would be most of
// their cost.
//
// Thread: any; a pure function. The key is a view of the bytes.
#pragma once

#include <cstddef>
#include <string_view>

namespace keyhole::core {

struct NearRequest {
  std::string_view key;
  size_t size = 0;  // bytes of the request; 0: it is none of these
};

NearRequest ReadNearRequest(std::string_view in);

}  // namespace keyhole::core
