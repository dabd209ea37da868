#include "tests/support/raw_client.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <stdexcept>
#include <system_error>
#include <utility>

#include "resp/reply_writer.h"
#include "tests/support/loopback.h"

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

// OpenSSL on the socket itself, blocking for as long as the deadline says.
struct RawClient::Tls {
  explicit Tls(int fd, const std::string& cert, const std::string& key)
      : context(SSL_CTX_new(TLS_client_method()), SSL_CTX_free) {
    std::signal(SIGPIPE, SIG_IGN);  // OpenSSL writes to a lost connection without MSG_NOSIGNAL
    if (!cert.empty()) {
      SSL_CTX_use_certificate_chain_file(context.get(), cert.c_str());
      SSL_CTX_use_PrivateKey_file(context.get(), key.c_str(), SSL_FILETYPE_PEM);
    }
    ssl.reset(SSL_new(context.get()));
    SSL_set_fd(ssl.get(), fd);
    const timeval patience{.tv_sec = 20, .tv_usec = 0};
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
    if (SSL_connect(ssl.get()) != 1) {
      throw std::runtime_error(std::string("TLS: ") + Reason());
    }
  }

  static const char* Reason() {
    const char* const reason = ERR_reason_error_string(ERR_get_error());
    return reason == nullptr ? "closed" : reason;
  }

  std::unique_ptr<SSL_CTX, void (*)(SSL_CTX*)> context;
  std::unique_ptr<SSL, void (*)(SSL*)> ssl{nullptr, SSL_free};
};

RawClient RawClient::ConnectTls(uint16_t port) {
  RawClient client = Connect(port);
  client.StartTls();
  return client;
}

void RawClient::StartTls(const std::string& cert, const std::string& key) {
  tls_ = std::make_shared<Tls>(fd_, cert, key);
}

RawClient RawClient::Connect(uint16_t port) {
  sockaddr_in address = Loopback(port);
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
      tls_(std::move(other.tls_)),
      buffer_(std::move(other.buffer_)),
      deadline_(other.deadline_) {}

RawClient& RawClient::operator=(RawClient&& other) noexcept {
  std::swap(fd_, other.fd_);
  std::swap(tls_, other.tls_);
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
  if (tls_ != nullptr && !bytes.empty()) {
    size_t sent = 0;
    if (SSL_write_ex(tls_->ssl.get(), bytes.data(), bytes.size(), &sent) == 1) return;
    throw std::runtime_error(std::string("TLS: ") + Tls::Reason());
  }
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
  if (tls_ != nullptr) SSL_shutdown(tls_->ssl.get());
  if (shutdown(fd_, SHUT_WR) != 0) throw LastError("shutdown");
}

bool RawClient::IsClosedWithin(std::chrono::milliseconds patience) const {
  pollfd closed{.fd = fd_, .events = POLLRDHUP, .revents = 0};
  return poll(&closed, 1, static_cast<int>(patience.count())) == 1;
}

size_t RawClient::ReadSome(char* to, size_t most) {
  return ReadUntil(Clock::now() + deadline_, to, most);
}

size_t RawClient::ReadUntil(Clock::time_point until, char* to, size_t most) {
  while (true) {
    ssize_t got = 0;
    if (tls_ != nullptr) {
      got = SSL_read(tls_->ssl.get(), to, static_cast<int>(most));
      const int error = SSL_get_error(tls_->ssl.get(), static_cast<int>(got));
      const bool may_go_on = error == SSL_ERROR_WANT_READ && Clock::now() < until;
      if (got <= 0 && may_go_on) continue;
      if (error == SSL_ERROR_WANT_READ) throw std::runtime_error("nothing came");
      return got > 0 ? static_cast<size_t>(got) : 0;
    }
    WaitFor(fd_, POLLIN, until);
    got = recv(fd_, to, most, MSG_DONTWAIT);
    if (got > 0) return static_cast<size_t>(got);
    if (got == 0 || errno == ECONNRESET) return 0;
    if (errno != EAGAIN && errno != EINTR) throw LastError("recv");
  }
}

// Appends what has come to buffer_, waiting for it if need be. False if the connection is closed.
bool RawClient::Receive(Clock::time_point until) {
  char chunk[16 * 1024];
  const size_t got = ReadUntil(until, chunk, sizeof(chunk));
  buffer_.append(chunk, got);
  return got > 0;
}

}  // namespace keyhole::test
