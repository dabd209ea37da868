// Memory that nobody may touch: AddressSanitizer then sees a use after free in memory that is not
// malloc's. Without it these do nothing.
#pragma once

#if defined(__SANITIZE_ADDRESS__)
#define KEYHOLE_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define KEYHOLE_ASAN 1
#endif
#endif

#if defined(KEYHOLE_ASAN)
#include <sanitizer/asan_interface.h>
#endif

namespace keyhole::store {

inline void Poison([[maybe_unused]] char* begin, [[maybe_unused]] unsigned long size) {
#if defined(KEYHOLE_ASAN)
  ASAN_POISON_MEMORY_REGION(begin, size);
#endif
}

inline void Unpoison([[maybe_unused]] char* begin, [[maybe_unused]] unsigned long size) {
#if defined(KEYHOLE_ASAN)
  ASAN_UNPOISON_MEMORY_REGION(begin, size);
#endif
}

}  // namespace keyhole::store
