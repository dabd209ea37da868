// Where something listens or is reached: a TCP port or a unix socket.
//
// Thread: any; a plain value.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

namespace keyhole::core {

// Who may connect to a unix socket that is listened on: the file's mode and owners.
struct SocketAccess {
  std::optional<uint32_t> mode;  // 0 .. 0777; none: 0660 if an owner is given, else by the umask
  std::string user;              // a name or a number; empty: that of the process
  std::string group;             // the same

  bool operator==(const SocketAccess&) const = default;
};

struct Endpoint {
  enum class Kind : uint8_t { kTcp, kUnix };

  static Endpoint Tcp(std::string host, uint16_t port) {
    return {Kind::kTcp, std::move(host), port, {}, {}, false, false};
  }
  static Endpoint Unix(std::string path) {
    return {Kind::kUnix, {}, 0, std::move(path), {}, false, false};
  }

  Kind kind = Kind::kTcp;
  std::string host;     // kTcp: a name or an address, IPv6 without brackets
  uint16_t port = 0;    // kTcp; 0 where something listens: any free one
  std::string path;     // kUnix
  SocketAccess access;  // kUnix, where something listens
  bool tls = false;     // kTcp: TLS is spoken there
  bool proxy = false;   // kTcp: connections begin with a header of the PROXY protocol

  // "127.0.0.1:6380", "[::1]:6380", "unix:/run/keyhole.sock".
  std::string ToString() const;
  // True if only this machine can reach it: a unix socket, localhost, 127.0.0.0/8, ::1.
  bool IsLocal() const;

  bool operator==(const Endpoint&) const = default;
};

}  // namespace keyhole::core
