// What the integration tests share: a proxy in front of what a parameter says, and ways to compare
// it with Redis itself.
//
// Thread: one.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "resp/reply_writer.h"
#include "tests/support/certificates.h"
#include "tests/support/keyhole_process.h"
#include "tests/support/raw_client.h"
#include "tests/support/redis_server.h"

namespace keyhole::test {

inline constexpr size_t kMegabyte = 1024 * 1024;

// What the proxy's resident memory may come to, whatever its clients do.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr size_t kMemoryLimit = size_t{1} << 40;  // sanitizers keep memory of their own
#else
inline constexpr size_t kMemoryLimit = 64 * kMegabyte;
#endif

// What is behind the proxy, and how.
enum class Behind {
  kShared,   // Redis, clients share connections to it
  kPrivate,  // Redis, --sharing off
  kStore,    // the embedded store
  kTls,      // Redis, TLS on both sides
};

inline std::string NameOf(const testing::TestParamInfo<Behind>& info) {
  switch (info.param) {
    case Behind::kShared:
      return "Shared";
    case Behind::kPrivate:
      return "Private";
    case Behind::kStore:
      return "Store";
    case Behind::kTls:
      return "Tls";
  }
  return "";
}

class ProxyTest : public testing::TestWithParam<Behind> {
 protected:
  // Starts Redis with these lines of configuration, and the proxy with these options.
  void Start(const std::vector<std::string>& redis_config = {},
             std::vector<std::string> options = {}) {
    if (GetParam() != Behind::kStore && redis_ == nullptr) {
      redis_ = std::make_unique<RedisServer>(WithTls(redis_config));
    }
    if (GetParam() == Behind::kTls) {
      options.insert(options.end(),
                     {"--upstream", "rediss://localhost:" + std::to_string(tls_port_),
                      "--upstream-tls-ca", pki_->authority.cert, "--listen", "tls://127.0.0.1:0",
                      "--tls-cert", pki_->server.cert, "--tls-key", pki_->server.key});
    } else if (GetParam() != Behind::kStore) {
      options.insert(options.end(), {"--upstream", "redis://" + RedisAddress()});
    }
    if (GetParam() == Behind::kPrivate) options.insert(options.end(), {"--sharing", "off"});
    proxy_.emplace(options);
  }
  // The same with the address as it stands after redis://, credentials and all.
  std::string RedisAddress() const { return "127.0.0.1:" + std::to_string(redis_->port()); }

  RawClient Client() const {
    return GetParam() == Behind::kTls ? RawClient::ConnectTls(proxy_->port())
                                      : RawClient::Connect(proxy_->port());
  }
  RawClient RedisClient() const { return RawClient::Connect(redis_->port()); }

  // The configuration of a Redis that can be reached by TLS, where that is asked for.
  std::vector<std::string> WithTls(std::vector<std::string> config) {
    if (GetParam() != Behind::kTls) return config;
    pki_ = std::make_unique<Certificates>();
    tls_port_ = FreePort();
    for (const std::string& line : pki_->RedisConfig(tls_port_)) config.push_back(line);
    return config;
  }

  std::unique_ptr<Certificates> pki_;  // kTls
  uint16_t tls_port_ = 0;              // kTls: of redis_
  std::unique_ptr<RedisServer> redis_;
  std::optional<KeyholeProcess> proxy_;
};

// Asks until the reply is the one that is waited for. For states of Redis that have no event.
inline void AwaitReply(RawClient& client, std::vector<std::string_view> args,
                       const std::function<bool(const std::string&)>& is_it) {
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  std::string reply;
  while (std::chrono::steady_clock::now() < until) {
    client.SendCommand(args);
    reply = client.ReadReply();
    if (is_it(reply)) return;
  }
  FAIL() << "the last reply was " << reply;
}

inline std::string Bulk(std::string_view text) {
  return "$" + std::to_string(text.size()) + "\r\n" + std::string(text) + "\r\n";
}

// A request as an array of bulk strings.
inline std::string Request(std::initializer_list<std::string_view> args) {
  std::string bytes;
  resp::AppendRequest(args, &bytes);
  return bytes;
}

// As well as one of those below.
#define KEYHOLE_OVER_TLS(suite) \
  INSTANTIATE_TEST_SUITE_P(Over, suite, testing::Values(Behind::kTls), NameOf)
#define KEYHOLE_IN_FRONT_OF_REDIS(suite) \
  INSTANTIATE_TEST_SUITE_P(, suite, testing::Values(Behind::kShared, Behind::kPrivate), NameOf)
#define KEYHOLE_IN_FRONT_OF_ALL(suite) \
  INSTANTIATE_TEST_SUITE_P(            \
      , suite, testing::Values(Behind::kShared, Behind::kPrivate, Behind::kStore), NameOf)

}  // namespace keyhole::test
