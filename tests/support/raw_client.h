// A blocking client that sends and shows plain bytes, for tests of what is really on the wire.
//
//     RawClient client = RawClient::Connect(port);
//     client.Send("GET foo\r\n");
//     EXPECT_EQ(client.ReadReply(), "$-1\r\n");
//
// Thread: one. Everything that cannot be done within the deadline, or at all, throws
// std::runtime_error, which ends the test with its text.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>

#include "resp/reply_scanner.h"

namespace keyhole::test {

class RawClient {
 public:
  static RawClient Connect(uint16_t port);    // on 127.0.0.1
  static RawClient ConnectV6(uint16_t port);  // on [::1]
  static RawClient ConnectUnix(const std::string& path);
  RawClient(RawClient&& other) noexcept;
  RawClient& operator=(RawClient&& other) noexcept;
  ~RawClient();

  void Send(std::string_view bytes);
  void SendCommand(std::span<const std::string_view> args);  // as an array of bulk strings
  void SendCommand(std::initializer_list<std::string_view> args) {
    SendCommand(std::span(args.begin(), args.size()));
  }

  // The bytes of exactly one reply (or push), RESP2 or RESP3. What comes after it is kept for the
  // next call.
  std::string ReadReply();
  // Send and ReadReply.
  std::string Ask(std::initializer_list<std::string_view> args);
  // All bytes until the other side closes or resets the connection.
  std::string ReadUntilClosed();

  void ShutdownWrite();  // the other side sees the end of our requests
  void Close();
  int fd() const { return fd_; }
  void set_deadline(std::chrono::milliseconds deadline) { deadline_ = deadline; }

 private:
  explicit RawClient(int fd) : fd_(fd) {}
  bool Receive(std::chrono::steady_clock::time_point until);

  int fd_ = -1;
  std::string buffer_;  // received, not yet handed out
  std::chrono::milliseconds deadline_{10'000};
};

}  // namespace keyhole::test
