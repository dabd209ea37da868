// How many links lie ready, what they are called, and which are closed. See link_pool.h.
#include <algorithm>
#include <vector>

#include "proxy/links/upstream/link_pool.h"

namespace keyhole::core {

using Role = UpstreamLink::Role;

namespace {
// How long an idle link may still be called what its last client called itself: that one, or
// another of its name, is likely to come back. Then it is called nothing, as most clients are.
constexpr std::chrono::seconds kKeepsName{1};
// How long a shared link is kept that no session uses.
constexpr std::chrono::seconds kKeepsUnused{60};
// So many shared links are looked at in a tick: has each its spares?
constexpr size_t kLooksForSpares = 16;
// What is too many is closed little by little: of so many one a tick.
constexpr size_t kShrinkBy = 32;

SessionState Nameless(SessionState state) {
  state.name.clear();
  state.library.clear();
  state.library_version.clear();
  return state;
}

}  // namespace

// Counts no further than to one more than the spares.
size_t LinkPool::IdleIn(const SessionState& state) const {
  size_t count = 0;
  for (size_t i = idle_.size(); i-- > 0 && count <= options_.spares;) {
    if (idle_[i]->state().SharesWith(state)) ++count;
  }
  return count;
}

// They are called nothing, as most clients are.
void LinkPool::MakeSpares(const SessionState& state) {
  if (context_.now < no_spares_) return;
  for (size_t there = IdleIn(state); there < options_.spares; ++there) {
    if (idle_.size() >= options_.max_idle) return;
    const LinkPtr spare(new UpstreamLink(context_, *this, Nameless(state), nullptr));
    spare->SetRole(Role::kIdle, nullptr);
    idle_.push_back(spare);
    Connect(*spare);
  }
}

// There are few databases and protocols, but there may be thousands of users: each of them has
// spares only after one of its sessions has needed a private link.
void LinkPool::MakeFirstSpares(const SessionState& state) {
  if (state.SameIdentity(options_.initial_state)) MakeSpares(state);
}

void LinkPool::LookForSpares() {
  if (!up()) return;
  for (size_t i = 0; i < std::min(kLooksForSpares, shared_.size()); ++i) {
    looked_at_ = (looked_at_ + 1) % shared_.size();
    MakeFirstSpares(shared_[looked_at_]->state());
  }
}

void LinkPool::RenameIdle() {
  for (const LinkPtr& link : idle_) {
    if (link->state().name.empty() || link->pending() > 0) continue;
    if (context_.now - link->idle_since() < kKeepsName) continue;
    link->Introduce(Nameless(link->state()));
  }
}

void LinkPool::CloseSurplus() {
  const size_t wanted = in_use_.mark(context_.now) + options_.spares * shared_.size();
  const size_t there = idle_.size() + private_.size();
  if (there <= wanted) return;
  for (size_t n = std::min(idle_.size(), (there - wanted) / kShrinkBy + 1); n > 0; --n) {
    const auto oldest = std::find_if(idle_.begin(), idle_.end(), [this](const LinkPtr& link) {
      const SessionState& state = link->state();
      return IdleIn(state) > options_.spares || FindShared(state) == nullptr;
    });
    if (oldest == idle_.end()) return;
    const LinkPtr closing = *oldest;
    closing->Close();
  }
}

// Of states that sessions were in once: there may be thousands of users.
void LinkPool::CloseUnused() {
  constexpr int kPoolAndEdge = 2;  // hold it; any other is a session, or a request of one
  for (size_t i = shared_.size(); i-- > 0;) {
    UpstreamLink& link = *shared_[i];
    if (IsMain(link) || link.use_count() > kPoolAndEdge || link.pending() > 0) {
      link.NoteUse();
    } else if (context_.now - link.idle_since() >= kKeepsUnused) {
      const LinkPtr unused(&link);
      unused->Close();
    }
  }
}

}  // namespace keyhole::core
