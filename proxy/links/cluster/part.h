// What becomes of a client's request in front of a cluster: one part, sent to one node, or several,
// whose replies are merged. Parts are kept with their bytes until they are answered, as a node may
// refuse to carry one out and name another.
//
//     client    GET a        MGET b c                PING
//     parts     1: GET a     2: MGET b   3: MGET c   4: PING       | 1 | 2 | 3 | 4 |  oldest first
//     replies   1            2 and 3, merged         4
//
//     kWaiting --sent--> kSent --answered--> kDone
//        ^                 |
//        '---- refused ----'
//
// Owner: the ClusterLink of the session. Thread: the worker's.
#pragma once

#include <boost/smart_ptr/intrusive_ptr.hpp>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/base/clock.h"
#include "proxy/base/fifo.h"
#include "proxy/links/cluster/cluster_node.h"
#include "proxy/links/cluster/slots.h"
#include "proxy/links/cluster/treatment.h"
#include "proxy/links/requester.h"
#include "resp/byte_queue.h"
#include "resp/command_table.h"

namespace keyhole::core {

// Over which connection a part goes.
enum class Path : uint8_t {
  kNone,         // it is answered here
  kShared,       // one that sessions share
  kOnce,         // one of its own, until it is answered: BLPOP, CLIENT INFO, HELLO
  kOwn,          // one of its own, from WATCH or MULTI to EXEC
  kOpaque,       // one of its own for each node, to the end: commands that are not in the table
  kListen,       // one of its own, while it listens to channels and patterns
  kListenShard,  // the same, shard channels
};

// Parts whose replies become one, or one part whose reply is changed.
struct Group {
  Treatment treatment;
  uint32_t parts = 1;
  uint32_t left = 1;                          // of them not done
  std::vector<std::vector<uint32_t>> places;  // of each part's elements; see PartialReply
  size_t master = 0;                          // SCAN: which it is of ...
  size_t masters = 1;                         // ... so many
};

struct Part {
  enum class State : uint8_t { kWaiting, kSent, kDone };

  State state = State::kWaiting;
  Path path = Path::kShared;
  bool asking = false;  // ASKING goes before it
  bool reads = false;   // and nothing else: a replica may answer it
  uint8_t tries = 0;    // refusals so far
  Slot slot = kNoSlot;  // of its keys; kNoSlot: it has none
  resp::Effect effect = resp::Effect::kNone;
  int32_t replies = 1;                      // see Exchange::replies
  const resp::CommandSpec* spec = nullptr;  // of the client's request
  boost::intrusive_ptr<ClusterNode> node;   // goes there, whatever the map says; null: by it
  boost::intrusive_ptr<ClusterNode> asked;  // where it has been sent last
  Instant since{};                          // it is there
  Instant not_before{};                     // it is to be sent again
  ReplySlot group = kStraight;              // the first part of its group; kStraight: none
  std::unique_ptr<Group> head;              // of the first part of a group
  std::string reply;                        // or what has come of it; kWaiting: the last refusal
  bool begun = false;                       // the client has some of the reply already
  uint64_t begin = 0;                       // of its bytes, see PartQueue
  size_t size = 0;

  bool is_error() const { return !begun && reply.starts_with('-'); }
};

class PartQueue {
 public:
  bool empty() const { return parts_.empty(); }
  // The place of the part that Push() will take next.
  ReplySlot next() const { return first_ + parts_.size(); }

  ReplySlot Push(Part&& part, std::string_view bytes);
  Part& Of(ReplySlot id) { return parts_[static_cast<size_t>(id - first_)]; }
  // Lives until the next Push() or Pop().
  std::string_view BytesOf(const Part& part) const {
    return bytes_.Data().substr(static_cast<size_t>(part.begin - consumed_), part.size);
  }
  // The next reply for the client comes from it.
  bool is_front(ReplySlot id) const { return id == first_; }
  // The client has a part of a reply, and waits for the rest.
  bool mid_reply() const { return !parts_.empty() && parts_.front().begun; }
  // A part has been answered, and its reply is whole.
  void Finish(ReplySlot id);
  // The oldest request has its reply.
  bool due() const;
  // Takes it off, and gives its reply. REQUIRES: due().
  std::string Pop(uint64_t random);

  // Bytes of requests that are kept.
  size_t kept_requests() const { return bytes_.size(); }

 private:
  std::string ReplyOf(const Group& group, uint64_t random);
  void PopOne();

  Fifo<Part> parts_;
  ReplySlot first_ = kStraight + 1;  // that of parts_.front()
  resp::ByteQueue bytes_;            // of all parts, oldest first
  uint64_t consumed_ = 0;            // bytes of parts that are gone
};

}  // namespace keyhole::core
