// Two Redis, a master and its replica, and three Sentinels that watch them.
//
//     Sentinels sentinels;
//     sentinels.master().Kill();      the other one is promoted within a few seconds
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

#include "tests/support/child_process.h"
#include "tests/support/raw_client.h"
#include "tests/support/redis_server.h"

namespace keyhole::test {

class Sentinels {
 public:
  // Returns when the Sentinels know each other and the replica.
  Sentinels();
  ~Sentinels();
  Sentinels(const Sentinels&) = delete;
  Sentinels& operator=(const Sentinels&) = delete;

  // Those of the start: they do not change places.
  RedisServer& master() { return *master_; }
  RedisServer& replica() { return *replica_; }
  // Of the first Sentinel.
  uint16_t port() const { return ports_[0]; }
  // redis+sentinel://..., with all three.
  std::string Url(const std::string& name = "mymaster") const;
  // Waits until this Redis says that it is a master, asking every millisecond.
  static void AwaitMaster(const RedisServer& redis);

 private:
  void StartSentinel(size_t number);
  static void Await(RawClient& client, std::vector<std::string_view> request,
                    const std::string& answer, std::chrono::seconds limit);

  std::filesystem::path folder_;
  std::unique_ptr<RedisServer> master_;
  std::unique_ptr<RedisServer> replica_;
  std::array<uint16_t, 3> ports_{};
  std::vector<std::unique_ptr<ChildProcess>> sentinels_;
};

}  // namespace keyhole::test
