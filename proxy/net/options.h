// What a person can set of TLS, to clients and to the upstream. Files are in PEM form.
//
// Thread: any; a plain value.
#pragma once

#include <cstdint>
#include <string>

namespace keyhole::net {

// Whether clients must have a certificate, where there is a client_ca.
enum class ClientCertificates : uint8_t { kOptional, kRequired };

// What is shown to clients, on addresses that begin with tls:// or https://.
struct TlsServerOptions {
  std::string cert;       // a file: our certificate, then those that vouch for it
  std::string key;        // a file
  std::string client_ca;  // a file: who vouches for clients; empty: they are not asked
  ClientCertificates clients = ClientCertificates::kRequired;

  bool operator==(const TlsServerOptions&) const = default;
};

// What is shown to the upstream, and what it has to show.
struct TlsUpstreamOptions {
  std::string ca;         // a file: who vouches for the upstream; empty: whom the system trusts
  std::string cert;       // a file: our certificate, if it asks for one
  std::string key;        // a file
  std::string name;       // what its certificate has to name; empty: the host that we connect to
  bool insecure = false;  // true: whoever answers is believed

  bool operator==(const TlsUpstreamOptions&) const = default;
};

}  // namespace keyhole::net
