#include "proxy/net/tls_faults.h"

#include <openssl/err.h>
#include <openssl/x509_vfy.h>

#include <string>

#include "proxy/net/tls_files.h"

namespace keyhole::net {
namespace {

using metrics::TlsResult;

// An alert is what the peer says of us; OpenSSL adds this to its number.
constexpr int kAlerts = SSL_AD_REASON_OFFSET;

TlsResult ResultOf(int reason) {
  switch (reason) {
    case SSL_R_HTTP_REQUEST:
    case SSL_R_HTTPS_PROXY_REQUEST:
    case SSL_R_WRONG_VERSION_NUMBER:
    case SSL_R_PACKET_LENGTH_TOO_LONG:
    case SSL_R_BAD_RECORD_TYPE:
      return TlsResult::kNotTls;
    case SSL_R_UNSUPPORTED_PROTOCOL:
    case SSL_R_NO_PROTOCOLS_AVAILABLE:
    case SSL_R_VERSION_TOO_LOW:
    case SSL_R_NO_SHARED_CIPHER:
    case kAlerts + SSL_AD_PROTOCOL_VERSION:
    case kAlerts + SSL_AD_HANDSHAKE_FAILURE:
    case kAlerts + SSL_AD_INSUFFICIENT_SECURITY:
      return TlsResult::kVersion;
    case SSL_R_CERTIFICATE_VERIFY_FAILED:
    case SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE:
    case kAlerts + SSL_AD_BAD_CERTIFICATE:
    case kAlerts + SSL_AD_UNSUPPORTED_CERTIFICATE:
    case kAlerts + SSL_AD_CERTIFICATE_REVOKED:
    case kAlerts + SSL_AD_CERTIFICATE_EXPIRED:
    case kAlerts + SSL_AD_CERTIFICATE_UNKNOWN:
    case kAlerts + SSL_AD_CERTIFICATE_REQUIRED:
    case kAlerts + SSL_AD_UNKNOWN_CA:
      return TlsResult::kCertificate;
    default:
      return TlsResult::kOther;
  }
}

std::string TextOf(const SSL* ssl, int reason) {
  const long verified = SSL_get_verify_result(ssl);  // NOLINT(google-runtime-int)
  if (reason == SSL_R_CERTIFICATE_VERIFY_FAILED) {
    return "its certificate is not accepted: " +
           std::string(X509_verify_cert_error_string(verified));
  }
  if (reason == SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE) {
    return "it has shown no certificate, and --tls-client required asks for one";
  }
  std::string words = TakeTlsError();
  if (reason > kAlerts) return "it answers: " + words;
  return words;
}

}  // namespace

TlsOutcome DescribeFault(const SSL* ssl, int error, bool eof) {
  const unsigned long code = ERR_peek_last_error();  // NOLINT(google-runtime-int): OpenSSL's type
  if (error == SSL_ERROR_SSL && code != 0) {
    const int reason = ERR_GET_REASON(code);
    TlsOutcome outcome{ResultOf(reason), TextOf(ssl, reason)};
    ERR_clear_error();
    return outcome;
  }
  ERR_clear_error();
  if (eof || error == SSL_ERROR_ZERO_RETURN) {
    return {TlsResult::kClosed, "it closed the connection during the handshake"};
  }
  return {TlsResult::kClosed, "the connection broke"};
}

}  // namespace keyhole::net
