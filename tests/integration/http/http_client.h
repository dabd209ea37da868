// A blocking HTTP/1.1 client that shows what is on the wire, with keep-alive and pipelining.
//
//     HttpClient client(port);
//     EXPECT_EQ(client.Call("GET", "/items/foo").status, 404);
//
// Thread: one. What cannot be done within the deadline, or is no HTTP, throws std::runtime_error.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "tests/support/raw_client.h"

namespace keyhole::test {

struct HttpReply {
  int status = 0;
  std::string version;                         // "HTTP/1.1"
  std::map<std::string, std::string> headers;  // names in small letters
  std::string body;

  std::string header(const std::string& name) const {
    const auto it = headers.find(name);
    return it == headers.end() ? std::string() : it->second;
  }
};

std::ostream& operator<<(std::ostream& out, const HttpReply& reply);

class HttpClient {
 public:
  explicit HttpClient(uint16_t port) : raw_(RawClient::Connect(port)) {}

  // A whole request with the headers Host, Content-Length where there is a body, and those given
  // ("Accept: text/plain").
  static std::string Format(std::string_view method, std::string_view target,
                            std::string_view body = {},
                            const std::vector<std::string>& headers = {});
  // Sends it and reads the answer.
  HttpReply Call(std::string_view method, std::string_view target, std::string_view body = {},
                 const std::vector<std::string>& headers = {});

  void Send(std::string_view bytes) { raw_.Send(bytes); }
  // The next answer. to_head: it has no body, whatever its headers say.
  HttpReply Read(bool to_head = false);
  // Reads until the other side closes or resets; gives what came before.
  std::string ReadUntilClosed();
  // No byte is waiting and the connection stands.
  bool Quiet();

  RawClient& raw() { return raw_; }
  void set_deadline(std::chrono::milliseconds deadline) { deadline_ = deadline; }

 private:
  using Clock = std::chrono::steady_clock;
  bool Receive(Clock::time_point until);  // false: closed
  void MustReceive(Clock::time_point until);

  RawClient raw_;
  std::string buffer_;
  std::chrono::milliseconds deadline_{10'000};
};

}  // namespace keyhole::test
