// A Redis Cluster for one test: so many masters with the slots divided among them, and replicas,
// each a redis-server of its own.
//
//     RedisCluster cluster(3, 3);
//     KeyholeProcess proxy({"--upstream", cluster.url()});
//     cluster.MoveSlot(cluster.SlotOf("k"), 0, 1);
//
// Thread: one, see RedisServer. Failures throw std::runtime_error.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tests/support/certificates.h"
#include "tests/support/hiredis_client.h"
#include "tests/support/redis_server.h"

namespace keyhole::test {

class RedisCluster {
 public:
  // replicas: the first is the replica of the first master, and so on.
  // tls: the nodes speak it, to each other too, with these certificates, which outlive this. They
  // can be reached without as well, by Client().
  explicit RedisCluster(size_t masters, size_t replicas = 0,
                        const std::vector<std::string>& config = {},
                        const Certificates* tls = nullptr);

  // Masters first.
  RedisServer& node(size_t index) { return *nodes_[index]; }
  size_t size() const { return nodes_.size(); }
  // For --upstream, with all nodes, or with so many; with TLS if they speak it.
  std::string url(size_t nodes = SIZE_MAX) const;
  HiredisClient Client(size_t index) const;
  // Where other nodes and the proxy reach it: by TLS, if they speak it.
  uint16_t PortForNodes(size_t index) const;
  const std::string& id(size_t index) const { return ids_[index]; }

  // Which of the masters as they were at the start serves the key's slot.
  size_t OwnerAtStart(std::string_view key) const;
  static uint16_t SlotOf(std::string_view key);
  // A key "<prefix>0", "<prefix>1" ... whose slot that master had at the start.
  std::string KeyAt(size_t master, const std::string& prefix) const;

  // The slot's keys and then the slot itself go from one master to another, as redis-cli does it.
  void MoveSlot(uint16_t slot, size_t from, size_t to);
  // The two halves of that: the slot is open, and keys are asked for at both; and all of them are
  // moved, and the slot belongs to the new one.
  void OpenSlot(uint16_t slot, size_t from, size_t to);
  void MoveKeys(uint16_t slot, size_t from, size_t to);
  void CloseSlot(uint16_t slot, size_t from, size_t to);

  // Waits until all of the given nodes say cluster_state:ok, and know of a master for all slots.
  void AwaitWhole(std::initializer_list<size_t> nodes);

 private:
  void Join();
  void Divide(size_t masters);
  void Replicate(size_t masters);
  void Await(size_t index, const std::string& what, std::string_view in_info) const;
  void AwaitOneEpoch() const;

  std::vector<uint16_t> tls_ports_;  // of the nodes; empty: they speak plainly
  std::vector<std::unique_ptr<RedisServer>> nodes_;
  std::vector<std::string> ids_;
  size_t masters_;
};

}  // namespace keyhole::test
