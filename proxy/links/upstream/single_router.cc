#include "proxy/links/upstream/single_router.h"

#include <utility>

namespace keyhole::core {
namespace {

using Kind = Attachment::Kind;

UpstreamLink& LinkOf(const Attachment& at) {
  return static_cast<UpstreamLink&>(*at.link);  // this router made it
}

}  // namespace

bool SingleRouter::NeedsOwn(const RequestPlan& plan) const {
  if (!sharing_ || plan.in_pieces || !plan.answered) return true;
  if (plan.change != nullptr && plan.change->ambiguous) return true;
  return resp::TraitsOf(plan.effect).need != resp::LinkNeed::kAny;
}

Router::Route SingleRouter::Choose(const RequestPlan& plan, const Asking& asking, Attachment* at) {
  const bool needs_own = NeedsOwn(plan);
  if (at->own()) {
    // It was taken at once, in whatever database: see resp::LinkNeed::kAtOnce.
    const bool elsewhere = LinkOf(*at).state().db != asking.state.db;
    if ((plan.raw || elsewhere) && !asking.idle) return Route::kLater;
    if (needs_own || !asking.idle || asking.pinned) return Route::kGo;
    Release(at);
  }
  if (at->kind == Kind::kMoving) return Route::kLater;
  if (needs_own) {
    if (!asking.idle) return Route::kLater;
    TakeOwn(plan, asking, at);
    return Route::kGo;
  }
  if (plan.change != nullptr) {
    const SessionState target = plan.change->AppliedTo(asking.state);
    if (!target.SharesWith(asking.state)) return MoveTo(target, plan, asking, at);
  }
  if (at->open()) return Route::kGo;
  // A link that is gone has nothing in flight; one that is retired may have.
  if (at->link != nullptr && !LinkOf(*at).gone() && !asking.idle) return Route::kLater;
  *at = {pool_.Shared(asking.state), Kind::kShared};
  return Route::kGo;
}

// Where the new state already holds, the request changes nothing, and Redis still answers it.
Router::Route SingleRouter::MoveTo(const SessionState& target, const RequestPlan& plan,
                                   const Asking& asking, Attachment* at) {
  if (!asking.idle) return Route::kLater;
  if (UpstreamLink* there = pool_.ReadyShared(target); there != nullptr) {
    *at = {there, Kind::kMoving};
  } else {
    TakeOwn(plan, asking, at);
  }
  return Route::kGo;
}

void SingleRouter::TakeOwn(const RequestPlan& plan, const Asking& asking, Attachment* at) {
  resp::LinkNeed need = resp::TraitsOf(plan.effect).need;
  // The link is given back right after; without sharing it would have to be in our database.
  if (need == resp::LinkNeed::kAtOnce && !sharing_) need = resp::LinkNeed::kOwn;
  *at = {pool_.TakePrivate(asking.requester, asking.state, need), Kind::kOwn};
}

void SingleRouter::Release(Attachment* at) {
  const boost::intrusive_ptr<Link> link = std::move(at->link);
  at->Detach();
  pool_.GiveBack(static_cast<UpstreamLink&>(*link));
}

}  // namespace keyhole::core
