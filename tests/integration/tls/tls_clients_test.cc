// Clients that come by TLS: programs that we did not write, and those that do not behave.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "tests/support/certificates.h"
#include "tests/support/keyhole_process.h"
#include "tests/support/raw_client.h"

namespace keyhole::test {
namespace {

using testing::HasSubstr;

class TlsClientsTest : public testing::Test {
 protected:
  void Start(std::vector<std::string> more = {}) {
    std::vector<std::string> options = {"--listen",       "tls://127.0.0.1:0", "--tls-cert",
                                        pki_.server.cert, "--tls-key",         pki_.server.key};
    options.insert(options.end(), more.begin(), more.end());
    proxy_.emplace(options);
  }
  std::string Cli(std::vector<std::string> words) {
    std::vector<std::string> line = {"redis-cli", "-p",       std::to_string(proxy_->port()),
                                     "--tls",     "--cacert", pki_.authority.cert};
    line.insert(line.end(), words.begin(), words.end());
    ChildProcess cli(line);
    cli.Wait();
    return cli.out() + cli.err();
  }
  double Handshakes(const std::string& result) {
    return proxy_->Metric("keyhole_client_tls_handshakes_total{result=\"" + result + "\"}");
  }

  Certificates pki_;
  std::optional<KeyholeProcess> proxy_;
};

TEST_F(TlsClientsTest, RedisCli) {
  Start();
  EXPECT_EQ(Cli({"SET", "k", "v"}), "OK\n");
  EXPECT_EQ(Cli({"GET", "k"}), "v\n");
}

TEST_F(TlsClientsTest, CertificatesOfClients) {
  // Whoever has none stays out, so this may listen everywhere without a password.
  Start({"--tls-client-ca", pki_.authority.cert, "--listen", "tls://0.0.0.0:0"});
  EXPECT_EQ(Cli({"--cert", pki_.client.cert, "--key", pki_.client.key, "PING"}), "PONG\n");
  EXPECT_THAT(Cli({"PING"}), HasSubstr("rror"));
  proxy_->AwaitMetric("keyhole_client_tls_handshakes_total{result=\"certificate\"}", 1);
  proxy_->process().WaitForErr("it has shown no certificate");
}

TEST_F(TlsClientsTest, Curl) {
  Start({"--http", "https://127.0.0.1:0"});
  const std::string port = std::to_string(proxy_->http_port());
  ChildProcess curl(
      {"curl", "-sS", "--cacert", pki_.authority.cert, "https://localhost:" + port + "/healthz"});
  EXPECT_EQ(curl.Wait(), 0);
  EXPECT_THAT(curl.out(), HasSubstr("ok"));
  ChildProcess plain({"curl", "-sS", "-i", "http://localhost:" + port + "/healthz"});
  EXPECT_EQ(plain.Wait(), 0);
  EXPECT_THAT(plain.out(), HasSubstr("400 Bad Request"));
  EXPECT_THAT(plain.out(), HasSubstr("use https:// here"));
}

TEST_F(TlsClientsTest, KeyholeTop) {
  Start({"--http", "https://127.0.0.1:0", "--tls-client-ca", pki_.authority.cert});
  const std::string port = std::to_string(proxy_->http_port());
  const auto health = [&](const std::string& host, std::vector<std::string> more) {
    more.insert(more.begin(), {"health", "https://" + host + ":" + port});
    ChildProcess keyhole(KeyholeProcess::CommandLine(more));
    keyhole.Wait();
    return keyhole.out() + keyhole.err();
  };
  const std::vector<std::string> us = {"--ca",  pki_.authority.cert, "--cert", pki_.client.cert,
                                       "--key", pki_.client.key};
  EXPECT_EQ(health("localhost", us), "ok\n");
  EXPECT_EQ(health("127.0.0.1", us), "ok\n");
  EXPECT_THAT(health("localhost", {"--cert", pki_.client.cert, "--key", pki_.client.key}),
              HasSubstr("its certificate is not accepted: "));
  EXPECT_EQ(
      health("localhost", {"--insecure", "--cert", pki_.client.cert, "--key", pki_.client.key}),
      "ok\n");
  EXPECT_THAT(health("localhost", {"--ca", pki_.authority.cert}),
              HasSubstr("certificate required"));
  EXPECT_THAT(health("localhost", {"--ca", "/nowhere"}), HasSubstr("--ca /nowhere has no"));
  ChildProcess keys(KeyholeProcess::CommandLine({"keys", "https://localhost:" + port, "--ca",
                                                 pki_.authority.cert, "--cert", pki_.client.cert,
                                                 "--key", pki_.client.key, "--json"}));
  EXPECT_EQ(keys.Wait(), 0);
  EXPECT_THAT(keys.out(), HasSubstr("\"keys\""));
}

// What a client has been given with its first connection makes its next one cheaper.
TEST_F(TlsClientsTest, SessionsAreResumed) {
  Start();
  const std::string at = "127.0.0.1:" + std::to_string(proxy_->port());
  for (const std::string version : {"-tls1_2", "-tls1_3"}) {
    const std::string session = pki_.Path("session" + version);
    // Between the two the certificates may not be read again: new ones end old sessions.
    ChildProcess first(
        {"openssl", "s_client", "-connect", at, version, "-ign_eof", "-sess_out", session},
        "PING\r\nQUIT\r\n");
    first.Wait();
    EXPECT_THAT(first.out(), HasSubstr("+PONG")) << version;
    ChildProcess second(
        {"openssl", "s_client", "-connect", at, version, "-ign_eof", "-sess_in", session},
        "PING\r\nQUIT\r\n");
    second.Wait();
    EXPECT_THAT(second.out(), HasSubstr("Reused, TLSv1")) << version;
    EXPECT_THAT(second.out(), HasSubstr("+PONG")) << version;
  }
  EXPECT_EQ(Handshakes("full"), 2);
  EXPECT_EQ(Handshakes("resumed"), 2);
}

TEST_F(TlsClientsTest, PlainRespOnTheTlsPort) {
  Start();
  RawClient client = RawClient::Connect(proxy_->port());
  client.Send("PING\r\n");
  EXPECT_EQ(client.ReadUntilClosed(), "-ERR this port speaks TLS only\r\n");
  proxy_->process().WaitForErr("it does not speak TLS");
  EXPECT_EQ(Handshakes("not_tls"), 1);
  EXPECT_EQ(proxy_->Metric("keyhole_clients_closed_total{reason=\"handshake\"}"), 1);
}

TEST_F(TlsClientsTest, TlsOnAPlainPort) {
  KeyholeProcess plain;
  RawClient client = RawClient::Connect(plain.port());
  EXPECT_THROW(client.StartTls(), std::runtime_error);
  plain.process().WaitForErr("it speaks TLS to the plain port");
  EXPECT_GE(plain.Metric("keyhole_clients_closed_total{reason=\"protocol_error\"}"), 1);
}

// Handshakes that are never finished keep nobody out.
TEST_F(TlsClientsTest, HalfOpenHandshakes) {
  Start();
  std::vector<RawClient> half;
  for (int i = 0; i < 600; ++i) {
    half.push_back(RawClient::Connect(proxy_->port()));
    half.back().Send(std::string("\x16\x03\x01\x02\x00\x01", 6));
  }
  EXPECT_EQ(Cli({"PING"}), "PONG\n");
  EXPECT_GE(Handshakes("made_room"), 80);
}

TEST_F(TlsClientsTest, IdleOnesCostLittle) {
  Start();
  std::vector<RawClient> clients;
  const auto connect = [&](int count) {
    for (int i = 0; i < count; ++i) {
      clients.push_back(RawClient::ConnectTls(proxy_->port()));
      ASSERT_EQ(clients.back().Ask({"PING"}), "+PONG\r\n");
    }
  };
  connect(100);
  const size_t before = proxy_->ResidentBytes();
  connect(400);
  const size_t each = (proxy_->ResidentBytes() - before) / 400;
  std::printf("bytes for each idle client by TLS: %zu\n", each);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
  EXPECT_LT(each, size_t{20} * 1024);
#endif
}

}  // namespace
}  // namespace keyhole::test
