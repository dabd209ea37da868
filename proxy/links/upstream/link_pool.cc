#include "proxy/links/upstream/link_pool.h"

#include <algorithm>
#include <string>
#include <utility>

namespace keyhole::core {

using Phase = UpstreamLink::Phase;
using Role = UpstreamLink::Role;

namespace {
// How long no spare is opened after one could not be.
constexpr std::chrono::minutes kTellsAgainAfter{1};  // what Redis has against us
constexpr std::chrono::seconds kNoSpares{1};
constexpr size_t kNone = SIZE_MAX;
}  // namespace

LinkPool::LinkPool(LinkContext& context, Options options)
    : context_(context), options_(std::move(options)) {}

LinkPool::~LinkPool() = default;

void LinkPool::Start(Connector& connector) {
  connector_ = &connector;
  main_ = Make(options_.initial_state, nullptr);
  shared_.push_back(main_);
  MakeSpares(main_->state());
}

void LinkPool::Stop() {
  for (auto* links : {&shared_, &idle_, &private_}) {
    const std::vector<LinkPtr> closing = *links;  // closing takes them off the list
    for (const LinkPtr& link : closing) link->Close();
  }
  main_ = nullptr;
  probe_ = Probe();
  held_.clear();
  left_.clear();
  ShowLoad(0, 0);
}

std::vector<NodeInfo> LinkPool::Nodes() const {
  return {{.address = options_.endpoint.ToString(),
           .state = answers() ? NodeInfo::State::kUp : NodeInfo::State::kAway,
           .latency = latency()}};
}

bool LinkPool::up() const {
  return main_ != nullptr && main_->phase() == Phase::kReady;
}

// The same connection, called by our own name.
// Of scripts it has no name: MONITOR shows them, and would show us giving one just before.
SessionState LinkPool::AsOurs(SessionState state, bool scripts) const {
  state.name = scripts ? std::string() : options_.name;
  state.library.clear();
  state.library_version.clear();
  return state;
}

LinkPool::LinkPtr LinkPool::Make(SessionState state, Requester* owner, bool scripts) {
  if (owner == nullptr) state = AsOurs(std::move(state), scripts);
  LinkPtr link(new UpstreamLink(context_, *this, std::move(state), owner));
  Connect(*link);
  return link;
}

void LinkPool::Connect(UpstreamLink& link) {
  link.OnConnecting();
  connector_->Connect(link, options_.endpoint);
}

UpstreamLink* LinkPool::FindShared(const SessionState& state, bool scripts) {
  for (const LinkPtr& link : shared_) {
    if (link->for_scripts() == scripts && link->state().SharesWith(state)) return link.get();
  }
  return nullptr;
}

UpstreamLink* LinkPool::Shared(const SessionState& state, bool scripts) {
  if (UpstreamLink* link = FindShared(state, scripts)) return link;
  LinkPtr link = ShareIdle(state, scripts);
  if (link == nullptr) link = Make(state, nullptr, scripts);
  link->set_for_scripts(scripts);
  link->set_accepting(!wary());
  shared_.push_back(link);
  return link.get();
}

// One that is ready is shared from now on; null if there is none.
LinkPool::LinkPtr LinkPool::ShareIdle(const SessionState& state, bool scripts) {
  const auto found = std::find_if(idle_.rbegin(), idle_.rend(), [&](const LinkPtr& link) {
    return link->phase() == Phase::kReady && link->state().SharesWith(state);
  });
  if (found == idle_.rend()) return nullptr;
  LinkPtr link = *found;
  std::erase(idle_, link);
  link->Share(AsOurs(link->state(), scripts));
  MakeSpares(link->state());
  return link;
}

UpstreamLink* LinkPool::ReadyShared(const SessionState& state) {
  UpstreamLink* link = FindShared(state);
  return link != nullptr && link->phase() == Phase::kReady ? link : nullptr;
}

// The best of the idle links for a session in this state: one that is ready, called like it, given
// back last; else one that is being opened, the first; else one that has to change its database.
size_t LinkPool::FindIdle(const SessionState& state, bool any_db) const {
  enum Rank { kUnfit, kElsewhere, kOpening, kReady, kNamed };
  Rank best = kUnfit;
  size_t found = kNone;
  for (size_t i = idle_.size(); i-- > 0 && best != kNamed;) {
    const UpstreamLink& link = *idle_[i];
    const SessionState& has = link.state();
    if (!has.SameIdentity(state) || has.protocol != state.protocol) continue;
    const bool ready = link.phase() == Phase::kReady;
    Rank rank = kUnfit;
    if (has.db == state.db || (any_db && ready)) {
      rank = !ready ? kOpening : has.name == state.name ? kNamed : kReady;
    } else if (ready && link.pending() == 0) {
      rank = kElsewhere;
    }
    if (rank > best || (rank == kOpening && best == kOpening)) {
      best = rank;
      found = i;
    }
  }
  return found;
}

LinkPool::LinkPtr LinkPool::TakePrivate(Requester& owner, SessionState state, resp::LinkNeed need) {
  const bool any_db = need == resp::LinkNeed::kAtOnce;
  const size_t found = FindIdle(state, any_db);
  LinkPtr link;
  if (found != kNone) {
    link = idle_[found];
    idle_.erase(idle_.begin() + static_cast<std::ptrdiff_t>(found));
    link->SetRole(Role::kPrivate, &owner);
  }
  // The database that it has: SELECT would be refused while a script is running.
  if (any_db) state.db = link != nullptr ? link->state().db : 0;
  if (link == nullptr) link = Make(state, &owner);
  link->Adopt(state, need == resp::LinkNeed::kFenced);
  private_.push_back(link);
  if (link->phase() != Phase::kReady) opening_.push_back(link);
  in_use_.Note(context_.now, private_.size());
  if (up()) MakeSpares(state);
  return link;
}

// The link, which nobody has or whose owner waits, is ready. True: somebody has waited for it, and
// goes on there.
bool LinkPool::ServeWaiting(UpstreamLink& ready) {
  const auto first = std::find_if(opening_.begin(), opening_.end(), [&](const LinkPtr& link) {
    return link->state().SharesWith(ready.state()) && !link->is_early();
  });
  if (first == opening_.end()) return false;
  const LinkPtr waiting = *first;
  const auto own = std::find(first, opening_.end(), &ready);
  if (own == opening_.end()) {
    private_.push_back(&ready);
    std::erase(private_, waiting);
    idle_.push_back(waiting);
  } else {
    *own = waiting;  // whose owner is now the one that waited here
  }
  opening_.erase(first);
  if (waiting.get() == &ready) return true;
  ready.TradeWaiting(*waiting);
  if (waiting->role() == Role::kIdle && waiting->phase() == Phase::kDown) waiting->Close();
  return true;
}

void LinkPool::GiveBack(UpstreamLink& given) {
  const LinkPtr link(&given);
  std::erase(private_, link);
  std::erase(opening_, link);
  if (link->role() != Role::kPrivate || !link->clean() || link->phase() != Phase::kReady) {
    link->Close();
  } else if (FindShared(link->state()) == nullptr) {
    link->SetRole(Role::kShared, nullptr);  // the first in its state
    link->Introduce(AsOurs(link->state()));
    shared_.push_back(link);
    MakeFirstSpares(link->state());
  } else if (link->SetRole(Role::kIdle, nullptr); ServeWaiting(*link)) {
    return;
  } else if (idle_.size() < options_.max_idle) {
    idle_.push_back(link);
  } else {
    link->Close();
  }
}

void LinkPool::Tick() {
  if (connector_ == nullptr) return;
  size_t waiting = 0;
  size_t in_flight = 0;
  std::chrono::nanoseconds oldest{};
  for (auto* links : {&shared_, &private_}) {
    const std::vector<LinkPtr> all = *links;  // giving up takes them off the list
    for (const LinkPtr& link : all) {
      link->ExpireWaiting();
      if (link->abandoned()) link->Close();
      if (link->wants_connection()) Connect(*link);
      const bool ready = link->phase() == Phase::kReady;
      (ready ? in_flight : waiting) += link->pending();
      if (!ready || link->pending() == 0 || links != &shared_) continue;
      oldest = std::max(oldest, std::chrono::nanoseconds(context_.now - link->oldest_sent()));
    }
  }
  CloseUngreeted();
  CloseLeft();
  if (std::exchange(read_only_, false)) Renew();
  RenameIdle();
  LookForSpares();
  CloseSurplus();
  CloseUnused();
  oldest_ = oldest;
  if (!on_up) {  // whoever listens has several pools and shows the oldest of all
    context_.metrics.counters.oldest_request_ms.Set(oldest / std::chrono::milliseconds(1));
  }
  ShowLoad(in_flight, waiting);
}

void LinkPool::ShowUp(bool up) {
  if (on_up) {
    on_up(up);
  } else {
    context_.metrics.counters.upstream_up.Set(up ? 1 : 0);
  }
}

// There may be several pools, and the gauges are of all of them.
void LinkPool::ShowLoad(size_t in_flight, size_t waiting) {
  metrics::WorkerCounters& counters = context_.metrics.counters;
  counters.requests_in_flight.Add(static_cast<int64_t>(in_flight) -
                                  static_cast<int64_t>(in_flight_));
  counters.requests_waiting.Add(static_cast<int64_t>(waiting) - static_cast<int64_t>(waiting_));
  in_flight_ = in_flight;
  waiting_ = waiting;
}

void LinkPool::RetryNow() {
  paused_until_ = Instant();  // what the Redis before was told does not bind this one
  ForgetAnswered();
  for (auto* links : {&shared_, &private_}) {
    const std::vector<LinkPtr> all = *links;
    for (const LinkPtr& link : all) {
      link->RetryNow();
      if (link->wants_connection()) Connect(*link);
    }
  }
}

void LinkPool::OnUpstreamState(UpstreamLink& link, bool up) {
  if (!IsMain(link)) return OnOtherState(link, up);
  silent_ = false;
  ShowUp(up);
  if (up && !reported_up_) {
    Tell(LogLevel::kInfo, reported_down_ ? "is back" : "is connected");
  } else if (!up && !reported_down_) {
    Tell(LogLevel::kWarn, reported_up_ ? "is lost; trying again until it is back"
                                       : "is away; trying again until it is there");
  }
  if (up) refusal_.clear();
  reported_up_ = up;
  reported_down_ = !up;
  if (!up && link.wants_connection()) Connect(link);  // the first retry is at once
  if (up) MakeSpares(link.state());
}

void LinkPool::OnOtherState(UpstreamLink& link, bool up) {
  const LinkPtr self(&link);
  if (!up) {
    if (link.role() == Role::kIdle) no_spares_ = context_.now + kNoSpares;
    const bool owned = link.role() == Role::kPrivate || link.role() == Role::kEnding;
    if (owned && link.pending() > 0 && !opening(link)) opening_.push_back(self);
    if (link.wants_connection() && link.pending() > 0) Connect(link);
  } else if (link.role() == Role::kShared) {
    MakeFirstSpares(link.state());
  } else if (link.role() == Role::kIdle) {
    std::erase(idle_, self);
    if (!ServeWaiting(link)) idle_.push_back(self);
  } else if (link.is_early()) {
    std::erase(opening_, self);  // what waits there is of the transaction that it has begun with
  } else if (opening(link)) {
    ServeWaiting(link);
  }
}

void LinkPool::OnGreetingRefused(UpstreamLink& link, const Handshake& handshake) {
  if (!IsMain(link)) {
    // Its sessions are no longer who they were: Redis has closed their connections.
    if (handshake.failure() == Handshake::Failure::kDenied) link.Close();
    return;
  }
  const bool told = handshake.error() == refusal_;
  if (told && context_.now - refusal_told_ < kTellsAgainAfter) return;
  refusal_ = handshake.error();
  refusal_told_ = context_.now;
  Tell(LogLevel::kError, "refuses the connection: " + refusal_);
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
  for (auto* links : {&shared_, &idle_, &private_, &opening_}) std::erase(*links, link);
}

}  // namespace keyhole::core
