#include "proxy/program/notify.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <string>

namespace keyhole::program {
namespace {

TEST(Notify, IsOneDatagram) {
  const std::string path =
      std::filesystem::temp_directory_path() / ("keyhole-notify-" + std::to_string(::getpid()));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.data(), path.size());
  const int systemd = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  ASSERT_EQ(::bind(systemd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
  Notify(path.c_str(), "READY=1");
  char said[64];
  const ssize_t size = ::recv(systemd, said, sizeof(said), MSG_DONTWAIT);
  EXPECT_EQ(std::string(said, size < 0 ? 0 : static_cast<size_t>(size)), "READY=1");
  ::close(systemd);
  std::filesystem::remove(path);
}

TEST(Notify, NobodyNeedBeThere) {
  Notify(nullptr, "READY=1");
  Notify("", "READY=1");
  Notify("/nonexistent/socket", "READY=1");
  Notify(std::string(200, 'x').c_str(), "READY=1");
}

TEST(Notify, TheWatchdogIsOfTheProcessThatItNames) {
  const std::string own = std::to_string(::getpid());
  EXPECT_EQ(WatchdogInterval("30000000", own.c_str()), std::chrono::seconds(30));
  EXPECT_EQ(WatchdogInterval("30000000", nullptr), std::chrono::seconds(30));
  EXPECT_EQ(WatchdogInterval("30000000", "1"), std::chrono::seconds(0));
  for (const char* none : {"", "0", "-5", "30s"}) {
    EXPECT_EQ(WatchdogInterval(none, own.c_str()).count(), 0) << none;
  }
  EXPECT_EQ(WatchdogInterval(nullptr, nullptr).count(), 0);
}

}  // namespace
}  // namespace keyhole::program
