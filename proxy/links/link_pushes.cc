// What comes over a link and answers no request: pushes, messages, lines of MONITOR.
#include <cassert>
#include <utility>

#include "proxy/links/link.h"

namespace keyhole::core {

using resp::ReplyHead;
using resp::ReplyType;

void Link::BeginPush() {
  receiver_ = owner_;
  if (owner_ == nullptr) return;
  slot_ = owner_->OnPushBegin(*this);
  push_ = true;
}

bool Link::EndPush() {
  if (!std::exchange(push_, false) || owner_ == nullptr) return true;
  const boost::intrusive_ptr<Requester> owner(owner_);
  owner->OnPushEnd(slot_);
  return true;
}

void Link::ReceivePush(std::string_view bytes) {
  assert(scanner_.at_start() && owner_ != nullptr);
  const boost::intrusive_ptr<Requester> owner(owner_);
  const bool alone = pending_.empty();
  const ReplySlot slot = alone ? owner->OnPushBegin(*this) : pending_.front().slot;
  owner->OnReplyBytes(slot, bytes);
  if (alone) owner->OnPushEnd(slot);
}

// Something that comes on its own and answers no request.
bool Link::IsPush(const ReplyHead& head) const {
  if (pushes_are_told_) return false;
  if (head.type == ReplyType::kPush) return true;
  if (head.type == ReplyType::kArray && subscribed() && owner_ != nullptr &&
      owner_->protocol() == resp::Protocol::kResp2) {  // which has no pushes
    return head.text == "message" || head.text == "pmessage" || head.text == "smessage";
  }
  // +1700000000.123456 [0 127.0.0.1:50000] "GET" ...
  return monitoring_ && head.type == ReplyType::kSimpleString && !head.text.empty() &&
         head.text.front() >= '0' && head.text.front() <= '9';
}

}  // namespace keyhole::core
