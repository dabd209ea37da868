// Whether what is behind the proxy serves: PING is sent where sessions share a link, and has a
// second to be answered. A Redis that asks for a password serves who knows it; one that is LOADING,
// BUSY or without its master (MASTERDOWN) serves nobody.
//
// Thread: the worker's.
#pragma once

#include <boost/smart_ptr/intrusive_ptr.hpp>
#include <functional>
#include <string>
#include <string_view>

#include "proxy/base/clock.h"
#include "proxy/links/link.h"
#include "proxy/links/requester.h"
#include "proxy/links/router.h"

namespace keyhole::core {

class ReadinessCheck final : public Requester {
 public:
  static constexpr std::chrono::seconds kPatience{1};

  // problem: what is wrong, for anybody to see; of what Redis says the first word. Empty: nothing.
  using Done = std::function<void(std::string_view problem)>;

  // `done` is called once, perhaps before this returns; after Cancel() no more.
  static boost::intrusive_ptr<ReadinessCheck> Begin(Router& router, Instant now, Done done);
  // To be called ten times a second: gives up.
  void Tick(Instant now);
  void Cancel();

 private:
  ReadinessCheck(Instant now, Done done) : began_(now), done_(std::move(done)) {}
  void Finish(std::string_view problem);

  // ---- of its own link it knows nothing but the answer
  bool OnReplyBytes(ReplySlot, std::string_view) override { return false; }
  resp::ByteQueue& output() override { return nothing_; }
  void OnOutput(size_t) override { nothing_.Clear(); }
  bool output_is_long() const override { return false; }
  void OnEffect(resp::Effect, const StateChange*, const resp::ReplyHead&) override {}
  void OnReplyEnd(const Exchange& exchange, const resp::ReplyHead& head) override;
  ReplySlot OnPushBegin(const Link&) override { return kStraight; }
  void OnPushEnd(ReplySlot) override {}
  void OnLinkLost() override;
  void OnLinkIsYours(Link&) override {}
  void OnLinkMoved(Link&) override {}
  void OnLinkRefused(std::string_view error) override;
  void OnLinkEnded() override {}
  void OnLinkDown() override {}

  const Instant began_;
  Done done_;
  resp::ByteQueue nothing_;
};

}  // namespace keyhole::core
