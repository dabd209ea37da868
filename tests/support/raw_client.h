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
#include <memory>
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
  // On 127.0.0.1 by TLS, whatever certificate is shown. What is on the wire is then records.
  static RawClient ConnectTls(uint16_t port);
  // The same on a connection that is there. cert and key: files of the client's own, or empty.
  void StartTls(const std::string& cert = {}, const std::string& key = {});
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

  // Whether the other side closes within that time, or has, whatever is still to be read.
  bool IsClosedWithin(std::chrono::milliseconds patience) const;

  // Waits and reads what there is, so many bytes at most. 0: the other side has closed.
  size_t ReadSome(char* to, size_t most);

  void ShutdownWrite();  // the other side sees the end of our requests
  void Close();
  int fd() const { return fd_; }
  void set_deadline(std::chrono::milliseconds deadline) { deadline_ = deadline; }

 private:
  explicit RawClient(int fd) : fd_(fd) {}
  size_t ReadUntil(std::chrono::steady_clock::time_point until, char* to, size_t most);
  bool Receive(std::chrono::steady_clock::time_point until);

  struct Tls;

  int fd_ = -1;
  std::shared_ptr<Tls> tls_;  // null: plain
  std::string buffer_;        // received, not yet handed out
  std::chrono::milliseconds deadline_{10'000};
};

}  // namespace keyhole::test
