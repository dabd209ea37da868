#include "proxy/links/cluster/cluster.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "proxy/links/cluster/map_question.h"
#include "proxy/links/cluster/readers.h"

namespace keyhole::core {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kSmallestGap{100};
constexpr milliseconds kLargestGap{1000};
constexpr milliseconds kAfterMoved{50};
constexpr milliseconds kPatience{1000};       // with an answer
constexpr milliseconds kKeepsUnlisted{1000};  // a node without slots
constexpr milliseconds kKeepsGone{60'000};    // by then the edge has let go of its links
constexpr milliseconds kBetweenSeeds{1000};
constexpr size_t kMostNodes = 1000;
constexpr int kBelievesOlder = 3;

bool IsBefore(const Cluster::NodePtr& a, const Cluster::NodePtr& b) {
  return std::tie(a->endpoint.host, a->endpoint.port) <
         std::tie(b->endpoint.host, b->endpoint.port);
}

}  // namespace

Cluster::Cluster(LinkContext& context, LinkPool::Options links, std::vector<Endpoint> seeds,
                 const ClusterOptions& options)
    : context_(context),
      links_(std::move(links)),
      seeds_(std::move(seeds)),
      options_(options),
      gap_(kSmallestGap) {
  if (options_.replica_reads == ReplicaReads::kOff) return;
  readers_ = std::make_unique<Readers>(context_, [this](const Endpoint& endpoint) {
    NodePtr node = Make(endpoint, true);
    node->pool.Start(*connector_);
    return node;
  });
}

Cluster::~Cluster() = default;

void Cluster::Start(Connector& connector) {
  connector_ = &connector;
  context_.metrics.counters.cluster.slots_uncovered.Set(kSlotCount);
  for (const Endpoint& seed : seeds_) NodeAt(seed);
}

void Cluster::Obey(const UpstreamOptions& options) {
  links_.Take(options);
  for (const NodePtr& node : nodes_) node->pool.Obey(options);
  if (readers_ != nullptr) readers_->Obey(options);
}

void Cluster::Stop() {
  connector_ = nullptr;
  if (question_ != nullptr) question_->Abandon();
  question_ = nullptr;
  for (const NodePtr& node : nodes_) node->pool.Stop();
  if (readers_ != nullptr) readers_->Stop();
}

ClusterNode* Cluster::NodeAt(const Endpoint& endpoint) {
  for (const NodePtr& node : nodes_) {
    if (node->endpoint != endpoint) continue;
    node->last_wanted = context_.now;
    return node.get();
  }
  return connector_ == nullptr || nodes_.size() >= kMostNodes ? nullptr : Add(endpoint);
}

Cluster::NodePtr Cluster::Make(const Endpoint& endpoint, bool reads_only) {
  LinkPool::Options links = links_;
  links.endpoint = endpoint;
  links.reads_only = reads_only;
  links.label = (reads_only ? "replica " : "node ") + endpoint.ToString();
  NodePtr node(new ClusterNode(context_, std::move(links)));
  node->pool.on_room = [this] {
    if (on_room) on_room();
  };
  node->pool.on_watch = [this] { OnWritten(); };
  node->pool.on_up = [this, &node = *node](bool up) { OnNodeUp(node, up); };
  return node;
}

ClusterNode* Cluster::Add(const Endpoint& endpoint) {
  const NodePtr node = nodes_.emplace_back(Make(endpoint, false));
  node->pool.Start(*connector_);
  return node.get();
}

void Cluster::OnNodeUp(ClusterNode& node, bool up) {
  if (connector_ == nullptr || node.gone) return;
  node.Show();
  if (node.reads_only) return up ? void() : Refresh();
  context_.metrics.counters.upstream_up.Set(this->up() ? 1 : 0);
  if (!up && node.listed) due_ = std::min(due_, asked_ + gap_);
  if (up && !known_ && question_ == nullptr) Ask();
}

bool Cluster::up() const {
  return known_ && !masters_.empty() &&
         std::all_of(masters_.begin(), masters_.end(),
                     [](const NodePtr& node) { return node->pool.answers(); });
}

bool Cluster::reachable() const {
  return std::any_of(nodes_.begin(), nodes_.end(),
                     [](const NodePtr& node) { return node->pool.up(); });
}

bool Cluster::asks_password() const {
  return std::any_of(nodes_.begin(), nodes_.end(),
                     [](const NodePtr& node) { return node->pool.asks_password(); });
}

ClusterNode* Cluster::AnyMaster(uint64_t number) const {
  for (size_t i = 0; i < masters_.size(); ++i) {
    ClusterNode& node = *masters_[(number + i) % masters_.size()];
    if (node.pool.up()) return &node;
  }
  return nullptr;
}

ClusterNode* Cluster::Reachable(ClusterNode* fixed, Slot slot, uint64_t number) const {
  ClusterNode* node = fixed;
  if (node == nullptr) node = slot == kNoSlot ? AnyMaster(number) : Owner(slot);
  return node == nullptr || node->gone || !node->pool.up() ? nullptr : node;
}

ClusterNode* Cluster::Reader(Slot slot, uint64_t number) const {
  const ClusterNode* const master = slot == kNoSlot ? nullptr : Owner(slot);
  return readers_ == nullptr || master == nullptr ? nullptr : readers_->Of(*master, number);
}

// ---- the map

void Cluster::OnMoved(Slot slot, const Endpoint& owner) {
  Refresh();
  ClusterNode* const node = NodeAt(owner);
  if (node == nullptr || owners_[slot] == node) return;
  List(*node);
  owners_[slot] = node;
}

void Cluster::Refresh() {
  due_ = std::min(due_, std::max(context_.now + kAfterMoved, asked_ + gap_));
}

void Cluster::RefreshIfDue() {
  if (connector_ == nullptr) return;
  if (question_ != nullptr) {
    if (context_.now - asked_ >= kPatience) OnNoAnswer();
  } else if (context_.now >= due_) {
    Ask();
  }
}

ClusterNode* Cluster::NextToAsk() {
  for (size_t i = 0; i < nodes_.size(); ++i) {
    ClusterNode& node = *nodes_[next_++ % nodes_.size()];
    if (node.pool.up()) return &node;
  }
  return nullptr;
}

void Cluster::Ask() {
  ClusterNode* const node = NextToAsk();
  if (node == nullptr) return;
  asked_ = context_.now;
  context_.metrics.counters.cluster.refreshes.Add();
  question_ = new MapQuestion(*node, [this](MapQuestion& question) { OnAnswer(question); });
  question_->Send(links_.initial_state, context_.now);
}

void Cluster::OnNoAnswer() {
  question_->Abandon();
  question_ = nullptr;
  due_ = asked_ + kPatience;
  context_.metrics.counters.cluster.refresh_failures.Add();
}

void Cluster::OnAnswer(MapQuestion& question) {
  if (question_.get() != &question) return;
  const boost::intrusive_ptr<MapQuestion> answered = std::move(question_);
  question_ = nullptr;
  due_ = context_.now + std::chrono::duration_cast<milliseconds>(options_.refresh *
                                                                 (0.8 + 0.4 * context_.Random()));
  if (!answered->topology().has_value()) {
    due_ = asked_ + gap_;
    context_.metrics.counters.cluster.refresh_failures.Add();
    return;
  }
  const Topology& topology = *answered->topology();
  const bool older = topology.epoch < epoch_ || topology.covered == 0;
  if (known_ && older && ++older_ < kBelievesOlder) {
    due_ = asked_ + gap_;
    return;
  }
  older_ = 0;
  epoch_ = topology.epoch;
  Apply(topology);
}

void Cluster::Apply(const Topology& topology) {
  std::vector<ClusterNode*> by_index;
  for (const Endpoint& master : topology.masters) by_index.push_back(NodeAt(master));
  std::vector<int64_t> slots(by_index.size());
  bool changed = !known_;
  for (size_t slot = 0; slot < kSlotCount; ++slot) {
    const uint16_t owner = topology.owners[slot];
    ClusterNode* const node = owner == Topology::kNobody ? nullptr : by_index[owner];
    if (node != nullptr) ++slots[owner];
    changed = changed || owners_[slot] != node;
    owners_[slot] = node;
  }
  known_ = true;
  gap_ = changed ? kSmallestGap : std::min(gap_ * 2, kLargestGap);
  for (const NodePtr& node : nodes_) {
    const auto at = std::find(by_index.begin(), by_index.end(), node.get());
    const bool has_slots = at != by_index.end();
    if (has_slots) node->listed = true;
    if (!has_slots && node->listed) Unlist(*node);
    node->counts.slots.Set(has_slots ? slots[static_cast<size_t>(at - by_index.begin())] : 0);
  }
  SortMasters();
  context_.metrics.counters.cluster.slots_uncovered.Set(
      static_cast<int64_t>(kSlotCount - topology.covered));
  context_.metrics.counters.upstream_up.Set(up() ? 1 : 0);
  ApplyReplicas(topology, by_index);
  Show(replicas_.size());
  if (changed) TellWaiters();
}

void Cluster::ApplyReplicas(const Topology& topology, const std::vector<ClusterNode*>& masters) {
  replicas_.clear();
  std::vector<std::pair<Endpoint, const ClusterNode*>> readers;
  for (const Topology::Replica& replica : topology.replicas) {
    replicas_.emplace_back(replica.endpoint, topology.masters[replica.master]);
    const ClusterNode* const master = masters[replica.master];
    if (master != nullptr && readers.size() < kMostNodes)
      readers.emplace_back(replica.endpoint, master);
  }
  if (readers_ != nullptr) readers_->Follow(readers);
}

size_t Cluster::covered() const {
  return kSlotCount - static_cast<size_t>(std::count(owners_.begin(), owners_.end(), nullptr));
}

void Cluster::Show(size_t replicas) {
  const size_t covered = this->covered();
  std::string line = "cluster: ";
  for (size_t i = 0; i < masters_.size(); ++i)
    line.append(i == 0 ? "masters " : ", ").append(masters_[i]->endpoint.ToString());
  line += "; " + std::to_string(replicas) + " replicas; " + std::to_string(covered) + " of " +
          std::to_string(kSlotCount) + " slots covered";
  if (line == shown_) return;
  context_.log(covered == kSlotCount ? LogLevel::kInfo : LogLevel::kWarn, line);
  shown_ = std::move(line);
}

void Cluster::List(ClusterNode& node) {
  if (std::exchange(node.listed, true)) return;
  SortMasters();
}

void Cluster::Unlist(ClusterNode& node) {
  node.listed = false;
  node.last_wanted = context_.now;
}

void Cluster::SortMasters() {
  masters_.clear();
  std::copy_if(nodes_.begin(), nodes_.end(), std::back_inserter(masters_),
               [](const NodePtr& node) { return node->listed; });
  std::sort(masters_.begin(), masters_.end(), IsBefore);
}

// ---- time

void Cluster::Tick() {
  if (connector_ == nullptr) return;
  std::chrono::nanoseconds oldest{};
  for (size_t i = 0; i < nodes_.size(); ++i) {
    const NodePtr node = nodes_[i];
    node->Tick();
    oldest = std::max(oldest, node->pool.oldest());
  }
  context_.metrics.counters.oldest_request_ms.Set(oldest / milliseconds(1));
  RefreshIfDue();
  if (readers_ != nullptr) readers_->Tick(&gone_);
  if (known_ && reachable()) CloseUnlisted();
  TrySeeds();
  TellWaiters();
  std::erase_if(gone_, [this](const NodePtr& node) {
    return node->use_count() == 1 && context_.now - node->last_wanted >= kKeepsGone;
  });
}

bool Cluster::Watch() {
  bool watching = false;
  for (size_t i = 0; i < nodes_.size(); ++i) {
    const NodePtr node = nodes_[i];
    watching = node->pool.Watch() || watching;
  }
  if (readers_ != nullptr) watching = readers_->Watch() || watching;
  RefreshIfDue();
  TellWaiters();
  watching_ = watching || !waiters_.empty();
  return watching_;
}

void Cluster::CloseUnlisted() {
  for (size_t i = nodes_.size(); i-- > 0;) {
    const NodePtr node = nodes_[i];
    if (node->listed || context_.now - node->last_wanted < kKeepsUnlisted) continue;
    nodes_.erase(nodes_.begin() + static_cast<std::ptrdiff_t>(i));
    gone_.push_back(node);
    if (question_ != nullptr && &question_->node() == node.get()) OnNoAnswer();
    node->Leave(context_.now);
  }
}

// Their names may lead elsewhere by now.
void Cluster::TrySeeds() {
  if (reachable()) {
    seeds_tried_ = context_.now;
  } else if (context_.now - seeds_tried_ >= kBetweenSeeds) {
    seeds_tried_ = context_.now;
    for (const Endpoint& seed : seeds_) NodeAt(seed);
  }
}

void Cluster::Await(Waiter& waiter) {
  if (std::find(waiters_.begin(), waiters_.end(), &waiter) != waiters_.end()) return;
  waiters_.push_back(&waiter);
  OnWritten();  // the watch runs
}

void Cluster::Forget(Waiter& waiter) {
  std::replace(waiters_.begin(), waiters_.end(), &waiter, static_cast<Waiter*>(nullptr));
}

// A waiter may be forgotten, and others come, while they are told.
void Cluster::TellWaiters() {
  for (size_t i = 0; i < waiters_.size(); ++i) {
    if (waiters_[i] != nullptr) waiters_[i]->OnClusterTurn();
  }
  std::erase(waiters_, nullptr);
}

}  // namespace keyhole::core
