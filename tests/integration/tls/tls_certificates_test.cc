// Certificates of the process: what is wrong with them at the start, and how they are changed while
// it runs.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "tests/support/certificates.h"
#include "tests/support/eventually.h"
#include "tests/support/keyhole_process.h"
#include "tests/support/raw_client.h"
#include "tests/support/redis_server.h"
#include "tests/support/temp_file.h"

namespace keyhole::test {
namespace {

using testing::HasSubstr;

// What a client is shown: the common name in openssl's words.
std::string ShownAt(uint16_t port) {
  ChildProcess client({"openssl", "s_client", "-connect", "127.0.0.1:" + std::to_string(port)},
                      "Q\n");
  client.Wait();
  const size_t at = client.out().find("subject=");
  return client.out().substr(at, client.out().find('\n', at) - at);
}

class TlsCertificatesTest : public testing::Test {
 protected:
  std::vector<std::string> Options(const Identity& own) const {
    return {"--listen", "tls://127.0.0.1:0", "--tls-cert", own.cert, "--tls-key", own.key};
  }
  // What it says that does not start.
  static std::string Refusal(std::vector<std::string> options, int code = 1) {
    options.insert(options.end(), {"--http", "off"});
    ChildProcess keyhole(KeyholeProcess::CommandLine(options));
    EXPECT_EQ(keyhole.Wait(), code);
    return keyhole.err();
  }
  // Puts another certificate and key where these are, as a tool does that renews them.
  static void Replace(const Identity& where, const Identity& by) {
    for (const auto& [to, from] : {std::pair(where.cert, by.cert), std::pair(where.key, by.key)}) {
      std::filesystem::copy_file(from, to + ".new");
      std::filesystem::rename(to + ".new", to);
    }
  }

  Certificates pki_;
};

TEST_F(TlsCertificatesTest, WhatCannotBeUsedIsSaidAtTheStart) {
  EXPECT_THAT(Refusal(Options({pki_.server.cert, pki_.client.key})),
              HasSubstr("does not fit the first certificate in --tls-cert"));
  EXPECT_THAT(Refusal(Options({pki_.server.cert, pki_.Path("nothing")})),
              HasSubstr("cannot be read: No such file or directory"));
  const Identity old = pki_.Issue("old", pki_.authority, "DNS:localhost", -1);
  EXPECT_THAT(Refusal({"--upstream", "rediss://localhost:1", "--upstream-tls-ca", old.cert}),
              HasSubstr("expired on"));
  EXPECT_THAT(Refusal({"--listen", "tls://127.0.0.1:0"}, 2), HasSubstr("give --tls-cert"));
}

TEST_F(TlsCertificatesTest, ReadAgainWhenTheFilesChange) {
  KeyholeProcess proxy(Options(pki_.server));
  RawClient before = RawClient::ConnectTls(proxy.port());
  EXPECT_THAT(ShownAt(proxy.port()), HasSubstr("server"));
  Replace(pki_.server, pki_.Issue("renewed", pki_.authority, "DNS:localhost"));
  proxy.process().WaitForErr("certificates read again");
  EXPECT_THAT(ShownAt(proxy.port()), HasSubstr("renewed"));
  EXPECT_EQ(before.Ask({"PING"}), "+PONG\r\n") << "who is there notices nothing";
}

TEST_F(TlsCertificatesTest, ABadNewOneKeepsTheOldOne) {
  KeyholeProcess proxy(Options(pki_.server));
  Replace(pki_.server, {pki_.client.cert, pki_.authority.key});
  proxy.process().Signal(SIGHUP);
  proxy.process().WaitForErr("the new certificates cannot be used, those from before stay");
  EXPECT_THAT(ShownAt(proxy.port()), HasSubstr("server"));
  EXPECT_EQ(RawClient::ConnectTls(proxy.port()).Ask({"PING"}), "+PONG\r\n");
}

TEST_F(TlsCertificatesTest, OthersThatAReloadNames) {
  const Identity other = pki_.Issue("other", pki_.authority, "DNS:localhost");
  const auto text = [](const Identity& own) {
    return "tls-cert = \"" + own.cert + "\"\ntls-key = \"" + own.key + "\"\n";
  };
  const TempFile file(text(pki_.server));
  KeyholeProcess proxy({"--listen", "tls://127.0.0.1:0", "--config", file.path()});
  const auto reload = [&](const std::string& options, std::string_view line) {
    std::ofstream(file.path()) << options;
    proxy.process().Signal(SIGHUP);
    proxy.process().WaitForErr(line);
  };
  RawClient before = RawClient::ConnectTls(proxy.port());
  reload(text({other.cert, pki_.client.key}), "reload: nothing has changed, as this is wrong");
  EXPECT_THAT(ShownAt(proxy.port()), HasSubstr("server"));
  reload(text(other), "reload: --tls-cert is " + other.cert);
  proxy.process().WaitForErr("certificates read again");
  EXPECT_THAT(ShownAt(proxy.port()), HasSubstr("other"));
  reload(text(other) + "tls-client-ca = \"" + pki_.authority.cert + "\"\n", "--tls-client-ca is");
  Eventually(
      [&] {
        ShownAt(proxy.port());
        return proxy.Metric(R"(keyhole_client_tls_handshakes_total{result="certificate"})");
      },
      [](double refused) { return refused > 0; });
  EXPECT_EQ(before.Ask({"PING"}), "+PONG\r\n") << "who is there notices nothing";
}

TEST_F(TlsCertificatesTest, WithoutCertificatesSighupIsNoEnd) {
  KeyholeProcess proxy;
  proxy.process().Signal(SIGHUP);
  proxy.process().WaitForErr("reload: nothing has changed");
  EXPECT_EQ(RawClient::Connect(proxy.port()).Ask({"PING"}), "+PONG\r\n");
}

TEST_F(TlsCertificatesTest, AnUpstreamThatIsNotTrustedIsSaidAndNotUsed) {
  const Certificates others;
  const uint16_t port = FreePort();
  RedisServer redis({"tls-port " + std::to_string(port), "tls-cert-file " + others.server.cert,
                     "tls-key-file " + others.server.key,
                     "tls-ca-cert-file " + others.authority.cert, "tls-auth-clients no"});
  const std::string url = "rediss://localhost:" + std::to_string(port);
  {
    KeyholeProcess proxy({"--upstream", url, "--upstream-tls-ca", pki_.authority.cert});
    proxy.process().WaitForErr("its certificate is not accepted: self-signed");
    EXPECT_EQ(proxy.Metric("keyhole_upstream_up"), 0);
    proxy.AwaitMetric("keyhole_upstream_tls_handshakes_total{result=\"certificate\"}", 1);
  }
  KeyholeProcess proxy({"--upstream", url, "--upstream-tls-insecure"});
  proxy.process().WaitForErr("NOT CHECKED");
  EXPECT_EQ(RawClient::Connect(proxy.port()).Ask({"PING"}), "+PONG\r\n");
}

// Links to the new upstream were made with the options of the one before.
TEST_F(TlsCertificatesTest, AReloadThatMovesTheUpstreamChecksTheNewOneAsItSays) {
  const Certificates others;
  const auto with_tls = [](const Identity& own, const Identity& authority, uint16_t port) {
    return std::vector<std::string>{"tls-port " + std::to_string(port), "tls-cert-file " + own.cert,
                                    "tls-key-file " + own.key, "tls-ca-cert-file " + authority.cert,
                                    "tls-auth-clients no"};
  };
  const auto upstream = [](uint16_t port) {
    return "upstream = \"rediss://localhost:" + std::to_string(port) + "\"\n";
  };
  const uint16_t first_port = FreePort();
  const RedisServer first(with_tls(pki_.server, pki_.authority, first_port));
  const uint16_t next_port = FreePort();
  const RedisServer next(with_tls(others.server, others.authority, next_port));
  const TempFile file(upstream(first_port) + "upstream-tls-insecure = true\n");
  KeyholeProcess proxy({"--config", file.path()});
  EXPECT_EQ(RawClient::Connect(proxy.port()).Ask({"PING"}), "+PONG\r\n");
  std::ofstream(file.path()) << upstream(next_port) << "upstream-tls-ca = \"" << pki_.authority.cert
                             << "\"\n";
  proxy.process().Signal(SIGHUP);
  proxy.process().WaitForErr("reload: --upstream is rediss://localhost");
  proxy.AwaitMetric("keyhole_upstream_tls_handshakes_total{result=\"certificate\"}", 1);
  EXPECT_THAT(RawClient::Connect(next.port()).Ask({"INFO", "commandstats"}),
              testing::Not(HasSubstr("cmdstat_client")))
      << "a link says its name first";
}

TEST_F(TlsCertificatesTest, TheUpstreamIsShownOurs) {
  const uint16_t port = FreePort();
  RedisServer redis({"tls-port " + std::to_string(port), "tls-cert-file " + pki_.server.cert,
                     "tls-key-file " + pki_.server.key, "tls-ca-cert-file " + pki_.authority.cert,
                     "tls-auth-clients yes"});
  KeyholeProcess proxy({"--upstream", "rediss://localhost:" + std::to_string(port),
                        "--upstream-tls-ca", pki_.authority.cert, "--upstream-tls-cert",
                        pki_.client.cert, "--upstream-tls-key", pki_.client.key});
  proxy.process().WaitForErr("upstream is Redis 7");
  EXPECT_EQ(RawClient::Connect(proxy.port()).Ask({"SET", "k", "v"}), "+OK\r\n");
  // Connections that are made again resume the session of those before.
  RawClient::Connect(redis.port()).Ask({"CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"});
  proxy.AwaitMetric("keyhole_upstream_tls_handshakes_total{result=\"resumed\"}", 1);
  EXPECT_EQ(RawClient::Connect(proxy.port()).Ask({"GET", "k"}), "$1\r\nv\r\n");
}

TEST_F(TlsCertificatesTest, APlainRedisIsNotTakenForATlsOne) {
  RedisServer redis;
  KeyholeProcess proxy({"--upstream", "rediss://localhost:" + std::to_string(redis.port()),
                        "--upstream-tls-insecure", "--upstream-connect-timeout", "300ms"});
  proxy.process().WaitForErr("upstream is away (TLS: ");
  EXPECT_EQ(proxy.Metric("keyhole_upstream_up"), 0);
}

}  // namespace
}  // namespace keyhole::test
