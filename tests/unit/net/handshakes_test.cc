// Handshakes that are not done: how long they may take, and how many there may be.
#include "proxy/net/handshakes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "tests/support/certificates.h"
#include "tests/unit/net/net_story.h"
#include "tests/unit/net/tls_peer.h"

namespace keyhole::test {
namespace {

using metrics::CloseReason;
using metrics::TlsResult;
using std::chrono::seconds;

class HandshakesTest : public testing::Test {
 protected:
  HandshakesTest() {
    story_.state().log = [this](core::LogLevel, std::string_view line) { log_ += line; };
    std::string problem;
    net::TlsServerOptions options;
    options.cert = pki_.server.cert;
    options.key = pki_.server.key;
    tls_ = net::TlsContext::ForClients(options, &problem);
    EXPECT_EQ(problem, "");
  }

  Wire& Connect() {
    wires_.push_back(std::make_unique<Wire>());
    auto* const client = new net::ClientConnection(story_.loop(), story_.state(), story_.clients,
                                                   "10.0.0.1:" + std::to_string(wires_.size()));
    client->Start(handshakes_.WithClient(wires_.back()->MakeStream(), tls_, "10.0.0.1:1",
                                         "-ERR\r\n", *client));
    return *wires_.back();
  }
  void Shake(Wire& wire, TlsPeer& peer) {
    for (std::string records = peer.Talk({}); !records.empty();
         records = peer.Talk(wire.Received())) {
      wire.Send(records);
      story_.Settle();
    }
  }
  void Pass(seconds time) {
    story_.state().now += time;
    handshakes_.Tick();
    story_.Settle();
  }
  uint64_t Count(TlsResult result) {
    return story_.metrics().counters.client_handshakes[result].Load();
  }

  Certificates pki_;
  std::vector<std::unique_ptr<Wire>> wires_;
  NetStory story_;
  net::Handshakes handshakes_{story_.state()};
  net::TlsContext::Pointer tls_;
  std::string log_;
};

TEST_F(HandshakesTest, AClientIsServedByTls) {
  Wire& wire = Connect();
  TlsPeer peer(TlsPeer::Role::kClient);
  Shake(wire, peer);
  wire.Send(peer.Encrypt("PING\r\nQUIT\r\n"));
  story_.Settle();
  peer.Talk(wire.Received());
  EXPECT_EQ(peer.Received(), "+PONG\r\n+OK\r\n");
  EXPECT_TRUE(wire.closed());
  EXPECT_EQ(Count(TlsResult::kFull), 1U);
}

// What it has been told reaches it, though its socket was full when QUIT was answered.
TEST_F(HandshakesTest, TheLastReplyIsNotLostInAFullSocket) {
  Wire& wire = Connect();
  TlsPeer peer(TlsPeer::Role::kClient);
  Shake(wire, peer);
  wire.TakeOnly(5);
  wire.Send(peer.Encrypt("PING\r\nQUIT\r\n"));
  story_.Settle();
  EXPECT_FALSE(wire.closed());
  wire.Take(10'000);
  story_.Settle();
  peer.Talk(wire.Received());
  EXPECT_EQ(peer.Received(), "+PONG\r\n+OK\r\n");
  EXPECT_TRUE(wire.closed());
}

TEST_F(HandshakesTest, TakeTenSecondsAtMost) {
  Wire& silent = Connect();
  TlsPeer peer(TlsPeer::Role::kClient);
  Wire& served = Connect();
  Shake(served, peer);
  Pass(seconds(9));
  EXPECT_FALSE(silent.closed());
  Pass(seconds(1));
  EXPECT_TRUE(silent.closed());
  EXPECT_FALSE(served.closed());
  EXPECT_EQ(Count(TlsResult::kTimeout), 1U);
  EXPECT_EQ(story_.metrics().counters.clients_closed[CloseReason::kHandshake].Load(), 1U);
  EXPECT_THAT(log_, testing::HasSubstr("more than 10 s"));
}

TEST_F(HandshakesTest, TheOldestMakesRoom) {
  TlsPeer peer(TlsPeer::Role::kClient);
  Wire& served = Connect();
  Shake(served, peer);
  Wire& oldest = Connect();
  for (size_t i = 1; i < net::Handshakes::kMost; ++i) Connect();
  EXPECT_FALSE(oldest.closed());
  Wire& newest = Connect();
  story_.Settle();
  EXPECT_TRUE(oldest.closed());
  EXPECT_FALSE(served.closed()) << "its handshake is done";
  EXPECT_FALSE(newest.closed());
  EXPECT_EQ(Count(TlsResult::kMadeRoom), 1U);
}

TEST_F(HandshakesTest, PlainRespIsAnsweredAndLoggedOnce) {
  for (int i = 0; i < 3; ++i) {
    Wire& wire = Connect();
    wire.Send("PING\r\n");
    story_.Settle();
    EXPECT_EQ(wire.Received(), "-ERR\r\n");
    EXPECT_TRUE(wire.closed());
  }
  EXPECT_EQ(Count(TlsResult::kNotTls), 3U);
  EXPECT_EQ(
      log_,
      "refused 10.0.0.1:1 before its TLS handshake was done: it does not speak TLS; this port "
      "takes TLS only, as by redis-cli --tls");
}

}  // namespace
}  // namespace keyhole::test
