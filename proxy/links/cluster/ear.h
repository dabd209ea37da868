// What a session's ClusterLink is to the links of the nodes: one ear for all shared links, and one
// for each link of its own, so that it is clear which of them something is said of.
//
// Owner: the ClusterLink; requests in flight hold it, too, after that has gone. Thread: the
// worker's.
#pragma once

#include <boost/smart_ptr/intrusive_ptr.hpp>
#include <string>
#include <string_view>

#include "proxy/links/cluster/cluster_node.h"
#include "proxy/links/cluster/part.h"
#include "proxy/links/requester.h"
#include "proxy/links/upstream/upstream_link.h"

namespace keyhole::core {

class Ear final : public Requester {
 public:
  // Who listens.
  class Listener {
   public:
    // A part's reply has begun, or goes on.
    virtual void OnPartBytes(ReplySlot id, std::string_view bytes) = 0;
    virtual void OnPartEnd(Ear& ear, ReplySlot id, const resp::ReplyHead& head) = 0;
    // What was said silently has been answered.
    virtual void OnSilentReply() = 0;
    // A whole message, or what else answers no request.
    virtual void OnMessage(std::string_view bytes) = 0;
    // Requests of unknown outcome, or the state of a connection, are lost.
    virtual void OnLost() = 0;
    virtual void OnRefusedLink(std::string_view error) = 0;
    virtual void OnEnded() = 0;
    virtual void OnDown(Ear& ear) = 0;
    virtual bool output_is_long() const = 0;
    virtual std::string ForPeople() const = 0;
    virtual resp::ByteQueue& client_output() = 0;

   protected:
    ~Listener() = default;
  };

  Ear(Listener& listener, Path path, const SessionState& state)
      : path_(path), listener_(&listener) {
    state_ = state;
  }

  Path path() const { return path_; }
  void set_state(const SessionState& state) { state_ = state; }
  // Nobody listens any more.
  void Close() {
    closed_ = true;
    listener_ = nullptr;
  }

  // ---- of a link of its own
  boost::intrusive_ptr<ClusterNode> node;
  boost::intrusive_ptr<UpstreamLink> link;  // null: there is none
  size_t in_flight = 0;                     // parts sent there and not answered

  void Take(ClusterNode& at, resp::LinkNeed need);
  // To the pool, or it is closed if it is not clean; what is pending there is of no interest any
  // more. Idempotent.
  void GiveBack();
  void CloseLink();

  std::string ForPeople() const override { return closed_ ? "" : listener_->ForPeople(); }
  bool OnReplyBytes(ReplySlot slot, std::string_view bytes) override;
  resp::ByteQueue& output() override { return listener_->client_output(); }
  void OnOutput(size_t) override {}
  bool output_is_long() const override { return !closed_ && listener_->output_is_long(); }
  void OnEffect(resp::Effect, const StateChange*, const resp::ReplyHead&) override {}
  void OnReplyEnd(const Exchange& exchange, const resp::ReplyHead& head) override;
  ReplySlot OnPushBegin(const Link& link) override;
  void OnPushEnd(ReplySlot slot) override;
  void OnLinkLost() override;
  void OnLinkIsYours(Link&) override {}
  void OnLinkMoved(Link& moved) override;
  void OnLinkRefused(std::string_view error) override;
  void OnLinkEnded() override;
  void OnLinkDown() override;

 private:
  static constexpr ReplySlot kMessage = UINT64_MAX;

  const Path path_;
  Listener* listener_;       // null: closed
  bool letting_go_ = false;  // of the link, and of all that is pending there
  std::string message_;      // that is coming
};

}  // namespace keyhole::core
