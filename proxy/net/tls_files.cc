#include "proxy/net/tls_files.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <vector>

namespace keyhole::net {
namespace {

struct Free {
  void operator()(FILE* file) const { std::fclose(file); }
  void operator()(BIO* bio) const { BIO_free(bio); }
  void operator()(X509* certificate) const { X509_free(certificate); }
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};
template <typename T>
using Owned = std::unique_ptr<T, Free>;

std::string Named(const TlsFile& file) {
  return std::string(file.option) + " '" + file.path + "'";
}

TlsProblem Open(const TlsFile& file, Owned<FILE>* out) {
  out->reset(std::fopen(file.path.c_str(), "re"));
  if (*out != nullptr) return std::nullopt;
  return Named(file) + " cannot be read: " + std::strerror(errno) +
         "; give a file in PEM form that the user of this process may read";
}

std::string Date(const ASN1_TIME* time) {
  const Owned<BIO> bio(BIO_new(BIO_s_mem()));
  ASN1_TIME_print(bio.get(), time);
  std::string text(64, '\0');
  const int size = BIO_read(bio.get(), text.data(), static_cast<int>(text.size()));
  text.resize(static_cast<size_t>(std::max(size, 0)));
  return text;
}

// Empty if it is valid now.
std::string WhyInvalid(const X509* certificate) {
  const ASN1_TIME* const begin = X509_get0_notBefore(certificate);
  const ASN1_TIME* const end = X509_get0_notAfter(certificate);
  if (X509_cmp_current_time(end) < 0) return "expired on " + Date(end);
  if (X509_cmp_current_time(begin) > 0) return "is not valid before " + Date(begin);
  return {};
}

// All certificates in the file, one at least.
TlsProblem ReadCertificates(const TlsFile& file, std::vector<Owned<X509>>* out) {
  Owned<FILE> input;
  if (TlsProblem problem = Open(file, &input)) return problem;
  while (X509* const certificate = PEM_read_X509(input.get(), nullptr, nullptr, nullptr)) {
    out->emplace_back(certificate);
  }
  ERR_clear_error();  // the end of the file is one
  if (!out->empty()) return std::nullopt;
  return Named(file) + " has no certificate in PEM form, which begins with " +
         "-----BEGIN CERTIFICATE-----";
}

int NoPassphrase(char*, int, int, void* asked) {
  *static_cast<bool*>(asked) = true;
  return -1;
}

TlsProblem ReadKey(const TlsFile& file, Owned<EVP_PKEY>* out) {
  Owned<FILE> input;
  if (TlsProblem problem = Open(file, &input)) return problem;
  bool encrypted = false;
  out->reset(PEM_read_PrivateKey(input.get(), nullptr, &NoPassphrase, &encrypted));
  ERR_clear_error();
  if (*out != nullptr) return std::nullopt;
  if (encrypted) return Named(file) + " is encrypted; give a key without a passphrase";
  return Named(file) + " has no private key in PEM form, which begins with " +
         "-----BEGIN PRIVATE KEY-----";
}

}  // namespace

std::string TakeTlsError() {
  const unsigned long code = ERR_peek_last_error();  // NOLINT(google-runtime-int): OpenSSL's type
  const char* const reason = ERR_reason_error_string(code);
  ERR_clear_error();
  return reason == nullptr ? "unknown error" : reason;
}

TlsProblem UseCertificate(SSL_CTX* context, const TlsFile& certificate, const TlsFile& key) {
  std::vector<Owned<X509>> chain;
  if (TlsProblem problem = ReadCertificates(certificate, &chain)) return problem;
  const std::string invalid = WhyInvalid(chain[0].get());
  if (!invalid.empty()) return Named(certificate) + " " + invalid + "; give one that is valid now";
  Owned<EVP_PKEY> secret;
  if (TlsProblem problem = ReadKey(key, &secret)) return problem;
  if (X509_check_private_key(chain[0].get(), secret.get()) != 1) {
    ERR_clear_error();
    return Named(key) + " does not fit the first certificate in " + Named(certificate) +
           "; give the key that this certificate was made for";
  }
  if (SSL_CTX_use_certificate(context, chain[0].get()) != 1) {
    return Named(certificate) + " cannot be used: " + TakeTlsError();
  }
  for (size_t i = 1; i < chain.size(); ++i) {
    SSL_CTX_ctrl(context, SSL_CTRL_CHAIN_CERT, 1, chain[i].get());  // adds a reference
  }
  if (SSL_CTX_use_PrivateKey(context, secret.get()) != 1) {
    return Named(key) + " cannot be used: " + TakeTlsError();
  }
  return std::nullopt;
}

TlsProblem TrustThose(SSL_CTX* context, const TlsFile& authorities) {
  std::vector<Owned<X509>> trusted;
  if (TlsProblem problem = ReadCertificates(authorities, &trusted)) return problem;
  std::string invalid;
  size_t valid = 0;
  for (const Owned<X509>& authority : trusted) {
    const std::string why = WhyInvalid(authority.get());
    if (why.empty()) {
      ++valid;
    } else {
      invalid = why;
    }
    X509_STORE_add_cert(SSL_CTX_get_cert_store(context), authority.get());
    SSL_CTX_add_client_CA(context, authority.get());
  }
  ERR_clear_error();
  if (valid > 0) return std::nullopt;
  return Named(authorities) + " " + invalid + "; give a certificate authority that is valid now";
}

TlsProblem TrustSystem(SSL_CTX* context) {
  if (SSL_CTX_set_default_verify_paths(context) == 1) return std::nullopt;
  return "the certificate authorities that the system trusts cannot be read: " + TakeTlsError() +
         "; give --upstream-tls-ca";
}

}  // namespace keyhole::net
