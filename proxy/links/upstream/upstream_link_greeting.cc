// From a new connection to one that has been greeted.
#include <string_view>
#include <utility>

#include "proxy/links/upstream/upstream_link.h"

namespace keyhole::core {

void UpstreamLink::StartGreeting(Greeting greeting) {
  phase_ = Phase::kGreeting;
  greeting_since_ = context_.now;
  greets_otherwise_ = false;
  handshake_.Begin(std::move(greeting));
  Wake();
}

void UpstreamLink::OnConnecting() {
  phase_ = Phase::kConnecting;
}

void UpstreamLink::OnConnected() {
  BeginAnew();
  unclean_ = false;
  Greeting greeting = Greeting::For(state_);
  if (context_.wants_master) greeting.AskRole();
  if (keeper_.reads_only()) greeting.ReadOnly();
  if (fence_) greeting.Fence();
  AddEarly(&greeting);
  // Is it a Redis that answers? And does it let in those who give no password? Of other links
  // nothing need be asked while the main one is up: MONITOR would show a PING that no client sent.
  const bool is_main = keeper_.IsMain(*this);
  const bool is_known = greeting.replies > 0 || (!is_main && keeper_.up());
  if (!is_known || (is_main && !state_.has_identity())) greeting.Ping();
  if (greeting.replies == 0) return OnGreeted();
  StartGreeting(std::move(greeting));
}

// The user may not SELECT, and the client did before it logged in. False: that is not it.
bool UpstreamLink::GreetOtherwise() {
  const bool may_help = state_.has_identity() && handshake_.error().starts_with("NOPERM");
  if (!may_help || std::exchange(greets_otherwise_, true)) return false;
  Greeting otherwise = Greeting::Otherwise(state_);
  if (keeper_.reads_only()) otherwise.ReadOnly();
  AddEarly(&otherwise);
  handshake_.Retry(otherwise);
  Wake();
  return true;
}

// A refusal means that this connection is not what its sessions need.
bool UpstreamLink::OnGreeting(std::string_view bytes) {
  bytes.remove_prefix(handshake_.Read(bytes, &scanner_));
  if (const auto asked = handshake_.asks_password()) keeper_.OnPassword(*this, *asked);
  if (handshake_.state() == Handshake::State::kTalking) return true;
  if (early_ == Early::kAsked) {
    OnEarlyAnswer();
    return false;
  }
  if (handshake_.state() == Handshake::State::kFailed) {
    if (GreetOtherwise()) return OnGreeting(bytes);
    const bool refused = handshake_.failure() != Handshake::Failure::kNotResp;
    if (refused) keeper_.OnGreetingRefused(*this, handshake_);
    busy_.clear();
    return handshake_.failure() == Handshake::Failure::kNotNow && OnBusy() && OnGreeting(bytes);
  }
  OnGreeted();
  return bytes.empty() || Receive(bytes);
}

void UpstreamLink::OnGreeted() {
  phase_ = Phase::kReady;
  ready_since_ = context_.now;
  if (!was_ready_) {
    was_ready_ = true;
    context_.metrics.counters.link_connects.Add();
  }
  backoff_.Succeeded();
  keeper_.OnUpstreamState(*this, true);
  early_ = Early::kNo;
  busy_.clear();
  Wake();
}

}  // namespace keyhole::core
