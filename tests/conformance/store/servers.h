// The two sides of a comparison: a real redis-server and an embedded store.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "proxy/core/store/store.h"
#include "tests/conformance/store/script.h"
#include "tests/support/redis_server.h"

namespace keyhole::test {

class RealRedis : public Server {
 public:
  explicit RealRedis(const std::vector<std::string>& config = {}) : server_(config) {}
  std::unique_ptr<Peer> Connect() override;

 private:
  RedisServer server_;
};

// Reads the real clock, as Redis does.
class EmbeddedStore : public Server {
 public:
  explicit EmbeddedStore(store::StoreOptions options = {}) : store_(std::move(options)) {}
  std::unique_ptr<Peer> Connect() override;

 private:
  store::Store store_;
};

}  // namespace keyhole::test
