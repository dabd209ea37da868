// TLS to the upstream: what its certificate must show, and sessions that are taken up again.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "proxy/net/tls_context.h"
#include "proxy/net/tls_stream.h"
#include "tests/support/certificates.h"
#include "tests/unit/net/fake_stream.h"
#include "tests/unit/net/tls_peer.h"

namespace keyhole::test {
namespace {

using metrics::TlsResult;
using net::TlsContext;

const Certificates& Pki() {
  static const Certificates pki;
  return pki;
}

// ca: whom to trust, in vain if it is empty. name: what the upstream has to be called.
TlsContext::Pointer Context(const std::string& ca, const std::string& name = {}) {
  net::TlsUpstreamOptions options;
  options.ca = ca;
  options.name = name;
  std::string problem;
  TlsContext::Pointer context = TlsContext::ForUpstream(options, &problem);
  EXPECT_EQ(problem, "");
  return context;
}

TlsContext::Pointer Credulous() {
  net::TlsUpstreamOptions options;
  options.insecure = true;
  std::string problem;
  return TlsContext::ForUpstream(options, &problem);
}

class TlsUpstreamTest : public testing::Test, private net::Watcher {
 protected:
  // A handshake with the server under this name.
  net::TlsOutcome Connect(const TlsContext::Pointer& context, const std::string& peer) {
    Wire wire;
    std::vector<net::TlsOutcome> outcomes;
    const auto stream = net::TlsStream::ToUpstream(
        wire.MakeStream(), context, peer,
        [&outcomes](const net::TlsOutcome& outcome) { outcomes.push_back(outcome); });
    stream_ = stream.get();
    EXPECT_TRUE(Open());
    server_.Begin(nullptr);
    stream->set_readable();
    for (int i = 0; i < 10; ++i) {
      size_t n = 0;
      if (stream->readable()) stream->Read({}, &n);
      std::string room(1000, '\0');
      if (stream->established() && stream->readable()) stream->Read(room, &n);
      const std::string answer = server_.Talk(wire.Received());
      if (!answer.empty()) wire.Send(answer);
    }
    server_name_ = SSL_get_servername(server_.ssl(), TLSEXT_NAMETYPE_host_name) == nullptr
                       ? ""
                       : SSL_get_servername(server_.ssl(), TLSEXT_NAMETYPE_host_name);
    stream->Close();
    EXPECT_EQ(outcomes.size(), 1U);
    return outcomes.at(0);
  }

  bool Open() { return stream_->Open(*this); }
  void OnReadable() override { stream_->set_readable(); }
  void OnWritable() override { stream_->set_writable(); }
  void OnShortRead() override {}

  TlsPeer server_{TlsPeer::Role::kServer, Pki().server.cert, Pki().server.key};
  net::TlsStream* stream_ = nullptr;
  std::string server_name_;
};

TEST_F(TlsUpstreamTest, TheNameIsSentAndChecked) {
  const TlsContext::Pointer context = Context(Pki().authority.cert);
  EXPECT_EQ(Connect(context, "localhost:6379").result, TlsResult::kFull);
  EXPECT_EQ(server_name_, "localhost");
  EXPECT_EQ(Connect(context, "127.0.0.1:6379").result, TlsResult::kFull);
  EXPECT_EQ(server_name_, "") << "addresses are not sent";

  const net::TlsOutcome other = Connect(context, "db.example.org:6379");
  EXPECT_EQ(other.result, TlsResult::kCertificate);
  EXPECT_THAT(other.text, testing::HasSubstr("hostname mismatch"));
  EXPECT_EQ(Connect(context, "127.0.0.2:6379").result, TlsResult::kCertificate);
  EXPECT_EQ(Connect(context, "[::1]:6379").result, TlsResult::kCertificate);
  EXPECT_EQ(Connect(context, "1.2.3.4.5:6379").result, TlsResult::kCertificate)
      << "what is no address after all is checked as a name";
}

// The handshake is carried on by a read without room, which OpenSSL took for an error.
TEST_F(TlsUpstreamTest, APeerThatSendsAtOnceIsNotLost) {
  Wire wire;
  const auto stream = net::TlsStream::ToUpstream(wire.MakeStream(), Credulous(), "localhost:1",
                                                 [](const net::TlsOutcome&) {});
  stream_ = stream.get();
  ASSERT_TRUE(Open());
  server_.Begin(nullptr);
  SSL_set_max_proto_version(server_.ssl(), TLS1_2_VERSION);  // the server has the last word
  stream->set_readable();
  size_t n = 0;
  net::Stream::Io last = net::Stream::Io::kWouldBlock;
  for (int i = 0; i < 10 && !stream->established(); ++i) {
    if (stream->readable()) last = stream->Read({}, &n);
    std::string answer = server_.Talk(wire.Received());
    if (server_.established() && !stream->established()) answer += server_.Encrypt("+hello\r\n");
    if (!answer.empty()) wire.Send(answer);
  }
  ASSERT_TRUE(stream->established());
  EXPECT_EQ(last, net::Stream::Io::kSome);
  std::string room(100, '\0');
  ASSERT_TRUE(stream->readable());
  EXPECT_EQ(stream->Read(room, &n), net::Stream::Io::kSome);
  EXPECT_EQ(room.substr(0, n), "+hello\r\n");
}

TEST_F(TlsUpstreamTest, AnotherNameMayBeExpected) {
  const TlsContext::Pointer context = Context(Pki().authority.cert, "localhost");
  EXPECT_EQ(Connect(context, "10.0.0.1:6379").result, TlsResult::kFull);
  EXPECT_EQ(server_name_, "localhost");
}

TEST_F(TlsUpstreamTest, AnUnknownAuthorityIsRefusedUnlessInsecure) {
  const Certificates others;
  EXPECT_EQ(Connect(Context(others.authority.cert), "localhost:1").result, TlsResult::kCertificate);
  EXPECT_EQ(Connect(Context({}), "localhost:1").result, TlsResult::kCertificate)
      << "the system does not know it";
  EXPECT_EQ(Connect(Credulous(), "nobody:1").result, TlsResult::kFull);
}

TEST_F(TlsUpstreamTest, ASessionIsTakenUpAgainWithTheSamePeerOnly) {
  const TlsContext::Pointer context = Context(Pki().authority.cert);
  EXPECT_EQ(Connect(context, "localhost:1").result, TlsResult::kFull);
  EXPECT_EQ(Connect(context, "localhost:1").result, TlsResult::kResumed);
  EXPECT_EQ(Connect(context, "localhost:2").result, TlsResult::kFull);
}

TEST_F(TlsUpstreamTest, APlainRedisIsTold) {
  Wire wire;
  std::vector<net::TlsOutcome> outcomes;
  const auto stream = net::TlsStream::ToUpstream(
      wire.MakeStream(), Credulous(), "localhost:1",
      [&outcomes](const net::TlsOutcome& outcome) { outcomes.push_back(outcome); });
  stream_ = stream.get();
  ASSERT_TRUE(Open());
  size_t n = 0;
  stream->Read({}, &n);
  EXPECT_NE(wire.Received(), "") << "it speaks first";
  wire.Send("-ERR unknown command\r\n");
  EXPECT_EQ(stream->Read({}, &n), net::Stream::Io::kError);
  ASSERT_EQ(outcomes.size(), 1U);
  EXPECT_EQ(outcomes[0].result, TlsResult::kNotTls);
}

// What is wrong with files is said in one line, with the option that names them.
class TlsFilesTest : public testing::Test {
 protected:
  static std::string Problem(const std::string& cert, const std::string& key,
                             const std::string& client_ca = {}) {
    net::TlsServerOptions options;
    options.cert = cert;
    options.key = key;
    options.client_ca = client_ca;
    std::string problem;
    EXPECT_EQ(TlsContext::ForClients(options, &problem), nullptr);
    EXPECT_EQ(problem.find('\n'), std::string::npos);
    return problem;
  }
};

TEST_F(TlsFilesTest, SayWhatIsWrong) {
  using testing::HasSubstr;
  Certificates pki;
  const Identity& own = pki.server;
  EXPECT_THAT(Problem("/nowhere", own.key),
              HasSubstr("--tls-cert '/nowhere' cannot be read: No such file"));
  EXPECT_THAT(Problem(own.key, own.key), HasSubstr("has no certificate"));
  EXPECT_THAT(Problem(own.cert, "/nowhere"), HasSubstr("--tls-key '/nowhere'"));
  EXPECT_THAT(Problem(own.cert, own.cert), HasSubstr("has no private key"));
  EXPECT_THAT(Problem(own.cert, pki.client.key), HasSubstr("does not fit"));
  const Identity old = pki.Issue("old", pki.authority, "DNS:localhost", -1);
  EXPECT_THAT(Problem(old.cert, old.key), HasSubstr("expired on"));
  EXPECT_THAT(Problem(own.cert, own.key, old.cert), HasSubstr("--tls-client-ca"));
  const std::string locked = pki.Lock(own.key, "locked.key");
  EXPECT_THAT(Problem(own.cert, locked), HasSubstr("is encrypted"));
}

}  // namespace
}  // namespace keyhole::test
