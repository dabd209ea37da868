#include "proxy/links/upstream/upstream_link.h"

#include <algorithm>
#include <cassert>
#include <string>
#include <utility>
#include <vector>

#include "resp/reply_writer.h"

namespace keyhole::core {
namespace {

using resp::CommandId;
using std::chrono::milliseconds;

}  // namespace

UpstreamLink::UpstreamLink(LinkContext& context, Keeper& keeper, SessionState state,
                           Requester* owner)
    : Link(context),
      keeper_(keeper),
      state_(std::move(state)),
      role_(owner == nullptr ? Role::kShared : Role::kPrivate) {
  owner_ = owner;
  accepting_ = owner == nullptr;
  gauge().Add();
}

UpstreamLink::~UpstreamLink() {
  gauge().Sub();
}

// Of the links of its kind, as a person sees it.
metrics::Gauge& UpstreamLink::gauge() const {
  using metrics::LinkKind;
  auto& links = context_.metrics.counters.links;
  if (role_ == Role::kShared) return links[LinkKind::kShared];
  return links[role_ == Role::kIdle ? LinkKind::kIdle : LinkKind::kPrivate];
}

void UpstreamLink::SetRole(Role role, Requester* owner) {
  gauge().Sub();
  role_ = role;
  gauge().Add();
  owner_ = owner;
  accepting_ = role == Role::kShared;
  if (role != Role::kPrivate) NoteUse();
}

[[gnu::always_inline]] inline void UpstreamLink::Enqueue(const resp::Request& request,
                                                         Exchange&& pending) {
  pending.begin = written_ + out_.size();
  out_.Append(request.bytes);
  if (pending.replies != 0) Expect(request, std::move(pending));
}

void UpstreamLink::Send(const resp::Request& request, Exchange&& pending) {
  if (pending.change != nullptr && owner_ == nullptr && pending.change->names()) [[unlikely]]
    return SendNamed(request, std::move(pending));
  Enqueue(request, std::move(pending));
  Wake();
}

// A session names itself on a shared link. It has its name, if Redis has taken it. The link gets
// its own back before anybody else's request: else SLOWLOG and CLIENT LIST would accuse the wrong
// application.
void UpstreamLink::SendNamed(const resp::Request& request, Exchange&& pending) {
  const SessionState as = pending.change->AppliedTo(state_);
  Enqueue(request, std::move(pending));
  ForEachIntroduction(state_, as,
                      [this](Greeting::Words args) { Ask(args, /*must_succeed=*/false); });
  Wake();
}

// Sends a request of its own. must_succeed: if not, the link is called by a name that is not its
// own.
void UpstreamLink::Ask(Greeting::Words args, bool must_succeed) {
  Exchange pending;
  pending.spec = &resp::Spec(CommandId::kUnknown);
  if (must_succeed) pending.effect = resp::Effect::kSetName;
  pending.sent = context_.now;
  pending.begin = written_ + out_.size();
  std::string bytes;
  resp::AppendRequest(args, &bytes);
  out_.Append(bytes);
  pending_.Push(std::move(pending));
}

void UpstreamLink::SayName(const SessionState& state, bool must_succeed) {
  ForEachIntroduction(state, state_, [&](Greeting::Words args) { Ask(args, must_succeed); });
  state_.name = state.name;
  state_.library = state.library;
  state_.library_version = state.library_version;
  WakeIfReady();
}

// MONITOR does not show it, and Redis answers it while a script runs.
uint64_t UpstreamLink::Probe() {
  Ask({resp::Spec(CommandId::kReplconf).name}, /*must_succeed=*/false);
  Wake();
  return pending_.back().begin;
}

void UpstreamLink::set_state(const SessionState& state) {
  // Who may name it and who may take the name away again need not be the same.
  if (!state_.name.empty() && !state.SameIdentity(state_)) unclean_ = true;
  state_ = state;
}

bool UpstreamLink::clean() const {
  for (size_t i = 0; i < pending_.size(); ++i) {
    if (pending_[i].requester != nullptr) return false;
  }
  return !unclean_ && proven_.clean() && !subscribed() && !monitoring() && !raw_ &&
         role_ != Role::kEnding;
}

void UpstreamLink::SendMore(std::string_view bytes) {
  out_.Append(bytes);
  Wake();
}

void UpstreamLink::Adopt(const SessionState& state, bool fence) {
  fence_ = fence;
  if (state.db != state_.db) {
    assert(phase_ == Phase::kReady && pending() == 0);
    Greeting greeting;
    greeting.SelectDatabase(state.db);
    greeting.Introduce(state, state_);
    if (fence) greeting.Fence();
    state_ = state;
    StartGreeting(std::move(greeting));
  } else if (phase_ == Phase::kReady || phase_ == Phase::kGreeting) {
    Introduce(state);
    if (fence) ForEachFence([this](Greeting::Words args) { Ask(args, /*must_succeed=*/false); });
  } else {
    state_ = state;
  }
  adopted_ = written_ + out_.size();
}

bool UpstreamLink::OnRead(std::string_view bytes) {
  context_.metrics.counters.upstream_bytes_in.Add(bytes.size());
  const boost::intrusive_ptr<UpstreamLink> self(this);  // what comes may end us
  if (phase_ == Phase::kGreeting) return OnGreeting(bytes);
  if (phase_ != Phase::kReady) return false;
  return Receive(bytes);
}

void UpstreamLink::OnSlowReader(Requester& slow) {
  keeper_.OnSlowReader(*this, slow);
}

void UpstreamLink::OnUnclean() {
  unclean_ = true;
  if (owner_ == nullptr) keeper_.OnUnclean(*this);
}

// Waiting for a connection is not the upstream's time.
void UpstreamLink::OnAnswered(const Exchange& pending) {
  const std::chrono::nanoseconds took = context_.now - std::max(pending.sent, ready_since_);
  context_.metrics.upstream_latency.Record(took);
  latency_ += (took - latency_) / 8;
}

void UpstreamLink::OnError(std::string_view error) {
  if (error.starts_with("READONLY")) keeper_.OnReadOnly(*this);
}

bool UpstreamLink::wants_read() const {
  return owner_ == nullptr || !owner_->output_is_long();
}

std::string_view UpstreamLink::PrepareWrite() const {
  if (phase_ == Phase::kGreeting) return handshake_.PrepareWrite();
  return phase_ == Phase::kReady ? out_.Data() : std::string_view();
}

void UpstreamLink::CommitWrite(size_t n) {
  context_.metrics.counters.upstream_bytes_out.Add(n);
  if (phase_ == Phase::kGreeting) {
    handshake_.CommitWrite(n);
    return;
  }
  const bool was_long = out_.size() > kLongQueue;
  out_.Consume(n);
  written_ += n;
  if (was_long && out_.size() <= kLongQueue) keeper_.OnRoom(*this);
}

void UpstreamLink::CountLoss(Phase was) {
  if (was_ready_) {
    context_.metrics.counters.link_losses.Add();
  } else if (was == Phase::kConnecting || was == Phase::kGreeting) {
    context_.metrics.counters.link_connect_failures.Add();
  }
  was_ready_ = false;
}

void UpstreamLink::OnDisconnected() {
  const boost::intrusive_ptr<UpstreamLink> self(this);
  if (phase_ == Phase::kGone) return;
  // As we asked for, or an end of what cannot be understood: the client gets all that came.
  if ((role_ == Role::kEnding && (phase_ == Phase::kReady || owner_ == nullptr)) ||
      (raw_ && phase_ == Phase::kReady && out_.empty())) {
    if (owner_ != nullptr) owner_->OnLinkEnded();
    return Close();
  }
  const Phase was = std::exchange(phase_, Phase::kDown);
  CountLoss(was);
  if (early_ == Early::kAsked) early_ = Early::kNo;
  handshake_.OnLost();
  backoff_.Failed(context_.now, context_.Random());
  refused_at_ = written_ + out_.size();
  DropWritten();
  // A connection that was never ready knew nothing of its owner, who goes on waiting for one.
  const bool unused = was != Phase::kReady && (!out_.empty() || is_early());
  if (owner_ != nullptr && !unused) owner_->OnLinkDown();
  if (owner_ == nullptr || !unused) {
    DropAbandoned();
    adopted_ = written_;  // what is left has been sent by its owner
  }
  keeper_.OnUpstreamState(*this, false);
  // A shared link of the default state is kept up always; others only as long as they are needed.
  if (!keeper_.IsMain(*this) && pending() == 0 && out_.empty() && !is_early()) Close();
}

// Requests that were written have an unknown outcome.
void UpstreamLink::DropWritten() {
  std::vector<boost::intrusive_ptr<Requester>> lost;
  while (!pending_.empty() && pending_.front().begin < written_) {
    const Exchange pending = pending_.Pop();
    ForgetKeysOf(pending);
    if (pending.requester == nullptr) continue;
    if (lost.empty() || lost.back() != pending.requester) lost.push_back(pending.requester);
  }
  for (const auto& requester : lost) requester->OnLinkLost();
}

// Takes what was not written by sessions that are gone out of the queue: it must not run.
void UpstreamLink::DropAbandoned() {
  const std::string waiting(out_.Data());
  std::vector<Exchange> kept;
  std::vector<std::string_view> bytes;
  // A request that was written in part was lost above; its rest goes with it.
  while (!pending_.empty()) {
    Exchange pending = pending_.Pop();
    const uint64_t begin = pending.begin - written_;
    const uint64_t end = pending_.empty() ? waiting.size() : pending_.front().begin - written_;
    // What it asks itself belongs to the request before.
    if (pending.requester == nullptr ? kept.empty() : pending.requester->closed()) {
      ForgetKeysOf(pending);
      continue;
    }
    bytes.push_back(std::string_view(waiting).substr(begin, end - begin));
    RequeueKeysOf(pending);
    kept.push_back(std::move(pending));
  }
  out_.Clear();
  for (size_t i = 0; i < kept.size(); ++i) {
    kept[i].begin = written_ + out_.size();
    out_.Append(bytes[i]);
    pending_.Push(std::move(kept[i]));
  }
}

bool UpstreamLink::wants_connection() const {
  return phase_ == Phase::kDown && backoff_.IsOver(context_.now);
}

void UpstreamLink::ExpireWaiting() {
  if (phase_ != Phase::kDown && phase_ != Phase::kConnecting) return;
  if (is_busy()) {  // who asks more is not to wait for what has been refused
    if (written_ + out_.size() > refused_at_) RetryNow();
    return;
  }
  const boost::intrusive_ptr<UpstreamLink> self(this);
  bool any = false;
  while (!pending_.empty() && pending_.front().sent + keeper_.upstream_wait() <= context_.now) {
    // What one session sent is given up together: it is closed.
    if (const auto requester = pending_.front().requester) {
      const bool refused = handshake_.state() == Handshake::State::kFailed;
      if (refused && !handshake_.error().empty()) {
        requester->OnLinkRefused(handshake_.error());
      } else {
        requester->OnLinkLost();
      }
    }
    DropAbandoned();
    any = true;
  }
  if (any && !keeper_.IsMain(*this) && pending() == 0) Close();
}

void UpstreamLink::Close() {
  if (phase_ == Phase::kGone) return;
  const boost::intrusive_ptr<UpstreamLink> self(this);
  phase_ = Phase::kGone;
  accepting_ = false;
  std::vector<boost::intrusive_ptr<Requester>> lost;
  if (is_early()) lost.emplace_back(owner_);  // the transaction that it believes to be in
  owner_ = nullptr;
  while (!pending_.empty()) lost.push_back(pending_.Pop().requester);
  for (const auto& requester : lost) {
    if (requester != nullptr) requester->OnLinkLost();
  }
  keeper_.OnClosed(*this);
  Wake();
}

void UpstreamLink::Finish() {
  if (out_.empty() || phase_ == Phase::kDown) return Close();
  SetRole(Role::kEnding, nullptr);
  Wake();
}

bool UpstreamLink::EndInput() {
  if (role_ == Role::kEnding) return false;
  SetRole(Role::kEnding, owner_);
  Wake();
  return true;
}

void UpstreamLink::Wake() {
  if (transport_ != nullptr) transport_->Wake();
}

}  // namespace keyhole::core
