// Many requests at once: every one is answered, in order, to the one who asked.
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <string>
#include <vector>

#include "tests/integration/proxy_test.h"

namespace keyhole::test {
namespace {

class PipelineTest : public ProxyTest {
 protected:
  void SetUp() override { Start(); }
};

// SETs and GETs of numbered keys, and the replies they must get.
struct Dialogue {
  std::string requests;
  std::string replies;

  void Add(const std::string& key, const std::string& value) {
    requests += Request({"SET", key, value});
    requests += Request({"GET", key});
    replies += "+OK\r\n" + Bulk(value);
  }
};

TEST_P(PipelineTest, OneLongPipeline) {
  Dialogue dialogue;
  for (int i = 0; i < 5000; ++i) dialogue.Add("k" + std::to_string(i), "v" + std::to_string(i));
  RawClient client = Client();
  client.Send(dialogue.requests);
  client.ShutdownWrite();
  EXPECT_TRUE(client.ReadUntilClosed() == dialogue.replies);
}

TEST_P(PipelineTest, ManyClientsAtTheSameTime) {
  constexpr size_t kClients = 50;
  constexpr int kRequests = 100;
  std::vector<RawClient> clients;
  for (size_t i = 0; i < kClients; ++i) clients.push_back(Client());
  for (int round = 0; round < 3; ++round) {
    for (size_t i = 0; i < kClients; ++i) {
      std::string requests;
      for (int j = 0; j < kRequests; ++j) requests += "ECHO " + std::to_string(i) + "\r\n";
      clients[i].Send(requests);
    }
    for (size_t i = 0; i < kClients; ++i) {
      for (int j = 0; j < kRequests; ++j) {
        ASSERT_EQ(clients[i].ReadReply(), Bulk(std::to_string(i))) << "reply " << j;
      }
    }
  }
}

TEST_P(PipelineTest, ClientsVanishWithRequestsInFlight) {
  RawClient witness = Client();
  for (int round = 1; round <= 50; ++round) {
    RawClient client = Client();
    std::string requests;
    for (int i = 0; i < 200; ++i) requests += "ECHO gone\r\nGET absent\r\n";
    client.Send(requests);
    const linger reset{.l_onoff = 1, .l_linger = 0};
    if (round % 2 == 0) {
      setsockopt(client.fd(), SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
    }
    client.Close();
    ASSERT_EQ(witness.Ask({"INCR", "n"}), ":" + std::to_string(round) + "\r\n");
  }
  proxy_->AwaitMetric("keyhole_clients_accepted_total", 51);
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (proxy_->Metric("keyhole_clients") > 1 && std::chrono::steady_clock::now() < until) {
  }
  EXPECT_EQ(proxy_->Metric("keyhole_clients"), 1);
}

TEST_P(PipelineTest, WhatWasSentBeforeLeavingIsDone) {
  {
    RawClient client = Client();
    std::string requests;
    for (int i = 0; i < 500; ++i) requests += "INCR n\r\n";
    client.Send(requests);
    EXPECT_EQ(client.ReadReply(), ":1\r\n");
    client.ShutdownWrite();
    EXPECT_TRUE(client.ReadUntilClosed().ends_with(":500\r\n"));
  }
  RawClient witness = Client();
  EXPECT_EQ(witness.Ask({"GET", "n"}), "$3\r\n500\r\n");
}

TEST_P(PipelineTest, InlineAndBulkRequestsMixed) {
  RawClient client = Client();
  client.Send("SET k 'a b'\r\n*2\r\n$3\r\nGET\r\n$1\r\nk\r\n\r\nget \"k\"\n*0\r\nPING\r\n");
  EXPECT_EQ(client.ReadReply(), "+OK\r\n");
  EXPECT_EQ(client.ReadReply(), "$3\r\na b\r\n");
  EXPECT_EQ(client.ReadReply(), "$3\r\na b\r\n");
  EXPECT_EQ(client.ReadReply(), "+PONG\r\n");
}

TEST_P(PipelineTest, ProtocolErrorsAreToldAfterAllReplies) {
  RawClient client = Client();
  client.Send("SET k v\r\nGET k\r\n*1\r\n$x\r\nGET k\r\n");
  EXPECT_EQ(client.ReadUntilClosed(),
            "+OK\r\n$1\r\nv\r\n-ERR Protocol error: invalid bulk length\r\n");
  EXPECT_EQ(proxy_->Metric("keyhole_protocol_errors_total"), 1);
}

TEST_P(PipelineTest, HttpOnThePortOfRedisIsHungUpOn) {
  for (const char* request : {"POST / HTTP/1.1\r\nHost: a\r\n\r\nSET k v\r\n",
                              "GET / HTTP/1.1\r\nHost: a\r\n\r\nSET k v\r\n"}) {
    RawClient client = Client();
    client.Send(request);
    client.ReadUntilClosed();
    EXPECT_EQ(Client().Ask({"EXISTS", "k"}), ":0\r\n") << request;
  }
}

TEST_P(PipelineTest, UnknownCommandsGetRedisOwnAnswer) {
  RawClient client = Client();
  EXPECT_EQ(client.Ask({"NOSUCH", "a", "b"}),
            "-ERR unknown command 'NOSUCH', with args beginning with: 'a' 'b' \r\n");
  EXPECT_EQ(client.Ask({"PING"}), "+PONG\r\n");
}

KEYHOLE_OVER_TLS(PipelineTest);
KEYHOLE_IN_FRONT_OF_ALL(PipelineTest);

}  // namespace
}  // namespace keyhole::test
