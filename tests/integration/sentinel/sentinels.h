// Two Redis, a master and its replica, and three Sentinels that watch them. Everybody reaches them
// through cables, which can be cut.
//
//     Sentinels sentinels;
//     sentinels.master().Kill();         the other one is promoted within a few seconds
//     sentinels.cable(0).Cut();          the same, but it lives on and does not know
//     sentinels.Follow(0, 1);            it comes back as a replica
//
// Thread: one, as RedisServer.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "tests/support/cable.h"
#include "tests/support/certificates.h"
#include "tests/support/child_process.h"
#include "tests/support/raw_client.h"
#include "tests/support/redis_server.h"

namespace keyhole::test {

class Sentinels {
 public:
  // Returns when the Sentinels know each other and the replica. config: lines for both Redis.
  // tls: all five speak it, to each other too, with these certificates, which outlive this. Tests
  // can reach them without as well.
  explicit Sentinels(const std::vector<std::string>& config = {},
                     const Certificates* tls = nullptr);
  ~Sentinels();
  Sentinels(const Sentinels&) = delete;
  Sentinels& operator=(const Sentinels&) = delete;

  // 0: the master of the start, 1: its replica then.
  RedisServer& redis(size_t number) { return *nodes_[number].redis; }
  Cable& cable(size_t number) { return nodes_[number].cable; }
  // Those of the start: they do not change places.
  RedisServer& master() { return redis(0); }
  RedisServer& replica() { return redis(1); }
  // The Sentinels ask their clients and each other for it from now on.
  void AskForPassword(const std::string& password);
  // Of the first Sentinel.
  uint16_t port() const { return ports_[0]; }
  // redis+sentinel://..., with all three; with TLS if they speak it.
  std::string Url(const std::string& name = "mymaster") const;
  // Waits until this Redis says that it is a master, asking every millisecond.
  static void AwaitMaster(const RedisServer& redis);
  // Has one of them follow the other, and waits until both do and all Sentinels see it so.
  void Follow(size_t replica, size_t master);
  // The ends of their logs, for people.
  std::string Logs() const;

 private:
  struct Node {
    Cable cable;
    std::unique_ptr<RedisServer> redis;
  };

  void StartRedis(Node& node, const std::vector<std::string>& config);
  std::vector<std::string> TlsLines(uint16_t port) const;
  void StartSentinel(size_t number);
  static void Await(RawClient& client, std::vector<std::string_view> request,
                    const std::string& answer, std::chrono::seconds limit);

  const Certificates* const tls_;  // null: they speak plainly
  std::filesystem::path folder_;
  std::array<Node, 2> nodes_;
  std::array<uint16_t, 3> ports_{};
  std::array<uint16_t, 3> tls_ports_{};
  std::vector<std::unique_ptr<ChildProcess>> sentinels_;
};

}  // namespace keyhole::test
