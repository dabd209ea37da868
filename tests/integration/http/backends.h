// The proxy in front of what it can be in front of: tests that hold for both are run with both.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "tests/support/keyhole_process.h"
#include "tests/support/redis_server.h"

namespace keyhole::test {

enum class Backend { kEmbedded, kRedis };

inline std::string NameOf(Backend backend) {
  return backend == Backend::kEmbedded ? "Embedded" : "Redis";
}

// --upstream for this server.
inline std::vector<std::string> InFrontOf(const RedisServer& redis) {
  return {"--upstream", "redis://127.0.0.1:" + std::to_string(redis.port())};
}

// A proxy with what is behind it.
class Stack {
 public:
  explicit Stack(Backend backend, std::vector<std::string> options = {}) {
    if (backend == Backend::kRedis) {
      redis_ = std::make_unique<RedisServer>();
      const std::vector<std::string> upstream = InFrontOf(*redis_);
      options.insert(options.end(), upstream.begin(), upstream.end());
    }
    proxy_ = std::make_unique<KeyholeProcess>(options);
  }

  KeyholeProcess* operator->() { return proxy_.get(); }
  KeyholeProcess& proxy() { return *proxy_; }
  RedisServer* redis() { return redis_.get(); }  // null: the embedded store

 private:
  std::unique_ptr<RedisServer> redis_;
  std::unique_ptr<KeyholeProcess> proxy_;
};

}  // namespace keyhole::test
