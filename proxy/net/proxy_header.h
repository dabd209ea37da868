// The header of the PROXY protocol, by which a load balancer says whose connection it passes on.
// Source: haproxy's doc/proxy-protocol.txt, versions 1 and 2.
//
//     v1   PROXY TCP4 192.0.2.7 192.0.2.1 56324 6380\r\n       or TCP6, UNKNOWN; 107 bytes at most
//     v2   \r\n\r\n\0\r\nQUIT\n | 0x21 | family | length (2) | addresses | more
//             signature, 12      ver, command  \______ "length" bytes ______/
//
// The bytes behind it are the client's, and not looked at.
//
// Thread: its owner's. A plain value; nothing throws, whatever comes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace keyhole::net {

class ProxyHeader {
 public:
  enum class Result : uint8_t { kNeedMore, kDone, kError };

  // Beyond these it is no header, or not one that we want: what may stand behind the addresses is
  // not used here.
  static constexpr size_t kLongestV1 = 107;
  static constexpr size_t kLongestV2 = 16 + 2048;

  // Takes what belongs to the header from the front of what has come; *used is never more. So
  // whoever peeks at a socket knows what to read.
  Result Take(std::string_view bytes, size_t* used);

  // kDone: the client's address, "192.0.2.7:56324" or "[2001:db8::1]:56324". Empty: the header
  // names none (LOCAL, UNKNOWN, a unix socket): it is the sender's own connection.
  const std::string& client() const { return client_; }

 private:
  size_t Wanted() const;
  Result Finish();
  bool ReadV1();
  bool ReadV2();

  std::string bytes_;  // of the header, so far
  std::string client_;
};

// Version 2 for a connection from one address to another: "192.0.2.7:56324", "[::1]:5". LOCAL if
// they are not both of one family.
std::string MakeProxyHeader(std::string_view from, std::string_view to);

// Sends it on a connection that has just been made, for this very connection: links are shared, so
// no client's address would be true for long.
void SendProxyHeader(int descriptor);

}  // namespace keyhole::net
