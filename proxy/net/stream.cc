#include "proxy/net/stream.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace keyhole::net {

namespace {

// A peer that is gone without a word is noticed after two minutes of silence: nothing else limits
// how long a reply may take.
constexpr int kKeepAliveAfter = 60;  // seconds
constexpr int kKeepAliveEvery = 20;
constexpr int kKeepAliveProbes = 3;

// After so many short reads the end is not looked for at once.
constexpr uint8_t kNewReads = 8;

Stream::Io Outcome(ssize_t result, size_t* n) {
  *n = result > 0 ? static_cast<size_t>(result) : 0;
  if (result > 0) return Stream::Io::kSome;
  if (result == 0) return Stream::Io::kEof;
  const bool later = errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
  return later ? Stream::Io::kWouldBlock : Stream::Io::kError;
}

}  // namespace

Stream::Stream(asio::io_context& context, Readiness::Watcher& watcher)
    : readiness_(context, watcher) {}

bool Stream::Open(int descriptor) {
  descriptor_ = descriptor;
  const auto set = [descriptor](int level, int option, int value) {
    ::setsockopt(descriptor, level, option, &value, sizeof(value));
  };
  // Fail on unix sockets, which have no such delay and no such probes.
  set(IPPROTO_TCP, TCP_NODELAY, 1);
  set(SOL_SOCKET, SO_KEEPALIVE, 1);
  set(IPPROTO_TCP, TCP_KEEPIDLE, kKeepAliveAfter);
  set(IPPROTO_TCP, TCP_KEEPINTVL, kKeepAliveEvery);
  set(IPPROTO_TCP, TCP_KEEPCNT, kKeepAliveProbes);
  const int flags = ::fcntl(descriptor, F_GETFL, 0);
  return ::fcntl(descriptor, F_SETFL, flags | O_NONBLOCK) == 0 && readiness_.Start(descriptor);
}

Stream::Io Stream::Read(std::span<char> room, size_t* n) {
  const Io result = Outcome(::recv(descriptor_, room.data(), room.size(), 0), n);
  if (result == Io::kWouldBlock) {
    readable_ = false;
  } else if (result == Io::kSome && *n < room.size()) {
    doubt_ = Doubt::kFresh;
    if (reads_ == kNewReads) {
      readable_ = false;
    } else {
      ++reads_;
    }
  }
  return result;
}

Stream::Io Stream::Write(std::string_view bytes, size_t* n) {
  return Outcome(::send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL), n);
}

bool Stream::HasUnread() const {
  char byte = 0;
  return is_open() && ::recv(descriptor_, &byte, 1, MSG_PEEK | MSG_DONTWAIT) > 0;
}

bool Stream::CheckSilence() {
  if (doubt_ == Doubt::kFresh) {
    doubt_ = Doubt::kStale;
  } else if (doubt_ == Doubt::kStale) {
    doubt_ = Doubt::kNone;
    readable_ = true;
    return true;
  }
  return false;
}

void Stream::ShutdownWrite() {
  ::shutdown(descriptor_, SHUT_WR);
}

void Stream::Close() {
  if (descriptor_ < 0) return;
  readiness_.Stop();
  ::close(std::exchange(descriptor_, -1));
}

}  // namespace keyhole::net
