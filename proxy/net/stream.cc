#include "proxy/net/stream.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cerrno>

namespace keyhole::net {

namespace {

// A peer that is gone without a word is noticed after two minutes of silence: nothing else limits
// how long a reply may take.
constexpr int kKeepAliveAfter = 60;  // seconds
constexpr int kKeepAliveEvery = 20;
constexpr int kKeepAliveProbes = 3;

Stream::Io Outcome(ssize_t result, size_t* n) {
  *n = result > 0 ? static_cast<size_t>(result) : 0;
  if (result > 0) return Stream::Io::kSome;
  if (result == 0) return Stream::Io::kEof;
  const bool later = errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
  return later ? Stream::Io::kWouldBlock : Stream::Io::kError;
}

}  // namespace

void Stream::Configure() {
  error_code ignored;
  socket_.non_blocking(true, ignored);
  const int on = 1;
  // Fails on unix sockets, which have no such delay.
  ::setsockopt(socket_.native_handle(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  ::setsockopt(socket_.native_handle(), SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
  ::setsockopt(socket_.native_handle(), IPPROTO_TCP, TCP_KEEPIDLE, &kKeepAliveAfter, sizeof(int));
  ::setsockopt(socket_.native_handle(), IPPROTO_TCP, TCP_KEEPINTVL, &kKeepAliveEvery, sizeof(int));
  ::setsockopt(socket_.native_handle(), IPPROTO_TCP, TCP_KEEPCNT, &kKeepAliveProbes, sizeof(int));
}

Stream::Io Stream::Read(std::span<char> room, size_t* n) {
  return Outcome(::recv(socket_.native_handle(), room.data(), room.size(), 0), n);
}

Stream::Io Stream::Write(std::string_view bytes, size_t* n) {
  return Outcome(::send(socket_.native_handle(), bytes.data(), bytes.size(), MSG_NOSIGNAL), n);
}

void Stream::ShutdownWrite() {
  error_code ignored;
  socket_.shutdown(Socket::shutdown_send, ignored);
}

void Stream::Close() {
  error_code ignored;
  socket_.close(ignored);
}

}  // namespace keyhole::net
