#include "proxy/program/notify.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <ctime>
#include <string>
#include <system_error>

namespace keyhole::program {

void Notify(const char* socket, std::string_view state) {
  const std::string_view path = socket == nullptr ? "" : socket;
  sockaddr_un address{};
  if (path.empty() || path.size() >= sizeof(address.sun_path)) return;
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.data(), path.size());
  if (path[0] == '@') address.sun_path[0] = '\0';  // of the abstract name space
  const int descriptor = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (descriptor < 0) return;
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size());
  ::sendto(descriptor, state.data(), state.size(), MSG_NOSIGNAL,
           reinterpret_cast<const sockaddr*>(&address), size);
  ::close(descriptor);
}

std::chrono::microseconds WatchdogInterval(const char* usec, const char* pid) {
  const auto number = [](const char* text) {
    int64_t value = 0;
    const std::string_view digits = text == nullptr ? "" : text;
    const char* const end = digits.data() + digits.size();
    const auto read = std::from_chars(digits.data(), end, value);
    return read.ec == std::errc() && read.ptr == end && value > 0 ? value : 0;
  };
  if (pid != nullptr && number(pid) != ::getpid()) return {};
  return std::chrono::microseconds(number(usec));
}

void NotifyReloading(const char* socket) {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  const int64_t micros = int64_t{now.tv_sec} * 1'000'000 + now.tv_nsec / 1000;
  Notify(socket, "RELOADING=1\nMONOTONIC_USEC=" + std::to_string(micros));
}

}  // namespace keyhole::program
