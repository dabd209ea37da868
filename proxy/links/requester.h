// Who sends requests over a link, as the link sees it: where replies go, and what it is told of
// them. A session is one.
//
// Reference counted, because requests in flight refer to theirs even after its client has gone.
// Thread: its worker's.
#pragma once

#include <boost/smart_ptr/intrusive_ptr.hpp>
#include <boost/smart_ptr/intrusive_ref_counter.hpp>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "proxy/base/endpoint.h"
#include "proxy/links/connection_state.h"
#include "resp/byte_queue.h"
#include "resp/command_table.h"
#include "resp/reply_scanner.h"

namespace keyhole::core {

class Link;
struct Exchange;

// The place of a reply among those of its session; see reply_order.h.
using ReplySlot = uint64_t;
inline constexpr ReplySlot kStraight = 0;  // in the order in which its link gives them

class Requester : public boost::intrusive_ref_counter<Requester, boost::thread_unsafe_counter> {
 public:
  Requester() = default;
  virtual ~Requester() = default;
  Requester(const Requester&) = delete;
  Requester& operator=(const Requester&) = delete;

  // It wants no more replies.
  bool closed() const { return closed_; }
  // It speaks this now.
  resp::Protocol protocol() const { return state_.protocol; }

  // Who it is, in a few words: "billing 127.0.0.1:50000".
  virtual std::string ForPeople() const { return {}; }
  // Where its client has reached us; port 0: nobody can tell.
  virtual Endpoint OwnAddress() const { return {}; }

  // ---- a reply, in this order
  // Bytes of it, as they came. True: it does not take them as fast as they come.
  virtual bool OnReplyBytes(ReplySlot slot, std::string_view bytes) = 0;
  // The same for what answers at once and writes to where they are kept: appends to output(), and
  // then says how many bytes there were before. REQUIRES: nothing else is in flight.
  virtual resp::ByteQueue& output() = 0;
  virtual void OnOutput(size_t before) = 0;
  virtual bool output_is_long() const = 0;
  // The request has done this. change: to its state; null: none.
  virtual void OnEffect(resp::Effect effect, const StateChange* change,
                        const resp::ReplyHead& head) = 0;
  // The reply is complete.
  virtual void OnReplyEnd(const Exchange& exchange, const resp::ReplyHead& head) = 0;

  // ---- what comes over its own link and answers no request, while none is in flight there
  // Gives the place for its bytes.
  virtual ReplySlot OnPushBegin(const Link& link) = 0;
  virtual void OnPushEnd(ReplySlot slot) = 0;

  // ---- the link
  // It is lost with requests of which nobody knows whether they ran, or that waited too long.
  virtual void OnLinkLost() = 0;
  // The shared link has become its own.
  virtual void OnLinkIsYours(Link& link) = 0;
  // What it sent over its private link waits in another one from now on.
  virtual void OnLinkMoved(Link& link) = 0;
  // Its requests have waited too long for a connection, of which Redis said last why there is none.
  virtual void OnLinkRefused(std::string_view error) = 0;
  // A request that had to wait, with nothing in flight, may be sent now.
  virtual void OnLinkReady() {}
  // Its link keeps so many bytes of replies that wait for their turn.
  virtual void OnLinkKeeps(size_t) {}
  // The other side has ended its private link: no more replies will come.
  virtual void OnLinkEnded() = 0;
  // Its private link is down; nothing of it was in flight there.
  virtual void OnLinkDown() = 0;

 protected:
  SessionState state_;
  bool closed_ = false;
};

}  // namespace keyhole::core
