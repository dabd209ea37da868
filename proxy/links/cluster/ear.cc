#include "proxy/links/cluster/ear.h"

#include <utility>

namespace keyhole::core {

void Ear::Take(ClusterNode& at, resp::LinkNeed need) {
  node = &at;
  link = at.pool.TakePrivate(*this, state_, need);
}

void Ear::GiveBack() {
  const boost::intrusive_ptr<UpstreamLink> given = std::exchange(link, nullptr);
  if (given == nullptr) return;
  letting_go_ = true;
  node->pool.GiveBack(*given);
  letting_go_ = false;
}

void Ear::CloseLink() {
  const boost::intrusive_ptr<UpstreamLink> closing = std::exchange(link, nullptr);
  if (closing == nullptr) return;
  letting_go_ = true;
  closing->Close();
  letting_go_ = false;
}

bool Ear::OnReplyBytes(ReplySlot slot, std::string_view bytes) {
  if (closed_) return false;
  if (slot == kMessage) {
    message_.append(bytes);
  } else {
    listener_->OnPartBytes(slot, bytes);
  }
  return false;
}

void Ear::OnReplyEnd(const Exchange& exchange, const resp::ReplyHead& head) {
  const boost::intrusive_ptr<Ear> self(this);
  if (closed_) return;
  if (exchange.slot == kStraight) {  // what it says by itself has no place
    listener_->OnSilentReply();
  } else {
    listener_->OnPartEnd(*this, exchange.slot, head);
  }
}

ReplySlot Ear::OnPushBegin(const Link&) {
  message_.clear();
  return kMessage;
}

void Ear::OnPushEnd(ReplySlot) {
  const boost::intrusive_ptr<Ear> self(this);
  if (!closed_) listener_->OnMessage(std::exchange(message_, {}));
}

void Ear::OnLinkLost() {
  const boost::intrusive_ptr<Ear> self(this);
  if (!closed_ && !letting_go_) listener_->OnLost();
}

void Ear::OnLinkMoved(Link& moved) {
  link = &static_cast<UpstreamLink&>(moved);  // an ear has no others
}

void Ear::OnLinkRefused(std::string_view error) {
  const boost::intrusive_ptr<Ear> self(this);
  if (!closed_) listener_->OnRefusedLink(error);
}

void Ear::OnLinkEnded() {
  const boost::intrusive_ptr<Ear> self(this);
  if (!closed_) listener_->OnEnded();
}

void Ear::OnLinkDown() {
  const boost::intrusive_ptr<Ear> self(this);
  if (!closed_) listener_->OnDown(*this);
}

}  // namespace keyhole::core
