#include "proxy/links/cluster/readers.h"

#include <algorithm>

namespace keyhole::core {
namespace {

constexpr std::chrono::milliseconds kAnswersStill{1000};  // one that gets no more reads

}  // namespace

void Readers::Follow(const std::vector<std::pair<Endpoint, const ClusterNode*>>& replicas) {
  for (Reader& reader : readers_) {
    if (std::exchange(reader.master, nullptr) != nullptr) reader.node->last_wanted = context_.now;
  }
  for (const auto& [endpoint, master] : replicas) {
    auto known = std::find_if(readers_.begin(), readers_.end(), [&at = endpoint](const auto& one) {
      return one.node->endpoint == at;
    });
    if (known == readers_.end()) known = readers_.insert(known, {make_(endpoint), nullptr});
    known->master = master;
  }
}

ClusterNode* Readers::Of(const ClusterNode& master, uint64_t number) const {
  const auto is_its = [&master](const Reader& reader) { return reader.master == &master; };
  const auto count = static_cast<uint64_t>(std::count_if(readers_.begin(), readers_.end(), is_its));
  for (uint64_t i = 0; i < count; ++i) {
    uint64_t left = (number + i) % count;
    const auto chosen = std::find_if(readers_.begin(), readers_.end(), [&](const Reader& reader) {
      return is_its(reader) && left-- == 0;
    });
    if (chosen->node->pool.answers()) return chosen->node.get();
  }
  return nullptr;
}

void Readers::Tick(std::vector<NodePtr>* closed) {
  for (size_t i = 0; i < readers_.size(); ++i) readers_[i].node->Tick();
  for (size_t i = readers_.size(); i-- > 0;) {
    const Reader reader = readers_[i];
    if (reader.master != nullptr || context_.now - reader.node->last_wanted < kAnswersStill)
      continue;
    readers_.erase(readers_.begin() + static_cast<std::ptrdiff_t>(i));
    reader.node->Leave(context_.now);
    closed->push_back(reader.node);
  }
}

bool Readers::Watch() {
  bool watching = false;
  for (size_t i = 0; i < readers_.size(); ++i) {
    const NodePtr node = readers_[i].node;
    watching = node->pool.Watch() || watching;
  }
  return watching;
}

void Readers::Obey(const UpstreamOptions& options) {
  for (const Reader& reader : readers_) reader.node->pool.Obey(options);
}

void Readers::Stop() {
  for (const Reader& reader : readers_) reader.node->pool.Stop();
}

}  // namespace keyhole::core
