// The sides of a comparison: a real redis-server, an embedded store, a proxy in front of a Redis.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "proxy/store/store.h"
#include "tests/conformance/script/script.h"
#include "tests/support/keyhole_process.h"
#include "tests/support/raw_client.h"
#include "tests/support/redis_server.h"

namespace keyhole::test {

// Over TCP.
class SocketPeer : public Peer {
 public:
  // byte_by_byte: each byte of a request is a write of its own. redis: the port of the Redis that
  // answers in the end.
  SocketPeer(uint16_t port, bool byte_by_byte, uint16_t redis)
      : client_(RawClient::Connect(port)), byte_by_byte_(byte_by_byte), redis_(redis) {}

  void Send(const std::vector<const ScriptLine*>& lines) override;
  std::string Read() override { return client_.ReadReply(); }
  std::string ReadUntilClosed() override { return client_.ReadUntilClosed(); }

 private:
  std::string Blocked();

  RawClient client_;
  const bool byte_by_byte_;
  const uint16_t redis_;
  std::optional<RawClient> looker_;  // asks Redis how many clients wait
};

// redis.conf for a server of its own: with a port for the cluster's bus, if it is in one.
std::vector<std::string> Complete(std::vector<std::string> config);

class RealRedis : public Server {
 public:
  explicit RealRedis(const std::vector<std::string>& config = {}) : server_(Complete(config)) {}
  std::unique_ptr<Peer> Connect() override;

 private:
  RedisServer server_;
};

// Keyhole in front of a Redis of its own.
class ProxiedRedis : public Server {
 public:
  // config: lines of redis.conf. options: of the proxy.
  ProxiedRedis(const std::vector<std::string>& config, std::vector<std::string> options,
               bool byte_by_byte);
  std::unique_ptr<Peer> Connect() override;

 private:
  RedisServer server_;
  std::unique_ptr<KeyholeProcess> proxy_;
  const bool byte_by_byte_;
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
