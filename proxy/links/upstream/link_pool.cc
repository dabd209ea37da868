#include "proxy/links/upstream/link_pool.h"

#include <algorithm>
#include <string>
#include <utility>

namespace keyhole::core {

using Phase = UpstreamLink::Phase;
using Role = UpstreamLink::Role;

namespace {
// How long an idle link may still be called what its last client called itself: that one, or
// another of its name, is likely to come back.
constexpr std::chrono::seconds kKeepsName{1};
// How long a shared link is kept that no session uses.
constexpr std::chrono::seconds kKeepsUnused{60};
}  // namespace

LinkPool::LinkPool(LinkContext& context, Options options)
    : context_(context), options_(std::move(options)) {}

LinkPool::~LinkPool() = default;

void LinkPool::Start(Connector& connector) {
  connector_ = &connector;
  main_ = Make(options_.initial_state, nullptr);
  shared_.push_back(main_);
}

void LinkPool::Stop() {
  for (auto* links : {&shared_, &idle_, &private_}) {
    const std::vector<LinkPtr> closing = *links;  // closing takes them off the list
    for (const LinkPtr& link : closing) link->Close();
  }
  main_ = nullptr;
}

bool LinkPool::up() const {
  return main_ != nullptr && main_->phase() == Phase::kReady;
}

// The same connection, called by our own name.
SessionState LinkPool::AsOurs(SessionState state) const {
  state.name = options_.name;
  state.library.clear();
  state.library_version.clear();
  return state;
}

LinkPool::LinkPtr LinkPool::Make(SessionState state, Requester* owner) {
  if (owner == nullptr) state = AsOurs(std::move(state));
  LinkPtr link(new UpstreamLink(context_, *this, std::move(state), owner));
  Connect(*link);
  return link;
}

void LinkPool::Connect(UpstreamLink& link) {
  link.OnConnecting();
  connector_->Connect(link, options_.endpoint);
}

UpstreamLink* LinkPool::FindShared(const SessionState& state) {
  for (const LinkPtr& link : shared_) {
    if (link->state().SharesWith(state)) return link.get();
  }
  return nullptr;
}

UpstreamLink* LinkPool::Shared(const SessionState& state) {
  if (UpstreamLink* link = FindShared(state)) return link;
  shared_.push_back(Make(state, nullptr));
  return shared_.back().get();
}

UpstreamLink* LinkPool::ReadyShared(const SessionState& state) {
  UpstreamLink* link = FindShared(state);
  return link != nullptr && link->phase() == Phase::kReady ? link : nullptr;
}

LinkPool::LinkPtr LinkPool::TakePrivate(Requester& owner, SessionState state, resp::LinkNeed need) {
  LinkPtr link;
  for (size_t i = idle_.size(); i-- > 0 && link == nullptr;) {
    const SessionState& has = idle_[i]->state();
    if (!has.SameIdentity(state) || has.protocol != state.protocol) continue;
    if (idle_[i]->pending() > 0) continue;  // it is being renamed
    link = idle_[i];
    idle_.erase(idle_.begin() + static_cast<std::ptrdiff_t>(i));
    link->SetRole(Role::kPrivate, &owner);
  }
  // The database that it has: SELECT would be refused while a script is running.
  if (need == resp::LinkNeed::kAtOnce) state.db = link != nullptr ? link->state().db : 0;
  if (link == nullptr) link = Make(state, &owner);
  link->Adopt(state, need == resp::LinkNeed::kFenced);
  private_.push_back(link);
  in_use_.Note(context_.now, private_.size());
  return link;
}

void LinkPool::GiveBack(UpstreamLink& given) {
  const LinkPtr link(&given);
  std::erase(private_, link);
  if (link->role() != Role::kPrivate || !link->clean() || link->phase() != Phase::kReady) {
    link->Close();
  } else if (FindShared(link->state()) == nullptr) {
    link->SetRole(Role::kShared, nullptr);  // the first in its state
    link->Introduce(AsOurs(link->state()));
    shared_.push_back(link);
  } else if (idle_.size() < options_.max_idle) {
    link->SetRole(Role::kIdle, nullptr);
    idle_.push_back(link);
  } else {
    link->Close();
  }
}

void LinkPool::Tick() {
  if (connector_ == nullptr) return;
  size_t waiting = 0;
  size_t in_flight = 0;
  for (auto* links : {&shared_, &private_}) {
    const std::vector<LinkPtr> all = *links;  // giving up takes them off the list
    for (const LinkPtr& link : all) {
      link->ExpireWaiting();
      if (link->abandoned()) link->Close();
      if (link->wants_connection()) Connect(*link);
      (link->phase() == Phase::kReady ? in_flight : waiting) += link->pending();
    }
  }
  RenameIdle();
  CloseSurplus();
  CloseUnused();
  context_.metrics.counters.requests_in_flight.Set(static_cast<int64_t>(in_flight));
  context_.metrics.counters.requests_waiting.Set(static_cast<int64_t>(waiting));
}

void LinkPool::RenameIdle() {
  for (const LinkPtr& link : idle_) {
    const std::string& name = link->state().name;
    if (name.empty() || name == options_.name || link->pending() > 0) continue;
    if (context_.now - link->idle_since() < kKeepsName) continue;
    link->Introduce(AsOurs(link->state()));
  }
}

void LinkPool::CloseSurplus() {
  const size_t wanted = in_use_.mark(context_.now);
  if (idle_.empty() || idle_.size() + private_.size() <= wanted) return;
  const LinkPtr oldest = idle_.front();
  oldest->Close();
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

void LinkPool::OnUpstreamState(UpstreamLink& link, bool up) {
  if (!IsMain(link)) {
    if (!up && link.wants_connection() && link.pending() > 0) Connect(link);
    return;
  }
  context_.metrics.counters.upstream_up.Set(up ? 1 : 0);
  if (up && !reported_up_) {
    context_.log(LogLevel::kInfo, reported_down_ ? "upstream is back" : "upstream is connected");
  } else if (!up && !reported_down_) {
    context_.log(LogLevel::kWarn, reported_up_
                                      ? "upstream is lost; trying again until it is back"
                                      : "upstream is away; trying again until it is there");
  }
  if (up) refusal_.clear();
  reported_up_ = up;
  reported_down_ = !up;
  if (!up && link.wants_connection()) Connect(link);  // the first retry is at once
}

void LinkPool::OnGreetingRefused(UpstreamLink& link, const Handshake& handshake) {
  if (!IsMain(link)) {
    // Its sessions are no longer who they were: Redis has closed their connections.
    if (handshake.failure() == Handshake::Failure::kDenied) link.Close();
    return;
  }
  if (handshake.error() == refusal_) return;  // told already
  refusal_ = handshake.error();
  context_.log(LogLevel::kError, "upstream refuses the connection: " + refusal_);
}

void LinkPool::OnPassword(UpstreamLink& link, bool asked) {
  if (IsMain(link)) asks_password_ = asked;
}

void LinkPool::OnRoom(UpstreamLink&) {
  if (on_room) on_room();
}

void LinkPool::Retire(UpstreamLink& retiring) {
  const LinkPtr link(&retiring);
  if (link->role() != Role::kShared && link->role() != Role::kIdle) return;
  link->SetRole(Role::kRetired, nullptr);
  std::erase(shared_, link);
  std::erase(idle_, link);
  private_.push_back(link);
  if (main_ == link) {
    main_ = Make(options_.initial_state, nullptr);
    shared_.push_back(main_);
  }
}

void LinkPool::OnSlowReader(UpstreamLink& slow, Requester& requester) {
  const LinkPtr link(&slow);
  Retire(slow);
  if (link->role() != Role::kRetired || !link->PendingOnlyOf(requester)) return;
  link->SetRole(Role::kRetired, &requester);
  requester.OnLinkIsYours(*link);
}

void LinkPool::OnClosed(UpstreamLink& closed) {
  const LinkPtr link(&closed);
  for (auto* links : {&shared_, &idle_, &private_}) std::erase(*links, link);
}

}  // namespace keyhole::core
