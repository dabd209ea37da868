#include "proxy/net/given_sockets.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <utility>

namespace keyhole::net {
namespace {

using core::Endpoint;

// Where a socket is bound; an empty host if it is none of ours.
Endpoint PlaceOf(int descriptor) {
  sockaddr_storage address{};
  socklen_t size = sizeof(address);
  if (::getsockname(descriptor, reinterpret_cast<sockaddr*>(&address), &size) != 0) return {};
  char text[INET6_ADDRSTRLEN] = "";
  if (address.ss_family == AF_UNIX) {
    sockaddr_un path{};
    std::memcpy(&path, &address, sizeof(path));
    return Endpoint::Unix(path.sun_path);
  }
  if (address.ss_family == AF_INET) {
    sockaddr_in v4{};
    std::memcpy(&v4, &address, sizeof(v4));
    ::inet_ntop(AF_INET, &v4.sin_addr, text, sizeof(text));
    return Endpoint::Tcp(text, ntohs(v4.sin_port));
  }
  sockaddr_in6 v6{};
  std::memcpy(&v6, &address, sizeof(v6));
  ::inet_ntop(AF_INET6, &v6.sin6_addr, text, sizeof(text));
  return Endpoint::Tcp(text, ntohs(v6.sin6_port));
}

bool IsEveryAddress(const std::string& host) {
  return host == "0.0.0.0" || host == "::";
}

bool IsFor(const Endpoint& given, const Endpoint& wanted) {
  if (given.kind != wanted.kind) return false;
  if (given.kind == Endpoint::Kind::kUnix) return given.path == wanted.path;
  if (given.port != wanted.port) return false;
  const std::string host = wanted.host == "localhost" ? "127.0.0.1" : wanted.host;
  return given.host == host || (IsEveryAddress(given.host) && IsEveryAddress(host));
}

}  // namespace

GivenSockets::GivenSockets(const std::vector<int>& descriptors) {
  for (const int descriptor : descriptors) {
    ::fcntl(descriptor, F_SETFD, FD_CLOEXEC);
    given_.push_back({descriptor, PlaceOf(descriptor)});
  }
}

GivenSockets::~GivenSockets() {
  for (const Given& one : given_) ::close(one.descriptor);
}

int GivenSockets::Take(const Endpoint& endpoint) {
  for (auto one = given_.begin(); one != given_.end(); ++one) {
    if (!IsFor(one->at, endpoint)) continue;
    const int descriptor = one->descriptor;
    given_.erase(one);
    return descriptor;
  }
  return -1;
}

std::vector<std::string> GivenSockets::Left() const {
  std::vector<std::string> places;
  for (const Given& one : given_) places.push_back(one.at.ToString());
  return places;
}

}  // namespace keyhole::net
