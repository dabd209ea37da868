#include "proxy/net/tcp_stream.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
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

TcpStream::TcpStream(asio::io_context& context, int descriptor)
    : descriptor_(descriptor), readiness_(context) {}

bool TcpStream::Open(Watcher& watcher) {
  const auto set = [this](int level, int option, int value) {
    ::setsockopt(descriptor_, level, option, &value, sizeof(value));
  };
  // Fail on unix sockets, which have no such delay and no such probes.
  set(IPPROTO_TCP, TCP_NODELAY, 1);
  set(SOL_SOCKET, SO_KEEPALIVE, 1);
  set(IPPROTO_TCP, TCP_KEEPIDLE, kKeepAliveAfter);
  set(IPPROTO_TCP, TCP_KEEPINTVL, kKeepAliveEvery);
  set(IPPROTO_TCP, TCP_KEEPCNT, kKeepAliveProbes);
  const int flags = ::fcntl(descriptor_, F_GETFL, 0);
  open_ = ::fcntl(descriptor_, F_SETFL, flags | O_NONBLOCK) == 0 &&
          readiness_.Start(descriptor_, watcher);
  return open_;
}

Stream::Io TcpStream::Read(std::span<char> room, size_t* n) {
  const Io result = Outcome(::recv(descriptor_, room.data(), room.size(), 0), n);
  broken_ = broken_ || result == Io::kError;
  if (result == Io::kWouldBlock) {
    readable_ = false;
  } else if (result == Io::kSome && *n < room.size()) {
    NoteShortRead();
  }
  return result;
}

void TcpStream::NoteShortRead() {
  if (std::exchange(short_read_, ShortRead::kFresh) == ShortRead::kNone)
    readiness_.watcher().OnShortRead();
  if (reads_ == kNewReads) {
    readable_ = false;
  } else {
    ++reads_;
  }
}

Stream::Io TcpStream::Write(std::string_view bytes, size_t* n) {
  const Io result = Outcome(::send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL), n);
  broken_ = broken_ || result == Io::kError;
  return result;
}

bool TcpStream::HasUnread() const {
  char byte = 0;
  return open_ && ::recv(descriptor_, &byte, 1, MSG_PEEK | MSG_DONTWAIT) > 0;
}

core::Endpoint TcpStream::OwnAddress() const {
  asio::ip::tcp::endpoint own;
  sockaddr_storage address{};
  socklen_t length = sizeof(address);
  if (::getsockname(descriptor_, reinterpret_cast<sockaddr*>(&address), &length) != 0) return {};
  if (address.ss_family != AF_INET && address.ss_family != AF_INET6) return {};
  std::memcpy(own.data(), &address, std::min<size_t>(own.capacity(), length));
  asio::ip::address host = own.address();
  if (host.is_v6() && host.to_v6().is_v4_mapped()) {
    host = asio::ip::make_address_v4(asio::ip::v4_mapped, host.to_v6());
  }
  return core::Endpoint::Tcp(host.to_string(), own.port());
}

Stream::Probe TcpStream::ProbeEof() {
  switch (short_read_) {
    case ShortRead::kNone:
      break;
    case ShortRead::kFresh:
      short_read_ = ShortRead::kStale;
      return Probe::kAgain;
    case ShortRead::kStale:
      short_read_ = ShortRead::kNone;
      readable_ = true;
      return Probe::kRead;
  }
  return Probe::kOver;
}

void TcpStream::WaitWritable() {
  full_ = true;
  readiness_.WaitWritable(descriptor_);
}

void TcpStream::ShutdownWrite() {
  ::shutdown(descriptor_, SHUT_WR);
}

int TcpStream::EndGently() {
  if (descriptor_ < 0 || broken_) {
    Close();
    return -1;
  }
  ::shutdown(descriptor_, SHUT_WR);
  readiness_.Stop(descriptor_);
  open_ = readable_ = false;
  return std::exchange(descriptor_, -1);
}

void TcpStream::Close() {
  open_ = readable_ = false;
  if (descriptor_ < 0) return;
  readiness_.Stop(descriptor_);
  ::close(std::exchange(descriptor_, -1));
}

}  // namespace keyhole::net
