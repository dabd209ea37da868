#include "proxy/program/http_fetch.h"

#include <netdb.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstring>
#include <string_view>

#include "absl/strings/escaping.h"
#include "proxy/program/tls_client.h"

namespace keyhole::program {
namespace {

constexpr timeval kPatience{.tv_sec = 3, .tv_usec = 0};
constexpr size_t kMost = 64UL << 20;

// A descriptor that is closed when it goes.
class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int fd() const { return fd_; }

 private:
  const int fd_;
};

std::string NameOf(const top::Options& where) {
  const bool is_v6 = where.host.find(':') != std::string::npos;
  if (where.port.empty()) return "unix:" + where.host;
  return (is_v6 ? "[" + where.host + "]" : where.host) + ":" + where.port;
}

top::Answer Failed(const top::Options& where, std::string_view why) {
  return {.status = 0, .text = "No answer from " + NameOf(where) + ": " + std::string(why)};
}

// -1, with errno.
int Connected(const sockaddr* address, socklen_t size) {
  const int fd = socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return -1;
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &kPatience, sizeof(kPatience));
  setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &kPatience, sizeof(kPatience));
  if (connect(fd, address, size) == 0) return fd;
  const int error = errno;
  close(fd);
  errno = error;
  return -1;
}

int ConnectTo(const top::Options& where, std::string* problem) {
  if (where.port.empty()) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (where.host.size() >= sizeof(address.sun_path)) {
      *problem = "the path is too long";
      return -1;
    }
    std::memcpy(address.sun_path, where.host.data(), where.host.size());
    const int fd = Connected(reinterpret_cast<const sockaddr*>(&address), sizeof(address));
    if (fd < 0) *problem = std::strerror(errno);
    return fd;
  }
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (const int error = getaddrinfo(where.host.c_str(), where.port.c_str(), &hints, &found)) {
    *problem = gai_strerror(error);
    return -1;
  }
  int fd = -1;
  for (const addrinfo* one = found; one != nullptr && fd < 0; one = one->ai_next) {
    fd = Connected(one->ai_addr, one->ai_addrlen);
    if (fd < 0) *problem = std::strerror(errno);
  }
  freeaddrinfo(found);
  return fd;
}

std::string RequestFor(const top::Options& where, const std::string& path) {
  std::string request =
      (where.posts ? "POST " : "GET ") + path + " HTTP/1.1\r\nConnection: close\r\nHost: ";
  request += where.port.empty() ? "localhost" : NameOf(where);
  if (!where.password.empty()) {
    request += "\r\nAuthorization: Basic " + absl::Base64Escape(where.user + ":" + where.password);
  }
  if (where.posts) request += "\r\nContent-Length: 0";
  return request + "\r\n\r\n";
}

// Adds all that receive(to, most) gives, which is like recv(), to the answer. False: it has failed.
template <typename Receive>
bool ReadAll(const Receive& receive, std::string* answer) {
  char buffer[16384];
  while (answer->size() < kMost) {
    const ssize_t n = receive(buffer, sizeof(buffer));
    if (n < 0) return false;
    if (n == 0) break;
    answer->append(buffer, static_cast<size_t>(n));
  }
  return true;
}

// Both give what is wrong, or nothing.
std::string AskPlain(int fd, std::string_view request, std::string* answer) {
  if (send(fd, request.data(), request.size(), MSG_NOSIGNAL) !=
      static_cast<ssize_t>(request.size())) {
    return std::strerror(errno);
  }
  const auto receive = [fd](char* to, size_t most) { return recv(fd, to, most, 0); };
  if (ReadAll(receive, answer)) return {};
  return errno == EAGAIN ? "timed out" : std::strerror(errno);
}

std::string AskTls(int fd, const top::Options& where, std::string_view request,
                   std::string* answer) {
  TlsClient tls;
  const auto receive = [&tls](char* to, size_t most) { return tls.Receive(to, most); };
  if (tls.Start(fd, where) && tls.Send(request) && ReadAll(receive, answer)) return {};
  return tls.problem();
}

}  // namespace

top::Answer HttpFetch(const top::Options& where, const std::string& path) {
  std::string problem;
  std::string answer;
  const Descriptor socket(ConnectTo(where, &problem));
  if (socket.fd() < 0) return Failed(where, problem);
  const std::string request = RequestFor(where, path);
  problem = where.tls ? AskTls(socket.fd(), where, request, &answer)
                      : AskPlain(socket.fd(), request, &answer);
  if (!problem.empty()) return Failed(where, problem);
  // HTTP/1.1 200 OK
  const size_t body = answer.find("\r\n\r\n");
  int status = 0;
  if (body == std::string::npos || !answer.starts_with("HTTP/1.1 ") ||
      std::from_chars(answer.data() + 9, answer.data() + 12, status).ec != std::errc()) {
    return Failed(where, "it does not speak HTTP");
  }
  return {.status = status, .text = answer.substr(body + 4)};
}

}  // namespace keyhole::program
