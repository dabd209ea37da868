// What systemd is told: sd_notify(3), with a socket of the test in its place.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <string>
#include <vector>

#include "tests/integration/proxy_test.h"

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
    std::vector<std::string> all;
    do {
      all.push_back(Hear());
    } while (!all.back().empty() && all.back().find(last) == std::string::npos);
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
  client.SendCommand({"DEBUG", "SLEEP", "1.5"});
  // What was on its way, and one that the worker was asked for before.
  int beats = 0;
  const auto end = std::chrono::steady_clock::now() + milliseconds(1200);
  while (std::chrono::steady_clock::now() < end) {
    if (Hear(milliseconds(100)) == "WATCHDOG=1") ++beats;
  }
  EXPECT_LE(beats, 4) << "there are 24 where it lives";
  EXPECT_EQ(client.ReadReply(), "+OK\r\n");
  HearUntil("WATCHDOG=1");
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
