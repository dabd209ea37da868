#include "tests/support/raw_client.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <system_error>
#include <utility>

#include "resp/reply_writer.h"

namespace keyhole::test {
namespace {

using Clock = std::chrono::steady_clock;

std::system_error LastError(const char* what) {
  return std::system_error(errno, std::generic_category(), what);
}

int ConnectTo(int family, const sockaddr* address, socklen_t size) {
  const int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) throw LastError("socket");
  if (connect(fd, address, size) != 0) {
    const std::system_error error = LastError("connect");
    close(fd);
    throw error;
  }
  return fd;
}

void WaitFor(int fd, short events, Clock::time_point until) {
  pollfd ready{.fd = fd, .events = events, .revents = 0};
  while (true) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - Clock::now()).count();
    const int count = poll(&ready, 1, static_cast<int>(std::max<decltype(left)>(left, 0)));
    if (count > 0) return;
    if (count == 0) throw std::runtime_error("nothing happened before the deadline");
    if (errno != EINTR) throw LastError("poll");
  }
}

}  // namespace

RawClient RawClient::Connect(uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const int fd = ConnectTo(AF_INET, reinterpret_cast<sockaddr*>(&address), sizeof(address));
  const int yes = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
  return RawClient(fd);
}

RawClient RawClient::ConnectV6(uint16_t port) {
  sockaddr_in6 address{};
  address.sin6_family = AF_INET6;
  address.sin6_port = htons(port);
  address.sin6_addr = in6addr_loopback;
  return RawClient(ConnectTo(AF_INET6, reinterpret_cast<sockaddr*>(&address), sizeof(address)));
}

RawClient RawClient::ConnectUnix(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof(address.sun_path)) throw std::runtime_error("path too long: " + path);
  std::memcpy(address.sun_path, path.data(), path.size());
  return RawClient(ConnectTo(AF_UNIX, reinterpret_cast<sockaddr*>(&address), sizeof(address)));
}

RawClient::RawClient(RawClient&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)),
      buffer_(std::move(other.buffer_)),
      deadline_(other.deadline_) {}

RawClient& RawClient::operator=(RawClient&& other) noexcept {
  std::swap(fd_, other.fd_);
  std::swap(buffer_, other.buffer_);
  std::swap(deadline_, other.deadline_);
  return *this;
}

RawClient::~RawClient() {
  Close();
}

void RawClient::Close() {
  if (fd_ >= 0) close(std::exchange(fd_, -1));
}

void RawClient::Send(std::string_view bytes) {
  const Clock::time_point until = Clock::now() + deadline_;
  while (!bytes.empty()) {
    const ssize_t sent = send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent >= 0) {
      bytes.remove_prefix(static_cast<size_t>(sent));
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      WaitFor(fd_, POLLOUT, until);
    } else if (errno != EINTR) {
      throw LastError("send");
    }
  }
}

void RawClient::SendCommand(std::span<const std::string_view> args) {
  std::string request;
  resp::AppendRequest(args, &request);
  Send(request);
}

std::string RawClient::ReadReply() {
  const Clock::time_point until = Clock::now() + deadline_;
  resp::ReplyScanner scanner;
  size_t scanned = 0;
  while (true) {
    size_t used = 0;
    const auto result = scanner.Scan(std::string_view(buffer_).substr(scanned), &used);
    scanned += used;
    if (result == resp::ReplyScanner::Result::kDone) {
      std::string reply = buffer_.substr(0, scanned);
      buffer_.erase(0, scanned);
      return reply;
    }
    if (result == resp::ReplyScanner::Result::kError) {
      throw std::runtime_error("not RESP: " + buffer_.substr(0, 100));
    }
    if (!Receive(until)) throw std::runtime_error("connection closed instead of a reply");
  }
}

std::string RawClient::Ask(std::initializer_list<std::string_view> args) {
  SendCommand(args);
  return ReadReply();
}

std::string RawClient::ReadUntilClosed() {
  const Clock::time_point until = Clock::now() + deadline_;
  while (Receive(until)) {
  }
  return std::exchange(buffer_, {});
}

void RawClient::ShutdownWrite() {
  if (shutdown(fd_, SHUT_WR) != 0) throw LastError("shutdown");
}

// Appends what has come to buffer_, waiting for it if need be. False if the connection is closed.
bool RawClient::Receive(Clock::time_point until) {
  char chunk[16 * 1024];
  while (true) {
    WaitFor(fd_, POLLIN, until);
    const ssize_t got = recv(fd_, chunk, sizeof(chunk), MSG_DONTWAIT);
    if (got > 0) {
      buffer_.append(chunk, static_cast<size_t>(got));
      return true;
    }
    if (got == 0 || errno == ECONNRESET) return false;
    if (errno != EAGAIN && errno != EINTR) throw LastError("recv");
  }
}

}  // namespace keyhole::test
