// Certificates for one test, made by the openssl program in a folder of its own.
//
//     Certificates pki;
//     KeyholeProcess proxy({"--listen", "tls://127.0.0.1:0", "--tls-cert", pki.server.cert, ...});
//
// Thread: one. What openssl does not do throws std::runtime_error, with what it said.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace keyhole::test {

// Paths of PEM files.
struct Identity {
  std::string cert;
  std::string key;
};

class Certificates {
 public:
  Certificates();
  ~Certificates();
  Certificates(const Certificates&) = delete;
  Certificates& operator=(const Certificates&) = delete;

  // Of a new authority that vouches for itself.
  Identity Authority(const std::string& name, int days = 30);
  // Of whom the authority vouches for. names: as in a subjectAltName: "DNS:localhost,IP:127.0.0.1".
  Identity Issue(const std::string& name, const Identity& authority, const std::string& names,
                 int days = 30);
  // The configuration of a Redis, or of a Sentinel, that can be reached by TLS at this port, by
  // whoever trusts the authority.
  std::vector<std::string> RedisConfig(uint16_t port) const;
  // The key, encrypted by a passphrase.
  std::string Lock(const std::string& key, const std::string& name) const;
  // A path in the folder; there is nothing there.
  std::string Path(const std::string& name) const { return (folder_ / name).string(); }

 private:
  void Run(std::vector<std::string> words) const;

  std::filesystem::path folder_;

 public:
  const Identity authority;  // vouches for the next two
  const Identity server;     // localhost and 127.0.0.1
  const Identity client;
};

}  // namespace keyhole::test
