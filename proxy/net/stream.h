// A connected, non-blocking stream socket (TCP or unix) with readiness callbacks.
//
// Reads and writes are plain system calls made when there is reason to think that they will do
// something; the reactor is asked only to say when a socket has become readable or writable. So
// an idle connection needs no read buffer, and a write that succeeds costs one system call.
//
// Thread: the worker's that made it.
#pragma once

#include <span>
#include <string_view>
#include <utility>

#include "proxy/net/asio.h"

namespace keyhole::net {

class Stream {
 public:
  // What a read or write came to.
  enum class Io : uint8_t { kSome, kWouldBlock, kEof, kError };

  explicit Stream(Socket socket) : socket_(std::move(socket)) {}

  Socket& socket() { return socket_; }
  bool is_open() const { return socket_.is_open(); }

  // Non-blocking, without Nagle's delay, with probes of whether the other side is still there.
  void Configure();

  Io Read(std::span<char> room, size_t* n);
  Io Write(std::string_view bytes, size_t* n);

  // Calls handler(error_code) once, when it is worth to try again. One of each at a time.
  template <typename Handler>
  void WaitReadable(Handler&& handler) {
    socket_.async_wait(Socket::wait_read, std::forward<Handler>(handler));
  }
  template <typename Handler>
  void WaitWritable(Handler&& handler) {
    socket_.async_wait(Socket::wait_write, std::forward<Handler>(handler));
  }

  // The other side sees the end of the stream; reading goes on.
  void ShutdownWrite();
  // Waits end with operation_aborted.
  void Close();

 private:
  Socket socket_;
};

}  // namespace keyhole::net
