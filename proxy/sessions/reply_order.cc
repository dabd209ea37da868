#include "proxy/sessions/reply_order.h"

namespace keyhole::core {

ReplySlot ReplyOrder::OpenSlot() {
  if (slots_ == nullptr) slots_ = std::make_unique<Slots>();
  slots_->queue.Push(Slot());
  return slots_->first + slots_->queue.size() - 1;
}

// Answers that follow one another share a slot.
void ReplyOrder::Answer(std::string_view bytes) {
  assert(!idle());
  if (slots_ == nullptr || !slots_->queue.back().closed) {
    OpenSlot();
    slots_->queue.back().closed = true;
  }
  slots_->queue.back().bytes.append(bytes);
  slots_->kept += bytes.size();
}

std::string ReplyOrder::TakeDue() {
  assert(straight_ == 0);
  std::string due;
  Slots& slots = *slots_;
  while (!slots.queue.empty()) {
    Slot& slot = slots.queue.front();
    slots.kept -= slot.bytes.size();
    due.append(std::exchange(slot.bytes, {}));
    if (!slot.closed) break;
    slots.queue.Pop();
    ++slots.first;
  }
  front_ = slots.queue.empty() ? kStraight : slots.first;
  if (front_ == kStraight) slots_ = nullptr;
  return due;
}

}  // namespace keyhole::core
