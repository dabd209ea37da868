// Names of the upstream: with several addresses, of which some do not answer, and such as lead
// elsewhere after a while.
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "tests/support/child_process.h"
#include "tests/support/eventually.h"
#include "tests/support/keyhole_process.h"
#include "tests/support/raw_client.h"
#include "tests/support/redis_server.h"
#include "tests/support/temp_file.h"

namespace keyhole::test {
namespace {

// Listens at this address, answers nobody and takes nobody.
class Silent {
 public:
  Silent(const char* address, uint16_t port) {
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_port = htons(port);
    inet_pton(AF_INET, address, &at.sin_addr);
    listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    EXPECT_EQ(bind(listener_, reinterpret_cast<sockaddr*>(&at), sizeof(at)), 0);
    EXPECT_EQ(listen(listener_, 0), 0);
    // Once these fill its queue, nobody else gets an answer.
    for (int& filler : fillers_) {
      filler = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
      [[maybe_unused]] const int pending =
          connect(filler, reinterpret_cast<sockaddr*>(&at), sizeof(at));
    }
  }
  ~Silent() {
    for (const int filler : fillers_) close(filler);
    close(listener_);
  }
  Silent(const Silent&) = delete;
  Silent& operator=(const Silent&) = delete;

 private:
  int listener_;
  int fillers_[3];
};

class NamesTest : public testing::Test {
 protected:
  NamesTest() {
    // As the shim needs to be in the child alone.
    setenv("LD_PRELOAD", KEYHOLE_NAMES_SHIM, 1);
    setenv("NAMES_SHIM_FILE", names_.path().c_str(), 1);
  }
  ~NamesTest() override { Restore(); }
  void SetUp() override {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    GTEST_SKIP() << "a sanitizer has to be loaded first";
#endif
  }
  static void Restore() {
    unsetenv("LD_PRELOAD");
    unsetenv("NAMES_SHIM_FILE");
  }
  void Say(const std::string& addresses) {
    const std::string next = names_.path() + ".next";
    std::ofstream(next) << "db.test " << addresses << "\n";
    std::filesystem::rename(next, names_.path());
  }
  std::string Url() const {
    return "redis://db.test:" + std::to_string(redis_.port());
  }

  RedisServer redis_{{"bind 127.0.0.1"}};
  TempFile names_{""};
};

TEST_F(NamesTest, EachAddressIsTried) {
  Say("127.0.0.2 127.0.0.3 127.0.0.1");
  const Silent silent("127.0.0.3", redis_.port());
  KeyholeProcess proxy({"--upstream", Url(), "--upstream-connect-timeout", "200ms"});
  RawClient client = RawClient::Connect(proxy.port());
  EXPECT_EQ(client.Ask({"SET", "k", "v"}), "+OK\r\n");
  RawClient redis = RawClient::Connect(redis_.port());
  EXPECT_EQ(redis.Ask({"GET", "k"}), "$1\r\nv\r\n");
}

TEST_F(NamesTest, ItIsLookedUpWhenAConnectionIsLost) {
  Say("127.0.0.1");
  KeyholeProcess proxy({"--upstream", Url(), "--upstream-resolve", "0", "--upstream-wait", "10s"});
  EXPECT_EQ(RawClient::Connect(proxy.port()).Ask({"SET", "k", "v"}), "+OK\r\n");
  const uint16_t port = redis_.port();
  Say("127.0.0.2");
  ChildProcess other({"redis-server", "--bind", "127.0.0.2", "--port", std::to_string(port),
                      "--save", "", "--protected-mode", "no"});
  other.WaitForOut("Ready to accept connections");
  redis_.Kill();
  EXPECT_EQ(RawClient::Connect(proxy.port()).Ask({"GET", "k"}), "$-1\r\n");
}

TEST_F(NamesTest, ItIsFollowedWhileConnectionsLive) {
  Say("127.0.0.1");
  KeyholeProcess proxy({"--upstream", Url(), "--upstream-resolve", "100ms"});
  RawClient stays = RawClient::Connect(proxy.port());
  EXPECT_EQ(stays.Ask({"SET", "k", "old"}), "+OK\r\n");
  RawClient waits = RawClient::Connect(proxy.port());
  waits.Send("BLPOP list 0\r\n");
  RawClient old = RawClient::Connect(redis_.port());
  const auto is_blocked = [](const std::string& info) {
    return info.find("blocked_clients:1") != std::string::npos;
  };
  EXPECT_TRUE(is_blocked(Eventually([&] { return old.Ask({"INFO", "clients"}); }, is_blocked)));
  ChildProcess other({"redis-server", "--bind", "127.0.0.2", "--port",
                      std::to_string(redis_.port()), "--save", "", "--protected-mode", "no"});
  other.WaitForOut("Ready to accept connections");
  Say("127.0.0.2");
  proxy.process().WaitForErr("the name of the upstream, db.test, leads elsewhere now");
  const auto is_new = [](const std::string& reply) { return reply == "$-1\r\n"; };
  EXPECT_TRUE(is_new(Eventually(
      [&] {
        return stays.Ask({"GET", "k"});
      },
      is_new)))
      << "the same client, without being closed";
  EXPECT_EQ(old.Ask({"RPUSH", "list", "x"}), ":1\r\n");
  EXPECT_EQ(waits.ReadReply(), "*2\r\n$4\r\nlist\r\n$1\r\nx\r\n")
      << "what waits is answered where it was sent";
}

}  // namespace
}  // namespace keyhole::test
