// Clients that speak no RESP, or a broken one, in great numbers: good clients do not notice.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <iterator>
#include <memory>
#include <random>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "tests/support/keyhole_process.h"
#include "tests/support/raw_client.h"
#include "tests/support/redis_server.h"

namespace keyhole::test {
namespace {

constexpr size_t kGarblers = 300;

std::string RandomBytes(std::mt19937& random, size_t size) {
  std::string bytes(size, '\0');
  for (char& byte : bytes) byte = static_cast<char>(random());
  return bytes;
}

// Valid requests with some bytes changed, cut out or doubled. None of them can stop the server.
std::string Broken(std::mt19937& random) {
  std::string bytes =
      "*2\r\n$3\r\nGET\r\n$3\r\nkey\r\n*3\r\n$3\r\nSET\r\n$3\r\nkey\r\n$5\r\nvalue\r\n"
      "*1\r\n$5\r\nMULTI\r\nGET key\r\n*1\r\n$4\r\nEXEC\r\nMGET a b "
      "c\r\n*2\r\n$5\r\nHELLO\r\n$1\r\n3"
      "\r\nPING\r\n*-1\r\n\r\n*0\r\n";
  for (size_t n = 1 + random() % 6; n > 0; --n) {
    const size_t at = random() % bytes.size();
    switch (random() % 4) {
      case 0:
        bytes[at] = static_cast<char>(random());
        break;
      case 1:
        bytes.erase(at, random() % 5);
        break;
      case 2:
        bytes.insert(at, std::to_string(random()));
        break;
      default:
        bytes.insert(at, bytes.substr(random() % bytes.size(), 20));
        break;
    }
  }
  return bytes;
}

constexpr const char* kLies[] = {"*1048577\r\n",
                                 "*1048576\r\n$1\r\nx\r\n",
                                 "*2147483648\r\n",
                                 "*-5\r\n",
                                 "*x\r\n",
                                 "*1\r\n$536870913\r\n",
                                 "*1\r\n$-1\r\n",
                                 "*1\r\n$536870912\r\nabc",
                                 "*1\r\n+OK\r\n",
                                 "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$536870912\r\nabc",
                                 "\"unbalanced\r\n",
                                 "$5\r\nhello\r\n",
                                 "GET /items HTTP/1.1\r\nHost: x\r\n\r\n",
                                 "POST / HTTP/1.1\r\n",
                                 "\xff\xfe\xfd\r\n",
                                 "\0\0\0\0",
                                 "*1\r\n$4\r\nPINGxx",
                                 "*99999999999999999999\r\n",
                                 "$99999999999999999999\r\n"};

class Garbage : public testing::TestWithParam<bool> {
 protected:
  void SetUp() override {
    std::vector<std::string> options = {"--workers", "2"};
    if (GetParam()) {
      redis_ = std::make_unique<RedisServer>();
      options.insert(options.end(),
                     {"--upstream", "redis://127.0.0.1:" + std::to_string(redis_->port())});
    }
    proxy_ = std::make_unique<KeyholeProcess>(options);
  }

  // A good client's turn.
  void Converse(RawClient& good, int turn) {
    const std::string value = "v" + std::to_string(turn);
    ASSERT_EQ(good.Ask({"SET", "good", value}), "+OK\r\n");
    ASSERT_EQ(good.Ask({"GET", "good"}),
              "$" + std::to_string(value.size()) + "\r\n" + value + "\r\n");
  }

  // Waits until no more than these are connected; gives how many there are.
  double ClientsLeft(double few) {
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    double left = 0;
    do {
      left = proxy_->Metric("keyhole_clients");
    } while (left > few && std::chrono::steady_clock::now() < until);
    return left;
  }

  std::unique_ptr<RedisServer> redis_;
  std::unique_ptr<KeyholeProcess> proxy_;
};

INSTANTIATE_TEST_SUITE_P(, Garbage, testing::Bool(), [](const auto& redis) {
  return std::string(redis.param ? "Redis" : "Embedded");
});

TEST_P(Garbage, GoodClientsGoOn) {
  std::mt19937 random(11);
  RawClient good[] = {RawClient::Connect(proxy_->port()), RawClient::Connect(proxy_->port())};
  // Some stay connected with half a request, or with replies that they do not read.
  std::vector<RawClient> staying;
  for (size_t i = 0; i < kGarblers; ++i) {
    RawClient garbler = RawClient::Connect(proxy_->port());
    try {
      switch (i % 3) {
        case 0:
          garbler.Send(RandomBytes(random, 1 + random() % 2'000));
          break;
        case 1:
          for (int n = 0; n < 10; ++n) garbler.Send(Broken(random));
          break;
        default:
          garbler.Send(kLies[(i / 3) % std::size(kLies)]);
          break;
      }
    } catch (const std::system_error&) {
      // Closed before we had said all.
    }
    if (i % 4 == 0) staying.push_back(std::move(garbler));
    if (i % 10 == 0) {
      for (RawClient& client : good) ASSERT_NO_FATAL_FAILURE(Converse(client, static_cast<int>(i)));
    }
  }
  for (RawClient& client : good) ASSERT_NO_FATAL_FAILURE(Converse(client, -1));
  EXPECT_GT(proxy_->Metric("keyhole_protocol_errors_total"), kGarblers / 10);
  staying.clear();
  // All have gone, and nothing of them is left.
  EXPECT_EQ(ClientsLeft(2), 2);
  EXPECT_LT(proxy_->Metric("process_open_fds"), 70);
  proxy_->Terminate();
  EXPECT_EQ(proxy_->Wait(), 0);
}

// Who switches replies off and on in odd places may confuse himself, but nobody else.
TEST_P(Garbage, OddReplyModes) {
  const std::string off = "CLIENT REPLY OFF\r\n";
  const std::string on = "CLIENT REPLY ON\r\n";
  for (const std::string& requests :
       {off + "GET a\r\nRESET\r\nGET a\r\nPING\r\n",
        off + "MULTI\r\nGET a\r\n" + on + "EXEC\r\nPING\r\n",
        "MULTI\r\n" + off + "GET a\r\nEXEC\r\nPING\r\n" + on + "PING\r\n",
        std::string("MULTI\r\nCLIENT REPLY SKIP\r\nGET a\r\nEXEC\r\nPING\r\n"), off + "QUIT\r\n",
        std::string("CLIENT REPLY SKIP\r\nRESET\r\nMGET a b c\r\n")}) {
    RawClient odd = RawClient::Connect(proxy_->port());
    odd.Send(requests);
    odd.ShutdownWrite();
    odd.ReadUntilClosed();
  }
  EXPECT_EQ(ClientsLeft(0), 0);
  RawClient good = RawClient::Connect(proxy_->port());
  ASSERT_NO_FATAL_FAILURE(Converse(good, 1));
}

// What a peer promises to send takes no memory before it has come.
TEST_P(Garbage, PromisesTakeNoMemory) {
  const double before = proxy_->Metric("process_virtual_memory_bytes");
  std::vector<RawClient> liars;
  for (int i = 0; i < 20; ++i) {
    for (const char* const lie :
         {"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$536870912\r\nabc", "*1048576\r\n$1\r\nx\r\n"}) {
      liars.push_back(RawClient::Connect(proxy_->port()));
      liars.back().Send(lie);
    }
  }
  RawClient good = RawClient::Connect(proxy_->port());
  ASSERT_NO_FATAL_FAILURE(Converse(good, 1));
  EXPECT_LT(proxy_->Metric("process_virtual_memory_bytes") - before, 1e9);  // of ten promised
}

}  // namespace
}  // namespace keyhole::test
