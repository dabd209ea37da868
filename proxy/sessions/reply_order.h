// The order of a session's replies, which is that of its requests, wherever they come from.
//
// While all that is in flight is on one link, which keeps the order itself, replies pass straight
// through. Whatever comes from elsewhere, another link or the proxy itself, takes a slot, and so
// does all behind it, until the last slot is empty again:
//
//     requests   GET a     GET b     GET c     GET d     a refused one    GET e
//     from       link 1    link 1    link 2    link 1    the proxy        link 2
//                '-- straight --'    slot 1    slot 2    slot 3, done     slot 4
//
//     front_     kStraight           1  ...    2  ...    3, at once ...   4  ...   kStraight
//                  bytes of the front go to the client, those of the others stay in their slots
//
// Thread: its session's. Cost: one comparison for each request and each piece of a reply, while
// there is one link.
#pragma once

#include <cassert>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "proxy/base/fifo.h"
#include "proxy/links/requester.h"

namespace keyhole::core {

class ReplyOrder {
 public:
  // Nothing is in flight.
  bool idle() const { return straight_ == 0 && front_ == kStraight; }

  // A request goes to this link, which is only compared.
  ReplySlot Open(const Link* link) {
    if (slots_ == nullptr && (straight_ == 0 || link == link_)) [[likely]] {
      link_ = link;
      ++straight_;
      return kStraight;
    }
    return OpenSlot();
  }
  // All that is in flight on a link is on this one now.
  void Follow(const Link* link) { link_ = link; }
  // Bytes of this reply go to the client as they come; those of others are to be kept.
  bool is_front(ReplySlot slot) const { return slot == front_; }
  void Keep(ReplySlot slot, std::string_view bytes) {
    slots_->Of(slot).bytes.append(bytes);
    slots_->kept += bytes.size();
  }
  // A whole reply, or one more piece of it, of somebody who answers at once.
  // REQUIRES: not idle(), where there is nothing to wait for.
  void Answer(std::string_view bytes);
  // A reply is complete. True: others are due, which have been kept; see TakeDue().
  bool Close(ReplySlot slot) {
    if (slot == kStraight) [[likely]] {
      assert(straight_ > 0);
      if (--straight_ > 0 || slots_ == nullptr) return false;
    } else {
      slots_->Of(slot).closed = true;
      if (slot != front_) return false;
    }
    return true;
  }
  // What is due after Close(), up to the first byte that has not come.
  std::string TakeDue();
  // Replies that have not come, or not all of them.
  size_t in_flight() const {
    size_t open = straight_;
    if (slots_ == nullptr) return open;
    for (size_t i = 0; i < slots_->queue.size(); ++i) open += slots_->queue[i].closed ? 0U : 1U;
    return open;
  }
  // Bytes in slots.
  size_t kept() const { return slots_ == nullptr ? 0 : slots_->kept; }

 private:
  struct Slot {
    std::string bytes;
    bool closed = false;
  };

  // Of closed ones only such as have an open one before them.
  struct Slots {
    Slot& Of(ReplySlot slot) { return queue[static_cast<size_t>(slot - first)]; }
    ReplySlot first = 1;  // that of queue.front()
    Fifo<Slot> queue;
    size_t kept = 0;  // bytes in all of them
  };

  ReplySlot OpenSlot();

  uint32_t straight_ = 0;         // in flight without a slot, all on link_ and before all slots
  const Link* link_ = nullptr;    // while straight_ > 0
  ReplySlot front_ = kStraight;   // whose bytes go to the client
  std::unique_ptr<Slots> slots_;  // null: there are none, as most of the time
};

}  // namespace keyhole::core
