#include "proxy/links/cluster/cluster_link.h"

#include <utility>

namespace keyhole::core {

ClusterLink::ClusterLink(LinkContext& context, Cluster& cluster, std::chrono::milliseconds wait,
                         Requester& owner, const SessionState& state, uint64_t number)
    : Link(context),
      cluster_(cluster),
      wait_(wait),
      shared_(context, cluster, parts_, wait, number),
      private_(context, cluster, parts_, shared_, *this, state, number),
      ear_(new Ear(*this, Path::kShared, state)),
      state_(state) {
  owner_ = &owner;
  shared_.set_ear(*ear_);
  shared_.set_state(state);
}

ClusterLink::~ClusterLink() {
  Close();
}

PlanState ClusterLink::Doing() const {
  return {.splits = cluster_.options().split,
          .facade = cluster_.options().facade,
          .queueing = private_.queueing(),
          .watching = private_.watching(),
          .listening = subscribed(),
          .holds = private_.holds(),
          .protocol = state_.protocol};
}

ClusterLink::Taking ClusterLink::Consider(const Exchange& exchange, const resp::Request& request) {
  plan_.reset();
  if (private_.busy() && !private_.queueing()) return Taking::kLater;
  Plan plan = MakePlan(exchange, request, Doing());
  if (plan.way == Plan::Way::kRefused) {
    refusal_ = std::move(plan.refusal);
    return Taking::kRefused;
  }
  if (!MayGo(plan) || AwaitsMap(plan)) return Taking::kLater;
  plan_ = std::move(plan);
  return Taking::kNow;
}

// It goes to all masters, and none is known yet, as at the start.
bool ClusterLink::AwaitsMap(const Plan& plan) {
  const bool to_all = plan.way == Plan::Way::kEvery || plan.way == Plan::Way::kScan;
  const bool waited = std::exchange(awaits_map_, false);
  if (!to_all || !cluster_.masters().empty()) return false;
  if (!waited) awaits_map_until_ = context_.now + wait_;
  awaits_map_ = context_.now < awaits_map_until_;
  if (awaits_map_) cluster_.Await(*this);
  return awaits_map_;
}

// It does not overtake what it must not.
bool ClusterLink::MayGo(const Plan& plan) const {
  if (private_.queueing() || parts_.empty() || plan.way == Plan::Way::kFacade) return true;
  if (plan.path != Path::kShared) return false;
  if (plan.orderly) return publishing_ != kNoSlot && publishing_ == plan.slot;
  const bool one_slot = plan.way == Plan::Way::kOne && plan.slot != kNoSlot;
  return one_slot || shared_.waiting() == 0;
}

void ClusterLink::Send(const resp::Request& request, Exchange&& pending) {
  const boost::intrusive_ptr<ClusterLink> self(this);
  // What a session says by itself has not been considered.
  const Plan plan =
      plan_.has_value() ? *std::exchange(plan_, std::nullopt) : MakePlan(pending, request, Doing());
  Part part;
  part.spec = pending.spec;
  part.effect = pending.effect;
  part.replies = pending.replies;
  part.since = pending.sent;
  part.path = plan.path;
  part.slot = plan.slot;
  // What is read behind WATCH decides what is written: it is as new as what is watched.
  part.reads = plan.path == Path::kShared && !private_.watching() && plan.treatment.reads;
  if (parts_.empty() || !plan.orderly) publishing_ = plan.orderly ? plan.slot : kNoSlot;
  Expect(request, std::move(pending));
  Carry(plan, request, std::move(part));
  Advance();
  AwaitTurns();
}

bool ClusterLink::is_full() const {
  return parts_.kept_requests() + kept_ > kMostKept || shared_.link_is_full();
}

void ClusterLink::set_state(const SessionState& state) {
  state_ = state;
  ear_->set_state(state);
  shared_.set_state(state);
  private_.set_state(state);
}

void ClusterLink::Finish() {
  private_.Finish();
  Close();
}

void ClusterLink::Close() {
  if (owner_ == nullptr) return;
  owner_ = nullptr;
  ear_->Close();
  private_.Close();
  cluster_.Forget(*this);
}

// ---- what comes back

void ClusterLink::OnPartBytes(ReplySlot id, std::string_view bytes) {
  Part& part = parts_.Of(id);
  const bool streams = parts_.is_front(id) && part.head == nullptr && !part.is_error() &&
                       part.reply.size() >= kStreams;
  if (streams) {
    const std::string ready = std::exchange(part.reply, {});
    part.begun = true;
    kept_ -= ready.size();
    if (!Emit(ready)) return;
  }
  part.reply.append(bytes);
  NoteKept(bytes);
}

void ClusterLink::NoteKept(std::string_view bytes) {
  kept_ += bytes.size();
  if (kept_ > kMostKept) owner_->OnLinkKeeps(kept_);
}

void ClusterLink::OnPartEnd(Ear& ear, ReplySlot id, const resp::ReplyHead& head) {
  const boost::intrusive_ptr<ClusterLink> self(this);
  if (ear.path() == Path::kShared) {
    shared_.OnReply(id);
  } else {
    private_.OnReply(ear, id, head);
  }
  Advance();
  AwaitTurns();
}

// Gives the session what is due. It may send more meanwhile, or close.
void ClusterLink::Advance() {
  if (std::exchange(advancing_, true)) return;
  while (owner_ != nullptr && parts_.due()) {
    const auto random = static_cast<uint64_t>(context_.Random() * 1e9);
    const std::string reply = parts_.Pop(random);
    if (parts_.empty()) kept_ = 0;
    kept_ -= std::min(kept_, reply.size());
    if (!Emit(reply)) break;
    if (owner_ != nullptr && !messages_.empty()) Emit(std::exchange(messages_, {}));
  }
  advancing_ = false;
  if (owner_ != nullptr) private_.Release();
}

// False: the link has ended, or the bytes make no sense.
bool ClusterLink::Emit(std::string_view bytes) {
  const boost::intrusive_ptr<Requester> owner(owner_);
  if (owner_ == nullptr) return false;
  if (!Receive(bytes)) {
    owner->OnLinkLost();
    return false;
  }
  return owner_ != nullptr;
}

void ClusterLink::OnMessage(std::string_view bytes) {
  const boost::intrusive_ptr<ClusterLink> self(this);
  if (parts_.mid_reply() || advancing_) {
    messages_.append(bytes);
    owner_->OnLinkKeeps(messages_.size() + kept_);
  } else {
    Emit(bytes);
  }
}

void ClusterLink::OnLost() {
  owner_->OnLinkLost();
}

void ClusterLink::OnRefusedLink(std::string_view error) {
  owner_->OnLinkRefused(error);
}

void ClusterLink::OnEnded() {
  owner_->OnLinkEnded();
}

// Nothing of it was in flight there; what the connection knew is lost.
void ClusterLink::OnDown(Ear& ear) {
  const boost::intrusive_ptr<ClusterLink> self(this);
  const bool knew = ear.path() != Path::kOnce && ear.link != nullptr;
  ear.CloseLink();
  if (knew && owner_ != nullptr) owner_->OnLinkLost();
}

void ClusterLink::OnSilentReply() {
  private_.Release();
}

std::string ClusterLink::ForPeople() const {
  return owner_ == nullptr ? "" : owner_->ForPeople();
}

// ---- time

void ClusterLink::AwaitTurns() {
  if (owner_ != nullptr && (shared_.waiting() > 0 || private_.waiting())) cluster_.Await(*this);
}

void ClusterLink::OnClusterTurn() {
  const boost::intrusive_ptr<ClusterLink> self(this);
  shared_.OnTurn();
  private_.OnTurn();
  Advance();
  const bool ready = !cluster_.masters().empty() || context_.now >= awaits_map_until_;
  if (awaits_map_ && ready && owner_ != nullptr) {
    const boost::intrusive_ptr<Requester> owner(owner_);
    owner->OnLinkReady();  // it asks again, and AwaitsMap() gives false
  }
  if (shared_.waiting() == 0 && !private_.waiting() && !awaits_map_) cluster_.Forget(*this);
}

}  // namespace keyhole::core
