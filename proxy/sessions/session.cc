#include "proxy/sessions/session.h"

#include <utility>

#include "proxy/app/worker_state.h"
#include "proxy/links/local/store_link.h"
#include "proxy/links/upstream/upstream_link.h"
#include "proxy/near_cache/near_cache.h"
#include "resp/hit_rule.h"

namespace keyhole::core {
namespace {

using metrics::CloseReason;
using resp::Effect;
using resp::EqualsIgnoreCase;
using resp::HitRule;

}  // namespace

Session::Session(WorkerState& worker, std::string_view address)
    : worker_(worker), own_users_(worker.config.users != nullptr), address_(address) {
  state_ = worker.initial_state;
  ResetIdentity();
}

Session::~Session() = default;

bool Session::pinned() const {
  return conversation_.needs_own_link() || !worker_.config.links.sharing || link_->subscribed() ||
         link_->monitoring() || link_->proven() == ProvenState::Value::kUnknown;
}

bool Session::held() const {
  return conversation_.blocked() ||
         (link_ != nullptr && (link_->subscribed() || link_->monitoring()));
}

bool Session::link_is_full() const {
  const UpstreamLink* link = worker_.AsUpstream(link_.get());
  return link != nullptr && link->queue_is_long();
}

void Session::ResumeLink() {
  if (private_ != nullptr) private_->Wake();
}

void Session::EndInput() {
  // The store has answered all it will.
  if (worker_.store != nullptr) return CloseAfterOutput();
  if (private_ == nullptr || in_flight_ == 0 || private_->input_ended()) return;
  conversation_.KeepLink();  // not to be used again
  private_->EndInput();
}

void Session::OnLinkIsYours(UpstreamLink& link) {
  private_ = &link;
  link_ = private_;
  link.Introduce(state_);
}

void Session::OnLinkEnded() {
  private_ = nullptr;
  link_ = nullptr;
  CloseAfterOutput();
}

void Session::Foresee(std::span<const resp::HashedKey> keys) {
  if (worker_.near != nullptr) worker_.near->Foresee(keys);
  if (link_ != nullptr) link_->Foresee(keys);
  worker_.metrics.keys.Foresee(keys);
}

void Session::Deliver(std::string_view bytes) {
  if (bytes.empty()) return;
  resp::ByteQueue& to = output();
  const size_t before = to.size();
  to.Append(bytes);
  OnOutput(before);
}

Session::Taken Session::Submit(const resp::Request& request) {
  return Take(request, false);
}

Session::Taken Session::SubmitHead(const resp::Request& request) {
  return Take(request, true);
}

void Session::SubmitBody(std::string_view bytes) {
  // Not of a request that was answered here: its body would be requests of its own to Redis.
  if (uploading() && private_ != nullptr) private_->SendMore(bytes);
}

void Session::SubmitTail(const resp::Request& request) {
  SubmitBody(request.bytes);
  // If CLIENT REPLY hides its reply, the link awaits none, and the last one is another's.
  const std::optional<Conversation::Upload> upload = conversation_.TakeUpload();
  if (upload.has_value() && upload->answered && private_ != nullptr) {
    private_->FinishLast(request.args, upload->arguments);
  }
}

Session::Taken Session::Take(const resp::Request& request, bool in_pieces) {
  if (closed_) return Taken::kYes;
  RequestPlan plan = MakePlan(request, in_pieces, hides_reply());
  if (guarded_) [[unlikely]]
    return TakeGuarded(request, plan);
  return CarryOut(request, plan);
}

Session::Taken Session::CarryOut(const resp::Request& request, RequestPlan& plan) {
  if (!plan.plain()) AdaptToState(&plan);
  if (worker_.near != nullptr) [[unlikely]] {
    const Near near = plan.in_pieces ? Near::kForward : AskNear(request, *plan.spec);
    if (near != Near::kForward) return near == Near::kServed ? Taken::kYes : Taken::kLater;
  }
  const bool here = !plan.plain() && AnswersHere(plan.effect);
  if (here ? in_flight_ > 0 : !ChooseLink(plan)) {
    waiting_ = true;
    return Taken::kLater;
  }
  worker_.metrics.counters.requests[plan.spec->id].Add();
  if (here) {
    AnswerHere(plan.effect);
  } else {
    Send(request, std::move(plan));
  }
  return Taken::kYes;
}

// What only the session knows of it.
void Session::AdaptToState(RequestPlan* plan) const {
  const bool upstream = worker_.store == nullptr;
  if (plan->effect == Effect::kReplication) {
    plan->raw =
        upstream && !conversation_.queueing();  // in one Redis refuses it, and answers in RESP
  }
  if (plan->effect == Effect::kClientReply && conversation_.queueing()) {
    // Queued; from EXEC on replies may come without their number, or not at all.
    plan->raw = upstream;
    plan->effect = Effect::kPin;
    plan->answered = !hides_reply();
  }
  // It puts an end to CLIENT REPLY OFF before it answers.
  if (plan->effect == Effect::kReset) plan->answered = true;
  // Confirmations are pushes, which CLIENT REPLY does not hide.
  if (resp::TraitsOf(plan->effect).confirmed() && !conversation_.queueing()) plan->answered = true;
}

bool Session::NeedsPrivate(const RequestPlan& plan) const {
  if (plan.plain()) return !worker_.config.links.sharing;
  if (plan.in_pieces || !worker_.config.links.sharing || !plan.answered) return true;
  if (plan.change != nullptr && plan.change->ambiguous) return true;
  return resp::TraitsOf(plan.effect).need != resp::LinkNeed::kAny;
}

// Finds the link for this request. False: earlier replies must come first.
bool Session::ChooseLink(const RequestPlan& plan) {
  if (worker_.store != nullptr) {
    if (link_ == nullptr) {
      link_ = new StoreLink(worker_, *worker_.store, worker_.store_doorbell, *this, address_);
      if (own_users_) Become(user_);  // it is told
    }
    return true;
  }
  const bool needs_private = NeedsPrivate(plan);
  if (private_ != nullptr) {
    const bool borrowed = private_->state().db != state_.db;  // see resp::LinkNeed::kAtOnce
    if ((plan.raw || borrowed) && in_flight_ > 0) return false;
    if (needs_private || in_flight_ > 0 || pinned()) return true;
    LeavePrivateLink();
  }
  if (changing_state_) return false;
  if (needs_private) {
    if (in_flight_ > 0) return false;
    TakePrivateLink(plan.effect);
    return true;
  }
  if (plan.change != nullptr) {
    const SessionState target = plan.change->AppliedTo(state_);
    if (!target.SharesWith(state_)) return MoveTo(target, plan.effect);
  }
  const UpstreamLink* link = worker_.AsUpstream(link_.get());
  if (link != nullptr && link->phase() != UpstreamLink::Phase::kGone) {
    if (!link->retired()) return true;
    if (in_flight_ > 0) return false;
  }
  link_ = worker_.links.Shared(state_);
  return true;
}

// Where the new state already holds, the request changes nothing, and Redis still answers it.
// False: earlier replies must come first.
bool Session::MoveTo(const SessionState& target, Effect effect) {
  if (in_flight_ > 0) return false;
  if (UpstreamLink* there = worker_.links.ReadyShared(target); there != nullptr) {
    link_ = there;
    changing_state_ = true;
  } else {
    TakePrivateLink(effect);
  }
  return true;
}

void Session::TakePrivateLink(Effect effect) {
  resp::LinkNeed need = resp::TraitsOf(effect).need;
  // The link is given back right after; without sharing it would have to be in our database.
  if (need == resp::LinkNeed::kAtOnce && !worker_.config.links.sharing) need = resp::LinkNeed::kOwn;
  private_ = worker_.links.TakePrivate(*this, state_, need);
  link_ = private_;
}

void Session::LeavePrivateLink() {
  const boost::intrusive_ptr<UpstreamLink> link = std::move(private_);
  link_ = nullptr;
  worker_.links.GiveBack(*link);
}

void Session::Send(const resp::Request& request, RequestPlan plan) {
  Pending pending;
  pending.requester = this;
  pending.spec = plan.spec;
  pending.effect = plan.effect;
  pending.sent = worker_.now;
  pending.replies = AwaitedReplies(plan, request.argument_count());
  pending.change = std::move(plan.change);
  if (plan.answered && worker_.counts(*plan.spec)) {
    // Of a request in pieces the options may be still to come: see Link::FinishLast().
    const bool undecided = plan.in_pieces && plan.spec->hit.rule == HitRule::kSetGet;
    pending.rule = undecided ? HitRule::kNullIsMiss : resp::Resolve(*plan.spec, request.args);
  }
  if (plan.answered) ++in_flight_;
  if (worker_.near != nullptr) [[unlikely]]
    NoteSentNear(request, *plan.spec, plan.in_pieces);
  if (!plan.plain()) {
    conversation_.OnSent({.effect = plan.effect,
                          .in_pieces = plan.in_pieces,
                          .answered = plan.answered,
                          .arguments = request.argument_count(),
                          .last = request.args.empty() ? std::string_view() : request.args.back()});
  }
  const boost::intrusive_ptr<Link> link = link_;  // the reply may come, and change it, at once
  if (plan.raw) {
    if (plan.answered) --in_flight_;
    private_->GoRaw();
    pending.replies = 0;
    conversation_.OnRaw();
    OnRaw();
  }
  link->Send(request, std::move(pending));
}

void Session::OnEffect(Effect effect, const StateChange* change, const resp::ReplyHead& head) {
  if (closed_) return;
  switch (effect) {
    case Effect::kPin:
    case Effect::kMonitor:
      if (head.is_error()) conversation_.OnRefused(effect);
      break;
    case Effect::kReset:
      if (head.is_error()) break;
      state_ = worker_.initial_state;
      ResetIdentity();
      if (link_ != nullptr) link_->ForgetSubscriptions();
      break;
    default:
      if (change == nullptr) break;
      if (change->identity.has_value() && !head.is_error()) {
        borrows_ = false;
        guarded_ = own_users_;
      }
      state_ = head.is_error() ? change->CarriedOut(head.text).AppliedTo(std::move(state_))
                               : change->AppliedTo(std::move(state_));
      if (private_ != nullptr) private_->set_state(state_);
      break;
  }
}

void Session::OnReplyEnd(const resp::CommandSpec& spec, const resp::ReplyHead& head) {
  if (worker_.near != nullptr) [[unlikely]]
    OnReplyNear(spec, head);
  --in_flight_;
  if (closed_) return;
  const boost::intrusive_ptr<Session> self(this);
  OnReply(head);
  if (in_flight_ > 0 || closed_) return;
  conversation_.OnAllAnswered();
  if (changing_state_) {
    changing_state_ = false;
    if (private_ == nullptr) link_ = nullptr;  // back to the old one, if Redis said no
  }
  if (private_ != nullptr) {
    conversation_.Believe(private_->proven());
    if (!pinned()) LeavePrivateLink();
  }
  if (std::exchange(waiting_, false)) OnMaySubmit();
}

void Session::OnLinkLost() {
  Close(CloseReason::kUpstreamLost);
}

void Session::OnLinkDown() {
  if (closed_) return;
  // What the connection knew of this session is gone with it. A client that has nothing there may
  // stay: its requests wait for the next connection.
  if (pinned()) {
    Close(CloseReason::kUpstreamLost);
  } else if (in_flight_ == 0) {
    private_ = nullptr;
    link_ = nullptr;
  }
}

}  // namespace keyhole::core
