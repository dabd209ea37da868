// Puts certificates and keys from files into an SSL_CTX, and says what is wrong with them.
//
// Each gives a problem of one line, which names the option, or none. No part of a key is shown.
//
// Thread: any.
#pragma once

#include <openssl/ssl.h>

#include <optional>
#include <string>
#include <string_view>

namespace keyhole::net {

// A file, and the option that names it: "--tls-cert".
struct TlsFile {
  std::string_view option;
  const std::string& path;
};

using TlsProblem = std::optional<std::string>;

// Our certificate, those that vouch for it, and the key that fits it.
TlsProblem UseCertificate(SSL_CTX* context, const TlsFile& certificate, const TlsFile& key);
// Whom to trust: the certificates in the file.
TlsProblem TrustThose(SSL_CTX* context, const TlsFile& authorities);
// Whom the system trusts.
TlsProblem TrustSystem(SSL_CTX* context);

// The last error of this thread in OpenSSL's words, without codes; forgets them all.
std::string TakeTlsError();

}  // namespace keyhole::net
