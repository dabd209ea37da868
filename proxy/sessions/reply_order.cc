#include "proxy/sessions/reply_order.h"

namespace keyhole::core {

ReplySlot ReplyOrder::OpenSlot() {
  slots_.Push(Slot());
  return first_ + slots_.size() - 1;
}

// Answers that follow one another share a slot.
void ReplyOrder::Answer(std::string_view bytes) {
  assert(!idle());
  if (slots_.empty() || !slots_.back().closed) {
    OpenSlot();
    slots_.back().closed = true;
  }
  slots_.back().bytes.append(bytes);
  kept_ += bytes.size();
}

std::string ReplyOrder::TakeDue() {
  assert(straight_ == 0);
  std::string due;
  while (!slots_.empty()) {
    Slot& slot = slots_.front();
    kept_ -= slot.bytes.size();
    due.append(std::exchange(slot.bytes, {}));
    if (!slot.closed) break;
    slots_.Pop();
    ++first_;
  }
  front_ = slots_.empty() ? kStraight : first_;
  return due;
}

}  // namespace keyhole::core
