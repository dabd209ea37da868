// A link whose bytes are not RESP any more.
#include "proxy/links/link.h"

namespace keyhole::core {

// First the replies to what the link itself has said before.
bool Link::ReceiveRaw(std::string_view bytes) {
  while (!bytes.empty() && !pending_.empty()) {
    size_t used = 0;
    const auto result = scanner_.Scan(bytes, &used);
    if (result == resp::ReplyScanner::Result::kError) return false;
    bytes.remove_prefix(used);
    if (result == resp::ReplyScanner::Result::kDone && !EndReply()) return false;
  }
  if (!bytes.empty() && owner_ != nullptr) owner_->OnReplyBytes(kStraight, bytes);
  return true;
}

}  // namespace keyhole::core
