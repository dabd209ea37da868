#include "proxy/links/cluster/part.h"

#include <cassert>
#include <utility>

#include "proxy/links/cluster/gather.h"
#include "proxy/links/cluster/scan_cursor.h"
#include "proxy/links/cluster/standalone.h"

namespace keyhole::core {

ReplySlot PartQueue::Push(Part&& part, std::string_view bytes) {
  part.begin = consumed_ + bytes_.size();
  part.size = bytes.size();
  bytes_.Append(bytes);
  const ReplySlot id = next();
  parts_.Push(std::move(part));
  return id;
}

void PartQueue::Finish(ReplySlot id) {
  Part& part = Of(id);
  assert(part.state != Part::State::kDone);
  part.state = Part::State::kDone;
  part.node = nullptr;
  part.asked = nullptr;
  if (part.group != kStraight) --Of(part.group).head->left;
}

bool PartQueue::due() const {
  if (parts_.empty()) return false;
  const Part& front = parts_.front();
  return front.head != nullptr ? front.head->left == 0 : front.state == Part::State::kDone;
}

std::string PartQueue::Pop(uint64_t random) {
  assert(due());
  if (parts_.front().head == nullptr) {
    std::string reply = std::move(parts_.front().reply);
    PopOne();
    return reply;
  }
  const Group& group = *parts_.front().head;
  std::string reply = ReplyOf(group, random);
  for (uint32_t left = group.parts; left > 0; --left) PopOne();
  return reply;
}

std::string PartQueue::ReplyOf(const Group& group, uint64_t random) {
  std::vector<PartialReply> replies(group.parts);
  for (size_t i = 0; i < replies.size(); ++i) {
    replies[i].bytes = parts_[i].reply;
    if (!group.places.empty()) replies[i].places = group.places[i];
  }
  std::string reply = MergeReplies(group.treatment.merging, replies, random);
  switch (group.treatment.way) {
    case Treatment::Way::kScan:
      return WithClientCursor(reply, group.master, group.masters);
    case Treatment::Way::kInfo:
      return StandaloneInfo(reply);
    case Treatment::Way::kHello:
      return StandaloneHello(reply);
    default:
      return reply;
  }
}

void PartQueue::PopOne() {
  const size_t size = parts_.front().size;
  bytes_.Consume(size);
  consumed_ += size;
  parts_.Pop();
  ++first_;
}

}  // namespace keyhole::core
