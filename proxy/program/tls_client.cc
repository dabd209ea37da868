#include "proxy/program/tls_client.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>

namespace keyhole::program {
namespace {

// Whom to believe, and who we are.
std::string UseFiles(SSL_CTX* context, const top::Options& where) {
  if (!where.insecure) {
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
    const bool read = where.ca.empty()
                          ? SSL_CTX_set_default_verify_paths(context) == 1
                          : SSL_CTX_load_verify_locations(context, where.ca.c_str(), nullptr) == 1;
    if (!read) return "--ca " + where.ca + " has no certificate that can be read";
  }
  if (where.cert.empty()) return {};
  if (SSL_CTX_use_certificate_chain_file(context, where.cert.c_str()) != 1) {
    return "--cert " + where.cert + " has no certificate that can be read";
  }
  if (SSL_CTX_use_PrivateKey_file(context, where.key.c_str(), SSL_FILETYPE_PEM) != 1) {
    return "--key " + where.key + " has no key that can be read and fits --cert";
  }
  return {};
}

bool IsAddress(const std::string& host) {
  return host.find(':') != std::string::npos ||
         host.find_first_not_of("0123456789.") == std::string::npos;
}

}  // namespace

struct TlsClient::Ssl {
  SSL_CTX* context = SSL_CTX_new(TLS_client_method());
  SSL* ssl = nullptr;

  Ssl() = default;
  ~Ssl() {
    SSL_free(ssl);
    SSL_CTX_free(context);
  }
  Ssl(const Ssl&) = delete;
  Ssl& operator=(const Ssl&) = delete;
};

TlsClient::TlsClient() : ssl_(std::make_unique<Ssl>()) {}
TlsClient::~TlsClient() = default;

bool TlsClient::Start(int fd, const top::Options& where) {
  SSL_CTX_set_min_proto_version(ssl_->context, TLS1_2_VERSION);
  SSL_CTX_set_options(ssl_->context, SSL_OP_IGNORE_UNEXPECTED_EOF);
  problem_ = UseFiles(ssl_->context, where);
  if (!problem_.empty()) return false;
  SSL* const ssl = ssl_->ssl = SSL_new(ssl_->context);
  SSL_set_fd(ssl, fd);
  if (IsAddress(where.host)) {
    X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), where.host.c_str());
  } else {
    SSL_ctrl(ssl, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
             const_cast<char*>(where.host.c_str()));
    SSL_set1_host(ssl, where.host.c_str());
  }
  const int result = SSL_connect(ssl);
  return result == 1 || Fail(result);
}

bool TlsClient::Send(std::string_view bytes) {
  size_t n = 0;
  return SSL_write_ex(ssl_->ssl, bytes.data(), bytes.size(), &n) == 1 || Fail(0);
}

ssize_t TlsClient::Receive(char* to, size_t most) {
  size_t n = 0;
  if (SSL_read_ex(ssl_->ssl, to, most, &n) == 1) return static_cast<ssize_t>(n);
  if (SSL_get_error(ssl_->ssl, 0) == SSL_ERROR_ZERO_RETURN) return 0;
  Fail(0);
  return -1;
}

// Always false.
bool TlsClient::Fail(int result) {
  const long verified = SSL_get_verify_result(ssl_->ssl);  // NOLINT(google-runtime-int)
  const int error = SSL_get_error(ssl_->ssl, result);
  const char* const reason = ERR_reason_error_string(ERR_peek_error());
  if (verified != X509_V_OK) {
    problem_ = std::string("its certificate is not accepted: ") +
               X509_verify_cert_error_string(verified) + "; give --ca FILE, or --insecure";
  } else if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE) {
    problem_ = "timed out";
  } else {
    problem_ = reason == nullptr ? "the connection is lost" : std::string("TLS: ") + reason;
  }
  ERR_clear_error();
  return false;
}

}  // namespace keyhole::program
