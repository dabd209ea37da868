// What systemd is told: sd_notify(3), with a socket of the test in its place.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "tests/integration/proxy_test.h"
#include "tests/support/temp_file.h"

namespace keyhole::test {
namespace {

using std::chrono::milliseconds;
using testing::Contains;
using testing::HasSubstr;

class Systemd : public testing::Test {
 protected:
  Systemd()
      : path_(std::filesystem::temp_directory_path() /
              ("keyhole-systemd-" + std::to_string(::getpid()))),
        socket_(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, path_.c_str(), sizeof(address.sun_path) - 1);
    EXPECT_EQ(::bind(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
    ::setenv("NOTIFY_SOCKET", path_.c_str(), 1);
    ::setenv("WATCHDOG_USEC", "100000", 1);
  }
  ~Systemd() override {
    ::unsetenv("NOTIFY_SOCKET");
    ::unsetenv("WATCHDOG_USEC");
    ::close(socket_);
    std::filesystem::remove(path_);
  }

  // The next datagram; empty if none comes for so long.
  std::string Hear(milliseconds patience = milliseconds(5000)) const {
    pollfd wait{.fd = socket_, .events = POLLIN, .revents = 0};
    if (::poll(&wait, 1, static_cast<int>(patience.count())) != 1) return {};
    char said[256];
    const ssize_t size = ::recv(socket_, said, sizeof(said), 0);
    return {said, size < 0 ? 0 : static_cast<size_t>(size)};
  }
  // What is said up to and with this.
  std::vector<std::string> HearUntil(std::string_view last) const {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    std::vector<std::string> all;
    do {
      all.push_back(Hear());
    } while (!all.back().empty() && all.back().find(last) == std::string::npos &&
             std::chrono::steady_clock::now() < end);
    EXPECT_THAT(all.back(), HasSubstr(last));
    return all;
  }

 private:
  const std::string path_;
  const int socket_;
};

TEST_F(Systemd, HearsThatItIsReadyLivesAndEnds) {
  KeyholeProcess proxy;
  EXPECT_EQ(Hear(), "READY=1");
  HearUntil("STATUS=0 clients; embedded store");
  {
    RawClient client = RawClient::Connect(proxy.port());
    EXPECT_EQ(client.Ask({"PING"}), "+PONG\r\n");
    EXPECT_THAT(HearUntil("STATUS=1 client; "), Contains("WATCHDOG=1"));
  }
  proxy.process().Signal(SIGHUP);
  HearUntil("RELOADING=1\nMONOTONIC_USEC=");
  HearUntil("READY=1");
  proxy.Terminate();
  HearUntil("STOPPING=1");
  EXPECT_EQ(proxy.Wait(), 0);
}

TEST_F(Systemd, HearsNothingWhileAThreadStandsStill) {
  KeyholeProcess proxy({"--enable-debug-command"});
  HearUntil("WATCHDOG=1");
  RawClient client = RawClient::Connect(proxy.port());
  client.SendCommand({"DEBUG", "SLEEP", "3"});
  // However late it begins, and whatever was on its way before: in the end it is silent for a
  // second, in which there are 40 beats where it lives.
  const auto end = std::chrono::steady_clock::now() + milliseconds(1900);
  bool silent = false;
  while (!silent && std::chrono::steady_clock::now() < end) {
    silent = Hear(milliseconds(1000)).empty();
  }
  EXPECT_TRUE(silent);
  EXPECT_EQ(client.ReadReply(), "+OK\r\n");
  HearUntil("WATCHDOG=1");
}

// The thread that reloads waited for the upstream, and the one that beats was the same.
TEST_F(Systemd, HearsThatItLivesWhileAReloadWaitsForTheUpstream) {
  const RedisServer redis;
  RedisServer hangs;
  const auto upstream = [](const RedisServer& at) {
    return "upstream = \"redis://127.0.0.1:" + std::to_string(at.port()) + "\"\n";
  };
  const TempFile file(upstream(redis));
  KeyholeProcess proxy({"--config", file.path(), "--upstream-connect-timeout", "2s"});
  HearUntil("WATCHDOG=1");
  hangs.Pause();
  std::ofstream(file.path()) << upstream(hangs);
  proxy.process().Signal(SIGHUP);
  HearUntil("RELOADING=1\nMONOTONIC_USEC=");
  const std::vector<std::string> said = HearUntil("READY=1");
  EXPECT_GE(std::count(said.begin(), said.end(), "WATCHDOG=1"), 10) << "80 in two seconds";
  proxy.process().WaitForErr("upstream is away");
  hangs.Resume();
}

// 2.0 of 10; without offline it would ask a systemd that runs.
TEST(ServiceUnit, HasNoRightsThatItDoesNotNeed) {
  if (!std::filesystem::exists("/usr/bin/systemd-analyze")) GTEST_SKIP() << "no systemd";
  ChildProcess analyze({"systemd-analyze", "security", "--offline=true", "--threshold=20",
                        "--no-pager", KEYHOLE_CONFIGS "/keyhole.service"});
  EXPECT_EQ(analyze.Wait(), 0) << analyze.out() << analyze.err();
}

}  // namespace
}  // namespace keyhole::test
