// The address of a client that comes through a load balancer, and of Keyhole where it goes to one.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "tests/support/certificates.h"
#include "tests/support/child_process.h"
#include "tests/support/keyhole_process.h"
#include "tests/support/raw_client.h"

namespace keyhole::test {
namespace {

using testing::HasSubstr;

const std::string_view kV2(
    "\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\xc0\0\x02\x07\x7f\0\0\x01\xdc\x04\x18\xec", 28);

std::vector<std::string> Options(const std::string& from, const std::string& scheme = "proxy://") {
  return {"--listen", scheme + "127.0.0.1:0", "--proxy-from", from};
}

TEST(ProxyProtocolTest, TheClientsAddressIsTheOneInTheHeader) {
  KeyholeProcess proxy(Options("127.0.0.0/8"));
  RawClient first = RawClient::Connect(proxy.port());
  first.Send("PROXY TCP4 192.0.2.7 192.0.2.1 56324 6380\r\nCLIENT LIST\r\n");
  EXPECT_THAT(first.ReadReply(), HasSubstr(" addr=192.0.2.7:56324 "));
  RawClient second = RawClient::Connect(proxy.port());
  second.Send(std::string(kV2) + "CLIENT INFO\r\n");
  EXPECT_THAT(second.ReadReply(), HasSubstr(" addr=192.0.2.7:56324 "));
}

TEST(ProxyProtocolTest, TheHeaderMayComeInPieces) {
  KeyholeProcess proxy(Options("127.0.0.1"));
  RawClient client = RawClient::Connect(proxy.port());
  for (const char byte : std::string("PROXY TCP6 2001:db8::1 ::1 5 6\r\nCLIENT INFO\r\n")) {
    client.Send({&byte, 1});
  }
  EXPECT_THAT(client.ReadReply(), HasSubstr(" addr=[2001:db8::1]:5 "));
}

TEST(ProxyProtocolTest, WithoutAClientItIsTheLoadBalancers) {
  KeyholeProcess proxy(Options("127.0.0.1"));
  RawClient client = RawClient::Connect(proxy.port());
  client.Send("PROXY UNKNOWN\r\nCLIENT INFO\r\n");
  EXPECT_THAT(client.ReadReply(), HasSubstr(" addr=127.0.0.1:"));
}

TEST(ProxyProtocolTest, NobodyElseIsBelieved) {
  KeyholeProcess proxy(Options("10.0.0.0/8"));
  RawClient client = RawClient::Connect(proxy.port());
  EXPECT_EQ(client.ReadUntilClosed(), "");
  proxy.process().WaitForErr("is not in --proxy-from");
  EXPECT_EQ(proxy.Metric("keyhole_clients_refused_total"), 1);
}

TEST(ProxyProtocolTest, WithoutAHeaderNobodyIsLetIn) {
  KeyholeProcess proxy(Options("127.0.0.1"));
  RawClient client = RawClient::Connect(proxy.port());
  client.Send("PING\r\n");
  EXPECT_EQ(client.ReadUntilClosed(), "");
  proxy.process().WaitForErr("is no PROXY header");
  RawClient silent = RawClient::Connect(proxy.port());
  EXPECT_EQ(silent.ReadUntilClosed(), "") << "after 5 s";
}

TEST(ProxyProtocolTest, TlsComesBehindIt) {
  Certificates pki;
  std::vector<std::string> options = Options("127.0.0.1", "proxy+tls://");
  options.insert(options.end(), {"--tls-cert", pki.server.cert, "--tls-key", pki.server.key});
  KeyholeProcess proxy(options);
  RawClient client = RawClient::Connect(proxy.port());
  client.Send(kV2);
  client.StartTls();
  EXPECT_THAT(client.Ask({"CLIENT", "INFO"}), HasSubstr(" addr=192.0.2.7:56324 "));
}

// Keyhole in front of Keyhole, which reads what the first one says.
TEST(ProxyProtocolTest, TheUpstreamIsTold) {
  KeyholeProcess behind(Options("127.0.0.1"));
  KeyholeProcess proxy(
      {"--upstream", "redis://127.0.0.1:" + std::to_string(behind.port()) + "?proxy=v2"});
  proxy.process().WaitForErr("upstream is Redis 7");
  EXPECT_EQ(RawClient::Connect(proxy.port()).Ask({"SET", "k", "v"}), "+OK\r\n");
}

TEST(ProxyProtocolTest, WhatIsWrongIsSaidAtTheStart) {
  const auto refusal = [](std::vector<std::string> options, int code) {
    options.insert(options.end(), {"--http", "off"});
    ChildProcess keyhole(KeyholeProcess::CommandLine(options));
    EXPECT_EQ(keyhole.Wait(), code);
    return keyhole.err();
  };
  EXPECT_THAT(refusal({"--listen", "proxy://127.0.0.1:0"}, 2), HasSubstr("give --proxy-from"));
  EXPECT_THAT(refusal(Options("10.0.0.0/99"), 1), HasSubstr("'10.0.0.0/99' is not a valid"));
}

}  // namespace
}  // namespace keyhole::test
