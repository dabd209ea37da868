// TlsStream before its handshake is done: whatever a client sends, cut anywhere, comes to the same
// end. It is let in by nothing, is told little, and its end is told once.
//
// An input is all that a client sends. Beginnings of real handshakes are among the seeds.

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "proxy/net/tls_context.h"
#include "proxy/net/tls_stream.h"
#include "tests/fuzz/fuzz_support.h"
#include "tests/unit/net/fake_stream.h"

namespace keyhole::fuzz {
namespace {

constexpr size_t kMostAnswered = 16 * 1024;
constexpr long kDay = 24L * 60 * 60;  // NOLINT(google-runtime-int): OpenSSL's type

// A key and a certificate of its own, in two files.
struct Identity {
  Identity() {
    EVP_PKEY* const secret = EVP_EC_gen("P-256");
    X509* const self = X509_new();
    X509_gmtime_adj(X509_getm_notBefore(self), -kDay);
    X509_gmtime_adj(X509_getm_notAfter(self), kDay);
    X509_set_pubkey(self, secret);
    X509_sign(self, secret, EVP_sha256());
    std::FILE* const cert_file = Open(&cert);
    PEM_write_X509(cert_file, self);
    std::fclose(cert_file);
    std::FILE* const key_file = Open(&key);
    PEM_write_PrivateKey(key_file, secret, nullptr, nullptr, 0, nullptr, nullptr);
    std::fclose(key_file);
    X509_free(self);
    EVP_PKEY_free(secret);
  }
  ~Identity() {
    std::remove(cert.c_str());
    std::remove(key.c_str());
  }

  static std::FILE* Open(std::string* path) {
    std::array<char, 32> name{"/tmp/keyhole-fuzz-XXXXXX"};
    std::FILE* const file = fdopen(mkstemp(name.data()), "w");
    Check(file != nullptr, "a file can be made");
    *path = name.data();
    return file;
  }

  std::string cert;
  std::string key;
};

net::TlsContext::Pointer Context() {
  const Identity identity;
  std::string problem;
  net::TlsServerOptions options;
  options.cert = identity.cert;
  options.key = identity.key;
  net::TlsContext::Pointer context = net::TlsContext::ForClients(options, &problem);
  Check(context != nullptr, problem.c_str());
  return context;
}

// A client that sends this; what becomes of it, in words.
class Client final : private net::Watcher {
 public:
  std::string Send(const std::vector<std::string_view>& chunks) {
    static const net::TlsContext::Pointer context = Context();
    const auto stream = net::TlsStream::ToClient(
        wire_.MakeStream(), context, "-ERR\r\n", [this](const net::TlsOutcome& outcome) {
          ended_ += std::string(Name(outcome.result)) + ";";
        });
    stream_ = stream.get();
    Check(stream->Open(*this), "it can be opened");
    for (const std::string_view chunk : chunks) {
      wire_.Send(ExactCopy(chunk).view());
      Read();
    }
    wire_.End();
    Read();
    stream->Close();
    Check(!stream->established(), "no input is a whole handshake");
    Check(wire_.Received().size() <= kMostAnswered, "it is told little");
    return ended_;
  }

 private:
  void OnReadable() override { stream_->set_readable(); }
  void OnWritable() override { stream_->set_writable(); }
  void OnShortRead() override {}

  void Read() {
    std::array<char, 1000> room{};
    while (stream_->readable() && !stream_->broken()) {
      size_t n = 0;
      const net::Stream::Io result = stream_->Read(room, &n);
      Check(n == 0, "nothing is read before the handshake is done");
      if (result == net::Stream::Io::kError || result == net::Stream::Io::kEof) break;
    }
  }

  test::Wire wire_;
  net::TlsStream* stream_ = nullptr;
  std::string ended_;
};

}  // namespace
}  // namespace keyhole::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using keyhole::fuzz::Check;
  const std::string_view in(reinterpret_cast<const char*>(data), size);
  std::string whole;
  for (const auto& chunks : keyhole::fuzz::Splittings(in)) {
    const std::string ended = keyhole::fuzz::Client().Send(chunks);
    if (whole.empty()) whole = ended;
    Check(ended == whole, "it comes to the same end, however it is cut");
  }
  return 0;
}
