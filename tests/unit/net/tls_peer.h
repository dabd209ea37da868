// The other end of a TlsStream: OpenSSL in memory, which a test feeds and reads.
//
//     TlsPeer peer(TlsPeer::Role::kClient);
//     peer.Carry(wire, from_stream)      moves records both ways
//
// Thread: one.
#pragma once

#include <openssl/ssl.h>

#include <array>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace keyhole::test {

class TlsPeer {
 public:
  enum class Role { kClient, kServer };

  explicit TlsPeer(Role role, const std::string& cert = {}, const std::string& key = {})
      : context_(SSL_CTX_new(role == Role::kClient ? TLS_client_method() : TLS_server_method()),
                 SSL_CTX_free) {
    if (!cert.empty()) {
      SSL_CTX_use_certificate_chain_file(context_.get(), cert.c_str());
      SSL_CTX_use_PrivateKey_file(context_.get(), key.c_str(), SSL_FILETYPE_PEM);
    }
    role_ = role;
    Begin(nullptr);
  }
  SSL* ssl() { return ssl_.get(); }
  SSL_CTX* context() { return context_.get(); }

  // A new connection; a client's offers the session, if there is one.
  void Begin(SSL_SESSION* session) {
    ssl_.reset(SSL_new(context_.get()));
    SSL_set_bio(ssl_.get(), BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
    if (session != nullptr) SSL_set_session(ssl_.get(), session);
    role_ == Role::kClient ? SSL_set_connect_state(ssl_.get()) : SSL_set_accept_state(ssl_.get());
  }

  // What it has to send now, after it has heard this.
  std::string Talk(std::string_view heard) {
    if (!heard.empty()) BIO_write(SSL_get_rbio(ssl_.get()), heard.data(), Size(heard));
    SSL_do_handshake(ssl_.get());
    std::array<char, 20000> plain{};
    int n = 0;
    while (SSL_is_init_finished(ssl_.get()) == 1 &&
           (n = SSL_read(ssl_.get(), plain.data(), static_cast<int>(plain.size()))) > 0) {
      received_.append(plain.data(), static_cast<size_t>(n));
    }
    return TakeRecords();
  }
  // These bytes as records. REQUIRES: established().
  std::string Encrypt(std::string_view bytes) {
    SSL_write(ssl_.get(), bytes.data(), Size(bytes));
    return TakeRecords();
  }
  std::string SayGoodbye() {
    SSL_shutdown(ssl_.get());
    return TakeRecords();
  }
  bool established() const { return SSL_is_init_finished(ssl_.get()) == 1; }
  bool heard_goodbye() const { return (SSL_get_shutdown(ssl_.get()) & SSL_RECEIVED_SHUTDOWN) != 0; }
  // All that it has been told since the last call.
  std::string Received() { return std::exchange(received_, {}); }

 private:
  static int Size(std::string_view bytes) { return static_cast<int>(bytes.size()); }
  std::string TakeRecords() {
    std::string records;
    std::array<char, 20000> room{};
    int n = 0;
    while ((n = BIO_read(SSL_get_wbio(ssl_.get()), room.data(), static_cast<int>(room.size()))) > 0)
      records.append(room.data(), static_cast<size_t>(n));
    return records;
  }

  std::unique_ptr<SSL_CTX, void (*)(SSL_CTX*)> context_;
  std::unique_ptr<SSL, void (*)(SSL*)> ssl_{nullptr, SSL_free};
  Role role_ = Role::kClient;
  std::string received_;
};

}  // namespace keyhole::test
