// What all TLS connections of one kind share: certificate, key, whom to trust, sessions that can be
// resumed. It never changes: certificates that are read again make another one, and connections
// keep theirs.
//
// TLS 1.2 and 1.3 with OpenSSL's default ciphers. Clients resume by tickets, which cost no memory
// here. Sessions with the upstream are kept by the name of their peer.
//
// Thread: any; sessions are guarded.
#pragma once

#include <openssl/ssl.h>

#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>

#include "proxy/net/options.h"

namespace keyhole::net {

struct SslFree {
  void operator()(SSL* ssl) const { SSL_free(ssl); }
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
  void operator()(SSL_SESSION* session) const { SSL_SESSION_free(session); }
};

class TlsContext {
 public:
  using Pointer = std::shared_ptr<const TlsContext>;

  // Each reads its files. Null: *problem is one line that names the option and says what is wrong
  // and what would be right.
  static Pointer ForClients(const TlsServerOptions& options, std::string* problem);
  static Pointer ForUpstream(const TlsUpstreamOptions& options, std::string* problem);
  ~TlsContext() = default;
  TlsContext(const TlsContext&) = delete;
  TlsContext& operator=(const TlsContext&) = delete;

  // A connection to a client, before its handshake.
  std::unique_ptr<SSL, SslFree> Accept() const;
  // One to the upstream on this host: a name or an address, which its certificate must bear.
  // It keeps `peer`, which outlives it and begins as `host`, to find the session again.
  std::unique_ptr<SSL, SslFree> Connect(const std::string& peer) const;

 private:
  using Session = std::unique_ptr<SSL_SESSION, SslFree>;
  static constexpr size_t kMostSessions = 256;

  explicit TlsContext(const SSL_METHOD* method);
  static int OnNewSession(SSL* ssl, SSL_SESSION* session);
  void Keep(const std::string& peer, Session session) const;

  const std::unique_ptr<SSL_CTX, SslFree> context_;
  std::string name_;     // of the upstream: TlsUpstreamOptions::name
  bool checks_ = false;  // the upstream's certificate and name
  mutable std::mutex mutex_;
  mutable std::unordered_map<std::string, Session> sessions_;  // guarded by mutex_; by peer
};

}  // namespace keyhole::net
