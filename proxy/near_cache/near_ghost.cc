#include "proxy/near_cache/near_ghost.h"

#include <algorithm>
#include <bit>

namespace keyhole::core {

NearGhost::NearGhost(size_t bytes, uint32_t min_reads)
    : min_reads_(min_reads),
      lines_(std::bit_floor(std::max<size_t>(1, bytes / sizeof(Line)))),
      mask_(lines_.size() - 1) {}

bool NearGhost::Touch(uint64_t hash) {
  Slot& slot = Remember(LineOf(hash), TagOf(hash));
  if (slot.asked < UINT8_MAX) ++slot.asked;
  return slot.asked >= std::min<uint32_t>(UINT8_MAX, min_reads_ << slot.backoff);
}

void NearGhost::EndStay(uint64_t hash, uint32_t hits) {
  Slot& slot = Remember(LineOf(hash), TagOf(hash));
  if (hits >= kPaysOff) {
    // It is wanted, and comes back with the next read.
    slot.backoff = slot.backoff > 0 ? static_cast<uint8_t>(slot.backoff - 1) : uint8_t{0};
    slot.asked = UINT8_MAX - 1;
    return;
  }
  slot.backoff = std::min<uint8_t>(kMostBackoff, static_cast<uint8_t>(slot.backoff + 1));
  slot.asked = 0;
}

// The slot with this tag, made at the front if there is none; the oldest makes room.
NearGhost::Slot& NearGhost::Remember(Line& line, uint16_t tag) {
  for (Slot& slot : line.slots) {
    if (slot.tag == tag) return slot;
  }
  std::move_backward(line.slots.begin(), line.slots.end() - 1, line.slots.end());
  line.slots[0] = {tag, 0, 0};
  return line.slots[0];
}

}  // namespace keyhole::core
