#include "proxy/sessions/client_address.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

namespace keyhole::core {
namespace {

using std::chrono::nanoseconds;

constexpr int64_t kSecond = 1'000'000'000;
constexpr int64_t kTellEvery = 10 * kSecond;

std::vector<std::string> GroupsOf(std::string_view text) {
  std::vector<std::string> groups;
  while (!text.empty()) {
    const size_t colon = text.find(':');
    groups.emplace_back(text.substr(0, colon));
    text = colon == text.npos ? std::string_view() : text.substr(colon + 1);
  }
  return groups;
}

// The first four groups of an IPv6 address; it may have :: in the place of zeros.
std::string PrefixOf(std::string_view v6) {
  constexpr size_t kGroups = 8;
  const size_t gap = v6.find("::");
  std::vector<std::string> groups = GroupsOf(v6.substr(0, gap));
  if (gap != v6.npos) {
    const size_t behind = GroupsOf(v6.substr(gap + 2)).size();
    groups.resize(std::max(groups.size(), kGroups - std::min(behind, kGroups)), "0");
    for (const std::string& group : GroupsOf(v6.substr(gap + 2))) groups.push_back(group);
  }
  groups.resize(kGroups / 2, "0");
  std::string prefix;
  for (const std::string& group : groups) prefix += group + ":";
  return prefix + ":/64";
}

// The address without its port; empty: there is none.
std::string HostOf(std::string_view peer) {
  const size_t colon = peer.rfind(':');
  const std::string_view host = peer.substr(0, colon);
  if (host.starts_with('[')) return PrefixOf(host.substr(1, host.size() - 2));
  const bool is_v4 = !host.empty() && std::all_of(host.begin(), host.end(), [](char c) {
    return c == '.' || (c >= '0' && c <= '9');
  });
  return is_v4 ? std::string(host) : std::string();
}

}  // namespace

bool ClientAddress::Admit(Instant now, uint64_t rate) {
  const int64_t at = NanosOf(now);
  const int64_t step = kSecond / static_cast<int64_t>(std::clamp<uint64_t>(rate, 1, kSecond));
  int64_t full_at = full_at_.load(std::memory_order_relaxed);
  int64_t next = 0;
  do {
    next = std::max(full_at, at) + step;
    if (next - at > std::max(kSecond, step)) return false;
  } while (!full_at_.compare_exchange_weak(full_at, next, std::memory_order_relaxed));
  return true;
}

bool ClientAddress::IsToBeTold(Instant now) {
  const int64_t at = NanosOf(now);
  int64_t told = told_.load(std::memory_order_relaxed);
  if (told != 0 && at < told) return false;
  return told_.compare_exchange_strong(told, at + kTellEvery, std::memory_order_relaxed);
}

ClientAddress::Pointer AddressBook::Find(std::string_view peer, ClientAddress::Instant now) {
  std::string host = HostOf(peer);
  if (host.empty()) return nullptr;
  const auto found = addresses_.find(host);
  if (found != addresses_.end()) return found->second;
  if (addresses_.size() >= prune_at_) Prune(now);
  if (addresses_.size() >= kMost) return nullptr;
  return addresses_[std::move(host)] = new ClientAddress();
}

void AddressBook::Prune(ClientAddress::Instant now) {
  absl::erase_if(addresses_, [now](const auto& entry) { return entry.second->is_idle(now); });
  prune_at_ = std::max(kPruneAt, addresses_.size() * 2);
}

}  // namespace keyhole::core
