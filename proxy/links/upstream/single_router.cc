#include "proxy/links/upstream/single_router.h"

#include <utility>

namespace keyhole::core {
namespace {

using Kind = Attachment::Kind;

UpstreamLink& LinkOf(const Attachment& at) {
  return static_cast<UpstreamLink&>(*at.link);  // this router made it
}

}  // namespace

bool SingleRouter::NeedsOwn(const Exchange& exchange) const {
  const bool only_reads =
      exchange.spec->has(resp::kRead) && !exchange.spec->has(resp::kMayReplicate);
  const bool may_be_held = exchange.plain() || exchange.effect == resp::Effect::kScript;
  if (pool_.wary() && may_be_held && !only_reads) return true;
  if (!sharing_ || exchange.in_pieces || !exchange.answered) return true;
  if (exchange.change != nullptr && exchange.change->ambiguous) return true;
  const resp::LinkNeed need = resp::TraitsOf(exchange.effect).need;
  return need != resp::LinkNeed::kAny && need != resp::LinkNeed::kScripts;
}

Router::Route SingleRouter::Choose(const Exchange& exchange, const resp::Request&,
                                   const Asking& asking, Attachment* at) {
  const bool needs_own = NeedsOwn(exchange);
  if (at->own()) {
    // It was taken at once, in whatever database: see resp::LinkNeed::kAtOnce.
    const bool elsewhere = LinkOf(*at).state().db != asking.state.db;
    if ((exchange.raw || elsewhere) && !asking.idle) return Route::kDeferred;
    if (needs_own || !asking.idle || asking.pinned) return Route::kGo;
    Release(at);
  }
  if (at->kind == Kind::kMoving) return Route::kDeferred;
  if (needs_own) {
    if (!asking.idle) return Route::kDeferred;
    TakeOwn(exchange, asking, at);
    return Route::kGo;
  }
  if (exchange.change != nullptr) {
    const SessionState target = exchange.change->AppliedTo(asking.state);
    if (!target.SharesWith(asking.state)) return MoveTo(target, exchange, asking, at);
  }
  const bool script = resp::TraitsOf(exchange.effect).need == resp::LinkNeed::kScripts;
  const Kind kind = script ? Kind::kScripts : Kind::kShared;
  // What its session's own scripts are in front of waits for them anyway.
  const bool there = at->kind == kind || (at->kind == Kind::kScripts && !asking.idle);
  if (there && LinkOf(*at).is_shared()) return Route::kGo;
  // A link that is gone has nothing in flight; one that is retired may have.
  if (at->link != nullptr && !LinkOf(*at).gone() && !asking.idle) return Route::kDeferred;
  *at = {pool_.Shared(asking.state, script), kind};
  return Route::kGo;
}

// Where the new state already holds, the request changes nothing, and Redis still answers it.
Router::Route SingleRouter::MoveTo(const SessionState& target, const Exchange& exchange,
                                   const Asking& asking, Attachment* at) {
  if (!asking.idle) return Route::kDeferred;
  if (UpstreamLink* there = pool_.ReadyShared(target); there != nullptr) {
    *at = {there, Kind::kMoving};
  } else {
    TakeOwn(exchange, asking, at);
  }
  return Route::kGo;
}

void SingleRouter::TakeOwn(const Exchange& exchange, const Asking& asking, Attachment* at) {
  resp::LinkNeed need = resp::TraitsOf(exchange.effect).need;
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
