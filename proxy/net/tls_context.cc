#include "proxy/net/tls_context.h"

#include <openssl/err.h>

#include <stdexcept>
#include <utility>

#include "proxy/net/tls_files.h"

namespace keyhole::net {
namespace {

// Where OpenSSL keeps, with an SSL_CTX, the TlsContext that it belongs to.
int ContextIndex() {
  static const int index = SSL_CTX_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
  return index;
}

bool IsAddress(const std::string& host) {
  return host.find(':') != std::string::npos ||
         host.find_first_not_of("0123456789.") == std::string::npos;
}

// "db:6379" is of the host "db", "[::1]:6379" of "::1".
std::string HostOf(const std::string& peer) {
  const std::string host = peer.substr(0, peer.rfind(':'));
  return host.starts_with('[') ? host.substr(1, host.size() - 2) : host;
}

}  // namespace

TlsContext::TlsContext(const SSL_METHOD* method) : context_(SSL_CTX_new(method)) {
  if (context_ == nullptr) throw std::runtime_error("OpenSSL: " + TakeTlsError());
  SSL_CTX* const context = context_.get();
  SSL_CTX_set_ex_data(context, ContextIndex(), this);
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_IGNORE_UNEXPECTED_EOF);
  // An idle connection has no buffers. One read takes all the records that have come.
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_read_ahead(context, 1);
}

TlsContext::Pointer TlsContext::ForClients(const TlsServerOptions& options, std::string* problem) {
  const std::shared_ptr<TlsContext> made(new TlsContext(TLS_server_method()));
  SSL_CTX* const context = made->context_.get();
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);  // tickets are enough
  SSL_CTX_set_num_tickets(context, 1);
  constexpr std::string_view kId = "keyhole";
  SSL_CTX_set_session_id_context(context, reinterpret_cast<const unsigned char*>(kId.data()),
                                 kId.size());
  TlsProblem wrong =
      UseCertificate(context, {"--tls-cert", options.cert}, {"--tls-key", options.key});
  if (!wrong && !options.client_ca.empty()) {
    wrong = TrustThose(context, {"--tls-client-ca", options.client_ca});
    const bool required = options.clients == ClientCertificates::kRequired;
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER | (required ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0),
                       nullptr);
  }
  if (!wrong) return made;
  *problem = *wrong;
  return nullptr;
}

TlsContext::Pointer TlsContext::ForUpstream(const TlsUpstreamOptions& options,
                                            std::string* problem) {
  const std::shared_ptr<TlsContext> made(new TlsContext(TLS_client_method()));
  SSL_CTX* const context = made->context_.get();
  made->name_ = options.name;
  made->checks_ = !options.insecure;
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
  SSL_CTX_sess_set_new_cb(context, &OnNewSession);
  TlsProblem wrong;
  if (made->checks_) {
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
    wrong = options.ca.empty() ? TrustSystem(context)
                               : TrustThose(context, {"--upstream-tls-ca", options.ca});
  }
  if (!wrong && !options.cert.empty()) {
    wrong = UseCertificate(context, {"--upstream-tls-cert", options.cert},
                           {"--upstream-tls-key", options.key});
  }
  if (!wrong) return made;
  *problem = *wrong;
  return nullptr;
}

std::unique_ptr<SSL, SslFree> TlsContext::Accept() const {
  std::unique_ptr<SSL, SslFree> ssl(SSL_new(context_.get()));
  if (ssl != nullptr) SSL_set_accept_state(ssl.get());
  return ssl;
}

std::unique_ptr<SSL, SslFree> TlsContext::Connect(const std::string& peer) const {
  std::unique_ptr<SSL, SslFree> ssl(SSL_new(context_.get()));
  if (ssl == nullptr) return ssl;
  SSL_set_connect_state(ssl.get());
  SSL_set_ex_data(ssl.get(), 0, const_cast<std::string*>(&peer));
  const std::string host = name_.empty() ? HostOf(peer) : name_;
  // OpenSSL's macros for this, and the like, cast as C does.
  if (!IsAddress(host)) {
    SSL_ctrl(ssl.get(), SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
             const_cast<char*>(host.c_str()));
  }
  // What is no address after all is taken for a name, lest nothing is checked.
  if (checks_ && X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl.get()), host.c_str()) != 1) {
    SSL_set1_host(ssl.get(), host.c_str());
  }
  const std::lock_guard lock(mutex_);
  const auto session = sessions_.find(peer);
  if (session != sessions_.end()) SSL_set_session(ssl.get(), session->second.get());
  return ssl;
}

// Takes the reference that comes with the session.
int TlsContext::OnNewSession(SSL* ssl, SSL_SESSION* session) {
  const auto* const self =
      static_cast<const TlsContext*>(SSL_CTX_get_ex_data(SSL_get_SSL_CTX(ssl), ContextIndex()));
  self->Keep(*static_cast<const std::string*>(SSL_get_ex_data(ssl, 0)), Session(session));
  return 1;
}

void TlsContext::Keep(const std::string& peer, Session session) const {
  const std::lock_guard lock(mutex_);
  if (sessions_.size() >= kMostSessions && !sessions_.contains(peer)) sessions_.clear();
  sessions_[peer] = std::move(session);
}

}  // namespace keyhole::net
