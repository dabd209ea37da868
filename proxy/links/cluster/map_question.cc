#include "proxy/links/cluster/map_question.h"

#include "resp/reply_writer.h"

namespace keyhole::core {

void MapQuestion::Send(const SessionState& state, Instant now) {
  const boost::intrusive_ptr<Link> link(node_->pool.Shared(state));
  Say(*link, resp::CommandId::kClusterSlots, kSlots, now);
  Say(*link, resp::CommandId::kClusterInfo, kInfo, now);
}

void MapQuestion::Say(Link& link, resp::CommandId id, ReplySlot slot, Instant now) {
  const resp::CommandSpec& spec = resp::Spec(id);
  const std::string_view args[] = {resp::Spec(spec.parent).name, spec.name};
  std::string bytes;
  resp::AppendRequest(args, &bytes);
  Exchange exchange;
  exchange.spec = &resp::Spec(resp::CommandId::kUnknown);
  exchange.purpose = Purpose::kPart;
  exchange.requester = this;
  exchange.slot = slot;
  exchange.sent = now;
  link.Send({.args = args, .bytes = bytes}, std::move(exchange));
}

bool MapQuestion::OnReplyBytes(ReplySlot slot, std::string_view bytes) {
  if (!closed_) (slot == kSlots ? slots_ : info_).append(bytes);
  return false;
}

void MapQuestion::OnReplyEnd(const Exchange& exchange, const resp::ReplyHead&) {
  if (closed_ || exchange.slot != kInfo) return;
  closed_ = true;
  topology_ = ReadClusterSlots(slots_, node_->endpoint);
  if (topology_.has_value()) topology_->epoch = ReadClusterEpoch(info_);
  done_(*this);
}

void MapQuestion::OnLinkLost() {
  if (std::exchange(closed_, true)) return;
  done_(*this);
}

}  // namespace keyhole::core
