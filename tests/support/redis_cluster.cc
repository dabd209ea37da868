#include "tests/support/redis_cluster.h"

#include <chrono>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>

#include "proxy/links/cluster/slots.h"
#include "tests/support/eventually.h"

namespace keyhole::test {
namespace {

constexpr std::chrono::seconds kDeadline{30};
constexpr std::chrono::milliseconds kRetry{20};
constexpr std::string_view kFollows = "master_link_status:up";

auto Has(std::string_view part) {
  return [part](const std::string& text) { return text.find(part) != std::string::npos; };
}

Reply Must(HiredisClient& client, const std::vector<std::string>& args) {
  Reply reply = client.Command(args);
  if (reply.is_error() || reply.lost()) {
    std::string words;
    for (const std::string& arg : args) words += arg + " ";
    throw std::runtime_error(words + ": " + reply.text);
  }
  return reply;
}

}  // namespace

RedisCluster::RedisCluster(size_t masters, size_t replicas, const std::vector<std::string>& config,
                           const Certificates* tls)
    : masters_(masters) {
  for (size_t i = 0; i < masters + replicas; ++i) {
    std::vector<std::string> lines{"cluster-enabled yes",
                                   "cluster-port " + std::to_string(FreePort()),
                                   "cluster-node-timeout 1000", "repl-diskless-sync-delay 0"};
    lines.insert(lines.end(), config.begin(), config.end());
    if (tls != nullptr) {
      tls_ports_.push_back(FreePort());
      const std::vector<std::string> own = tls->RedisConfig(tls_ports_.back());
      lines.insert(lines.end(), own.begin(), own.end());
      lines.insert(lines.end(), {"tls-cluster yes", "tls-replication yes"});
    }
    nodes_.push_back(std::make_unique<RedisServer>(lines));
    HiredisClient client = Client(i);
    ids_.push_back(Must(client, {"CLUSTER", "MYID"}).text);
  }
  Divide(masters);
  Join();
  if (replicas > 0) Replicate(masters);
}

HiredisClient RedisCluster::Client(size_t index) const {
  return HiredisClient::Connect("127.0.0.1", nodes_[index]->port());
}

std::string RedisCluster::url(size_t nodes) const {
  std::string url = "redis+cluster://";
  const bool tls = !tls_ports_.empty();
  for (size_t i = 0; i < nodes_.size() && i < nodes; ++i) {
    url += (i == 0 ? "127.0.0.1:" : ",127.0.0.1:") + std::to_string(PortForNodes(i));
  }
  return tls ? url + "?tls" : url;
}

uint16_t RedisCluster::PortForNodes(size_t index) const {
  return tls_ports_.empty() ? nodes_[index]->port() : tls_ports_[index];
}

uint16_t RedisCluster::SlotOf(std::string_view key) {
  return core::SlotOf(key);
}

size_t RedisCluster::OwnerAtStart(std::string_view key) const {
  const size_t each = core::kSlotCount / masters_;
  return std::min<size_t>(SlotOf(key) / each, masters_ - 1);
}

std::string RedisCluster::KeyAt(size_t master, const std::string& prefix) const {
  for (int i = 0;; ++i) {
    std::string key = prefix + std::to_string(i);
    if (OwnerAtStart(key) == master) return key;
  }
}

void RedisCluster::Divide(size_t masters) {
  const size_t each = core::kSlotCount / masters;
  for (size_t i = 0; i < masters; ++i) {
    const size_t last = i + 1 == masters ? core::kSlotCount - 1 : (i + 1) * each - 1;
    HiredisClient client = Client(i);
    Must(client, {"CLUSTER", "ADDSLOTSRANGE", std::to_string(i * each), std::to_string(last)});
  }
  for (size_t i = 0; i < nodes_.size(); ++i) {
    HiredisClient client = Client(i);
    Must(client, {"CLUSTER", "SET-CONFIG-EPOCH", std::to_string(i + 1)});
  }
}

void RedisCluster::Join() {
  HiredisClient first = Client(0);
  for (size_t i = 1; i < nodes_.size(); ++i) {
    HiredisClient client = Client(i);
    const std::string bus = Must(client, {"CONFIG", "GET", "cluster-port"}).elements[1].text;
    Must(first, {"CLUSTER", "MEET", "127.0.0.1", std::to_string(nodes_[i]->port()), bus});
  }
  for (size_t i = 0; i < nodes_.size(); ++i)
    Await(i, "known nodes", "cluster_known_nodes:" + std::to_string(nodes_.size()) + "\r");
  for (size_t i = 0; i < nodes_.size(); ++i) {
    Await(i, "slots", "cluster_slots_ok:16384\r");
    Await(i, "state", "cluster_state:ok");
  }
}

void RedisCluster::Replicate(size_t masters) {
  for (size_t i = masters; i < nodes_.size(); ++i) {
    HiredisClient client = Client(i);
    Must(client, {"CLUSTER", "REPLICATE", ids_[i - masters]});
  }
  for (size_t i = masters; i < nodes_.size(); ++i) {
    HiredisClient client = Client(i);
    const std::string info = Eventually(
        [&] {
          return Must(client, {"INFO", "replication"}).text;
        },
        Has(kFollows), kDeadline, kRetry);
    if (!Has(kFollows)(info)) throw std::runtime_error("a replica does not follow its master");
  }
}

void RedisCluster::Await(size_t index, const std::string& what, std::string_view in_info) const {
  HiredisClient client = Client(index);
  const std::string last = Eventually(
      [&] {
        return Must(client, {"CLUSTER", "INFO"}).text;
      },
      Has(in_info), kDeadline, kRetry);
  if (!Has(in_info)(last)) throw std::runtime_error("cluster: " + what + ": " + last);
}

void RedisCluster::AwaitWhole(std::initializer_list<size_t> nodes) {
  for (const size_t node : nodes) {
    Await(node, "state", "cluster_state:ok");
    Await(node, "slots", "cluster_slots_ok:16384\r");
  }
}

// A node that takes a slot makes a new epoch, one above those it has heard of. Were another
// master's as high, nodes might take the slot from it again by what they knew before.
void RedisCluster::AwaitOneEpoch() const {
  constexpr std::string_view kEpoch = "cluster_current_epoch:";
  const auto epochs = [&] {
    std::set<std::string> all;
    for (size_t i = 0; i < masters_; ++i) {
      HiredisClient client = Client(i);
      const std::string info = Must(client, {"CLUSTER", "INFO"}).text;
      const size_t at = info.find(kEpoch);
      all.insert(info.substr(at, info.find('\r', at) - at));
    }
    return all;
  };
  const auto one = [](const std::set<std::string>& all) { return all.size() == 1; };
  if (!one(Eventually(epochs, one, kDeadline, kRetry))) {
    throw std::runtime_error("cluster: the masters do not agree on an epoch");
  }
}

void RedisCluster::OpenSlot(uint16_t slot, size_t from, size_t to) {
  AwaitOneEpoch();
  HiredisClient source = Client(from);
  HiredisClient target = Client(to);
  const std::string number = std::to_string(slot);
  Must(target, {"CLUSTER", "SETSLOT", number, "IMPORTING", ids_[from]});
  Must(source, {"CLUSTER", "SETSLOT", number, "MIGRATING", ids_[to]});
}

void RedisCluster::MoveKeys(uint16_t slot, size_t from, size_t to) {
  HiredisClient source = Client(from);
  const std::string port = std::to_string(PortForNodes(to));
  while (true) {
    const Reply keys = Must(source, {"CLUSTER", "GETKEYSINSLOT", std::to_string(slot), "100"});
    if (keys.elements.empty()) return;
    std::vector<std::string> migrate{"MIGRATE", "127.0.0.1", port, "", "0", "5000", "KEYS"};
    for (const Reply& key : keys.elements) migrate.push_back(key.text);
    Must(source, migrate);
  }
}

void RedisCluster::CloseSlot(uint16_t slot, size_t from, size_t to) {
  HiredisClient source = Client(from);
  HiredisClient target = Client(to);
  const std::string number = std::to_string(slot);
  Must(target, {"CLUSTER", "SETSLOT", number, "NODE", ids_[to]});
  // New keys are not made at the source any more, but some may have come after MoveKeys().
  MoveKeys(slot, from, to);
  Must(source, {"CLUSTER", "SETSLOT", number, "NODE", ids_[to]});
}

void RedisCluster::MoveSlot(uint16_t slot, size_t from, size_t to) {
  OpenSlot(slot, from, to);
  MoveKeys(slot, from, to);
  CloseSlot(slot, from, to);
}

}  // namespace keyhole::test
