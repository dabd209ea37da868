// TLS over a stream that the test plays, with OpenSSL in memory as the other side.
#include "proxy/net/tls_stream.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "proxy/net/tls_context.h"
#include "tests/support/certificates.h"
#include "tests/unit/net/fake_stream.h"
#include "tests/unit/net/tls_peer.h"

namespace keyhole::test {
namespace {

using Io = net::Stream::Io;
using metrics::TlsResult;
using net::TlsContext;

const Certificates& Pki() {
  static const Certificates pki;
  return pki;
}

net::TlsServerOptions Own(const std::string& client_ca = {}) {
  net::TlsServerOptions options;
  options.cert = Pki().server.cert;
  options.key = Pki().server.key;
  options.client_ca = client_ca;
  return options;
}

TlsContext::Pointer ServerContext(const net::TlsServerOptions& options) {
  std::string problem;
  TlsContext::Pointer context = TlsContext::ForClients(options, &problem);
  EXPECT_EQ(problem, "");
  return context;
}

// The proxy is the server.
class TlsStreamTest : public testing::Test, private net::Watcher {
 protected:
  void Start(const net::TlsServerOptions& options = Own()) { Connect(ServerContext(options)); }
  void Connect(TlsContext::Pointer context) {
    stream_.reset();  // before its wire
    outcomes_.clear();
    wire_ = std::make_unique<Wire>();
    context_ = std::move(context);
    stream_ = net::TlsStream::ToClient(
        wire_->MakeStream(), context_, "-ERR TLS only\r\n",
        [this](const net::TlsOutcome& outcome) { outcomes_.push_back(outcome); });
    ASSERT_TRUE(stream_->Open(*this));
  }

  void OnReadable() override { stream_->set_readable(); }
  void OnWritable() override {
    stream_->set_writable();
    ++writable_;
  }
  void OnShortRead() override {}

  // The owner's turn: reads all there is, and flushes.
  void Turn() {
    if (stream_->has_unsent() && !stream_->full()) stream_->Flush();
    std::string room(room_, '\0');
    while (stream_->readable()) {
      size_t n = 0;
      last_ = stream_->Read(room, &n);
      read_.append(room.data(), n);
      if (last_ == Io::kEof || last_ == Io::kError) return;
    }
  }
  // Sends it in pieces of so many bytes.
  void Send(std::string_view records, size_t piece = SIZE_MAX) {
    while (!records.empty()) {
      const std::string_view now = records.substr(0, piece);
      wire_->Send(now);
      records.remove_prefix(now.size());
      Turn();
    }
  }
  // Until nobody has anything to say.
  void Shake(size_t piece = SIZE_MAX) {
    std::string from_peer = peer_.Talk({});
    while (!from_peer.empty()) {
      Send(from_peer, piece);
      from_peer = peer_.Talk(wire_->Received());
    }
  }
  void Write(std::string_view bytes) {
    size_t n = 0;
    EXPECT_EQ(stream_->Write(bytes, &n), Io::kSome);
    EXPECT_EQ(n, bytes.size());
  }
  TlsResult result() const {
    EXPECT_EQ(outcomes_.size(), 1U);
    return outcomes_.empty() ? TlsResult::kOther : outcomes_.back().result;
  }

  std::unique_ptr<Wire> wire_;
  TlsPeer peer_{TlsPeer::Role::kClient};
  TlsContext::Pointer context_;
  std::unique_ptr<net::TlsStream> stream_;
  std::vector<net::TlsOutcome> outcomes_;
  std::string read_;
  Io last_ = Io::kSome;
  size_t room_ = 16384;
  int writable_ = 0;
};

TEST_F(TlsStreamTest, BytesGoBothWaysOnceTheHandshakeIsDone) {
  Start();
  EXPECT_FALSE(stream_->established());
  Shake();
  EXPECT_TRUE(stream_->established());
  EXPECT_EQ(result(), TlsResult::kFull);
  Send(peer_.Encrypt("GET k\r\n"));
  EXPECT_EQ(read_, "GET k\r\n");
  Write("$1\r\nv\r\n");
  peer_.Talk(wire_->Received());
  EXPECT_EQ(peer_.Received(), "$1\r\nv\r\n");
}

TEST_F(TlsStreamTest, RecordsMayComeInAnyPieces) {
  for (const size_t piece : {size_t{1}, size_t{7}, size_t{1000}}) {
    Start();
    peer_.Begin(nullptr);
    read_.clear();
    Shake(piece);
    ASSERT_TRUE(stream_->established()) << piece;
    const std::string bytes(40'000, 'x');
    Send(peer_.Encrypt(bytes), piece);
    EXPECT_EQ(read_, bytes) << piece;
  }
}

TEST_F(TlsStreamTest, ASmallRoomIsReadAgainUntilNothingIsLeft) {
  room_ = 10;
  Start();
  Shake();
  std::string records = peer_.Encrypt(std::string(1000, 'a'));
  records += peer_.Encrypt(std::string(1000, 'b'));
  Send(records);
  EXPECT_EQ(read_, std::string(1000, 'a') + std::string(1000, 'b'));
  EXPECT_FALSE(stream_->readable());
}

TEST_F(TlsStreamTest, WhatFitsIsOneRecordAndOneWrite) {
  Start();
  Shake();
  const int writes = wire_->writes();
  Write(std::string(16'000, 'x'));
  EXPECT_EQ(wire_->writes(), writes + 1);
  const std::string records = wire_->Received();
  const auto length = (static_cast<size_t>(static_cast<unsigned char>(records[3])) << 8) +
                      static_cast<unsigned char>(records[4]);
  EXPECT_EQ(records.size(), 5 + length) << "one record";
}

TEST_F(TlsStreamTest, WhatTheStreamBelowDoesNotTakeIsKept) {
  Start();
  Shake();
  wire_->TakeOnly(1000);
  const std::string bytes(200'000, 'x');
  size_t n = 0;
  EXPECT_EQ(stream_->Write(bytes, &n), Io::kSome);
  EXPECT_GT(n, 0U);
  EXPECT_LE(n, size_t{64} * 1024) << "no more than it can keep";
  EXPECT_TRUE(stream_->full());
  EXPECT_TRUE(stream_->has_unsent());
  size_t none = 0;
  EXPECT_EQ(stream_->Write(bytes, &none), Io::kWouldBlock);
  wire_->Take(1'000'000);
  EXPECT_EQ(writable_, 1);
  Turn();
  EXPECT_FALSE(stream_->has_unsent());
  peer_.Talk(wire_->Received());
  EXPECT_EQ(peer_.Received(), bytes.substr(0, n));
}

TEST_F(TlsStreamTest, WhoWaitsToWriteIsToldWhenTheHandshakeIsDone) {
  Start();
  size_t n = 0;
  EXPECT_EQ(stream_->Write("x", &n), Io::kWouldBlock);
  stream_->WaitWritable();
  EXPECT_TRUE(stream_->full());
  Shake();
  EXPECT_EQ(writable_, 1);
  EXPECT_FALSE(stream_->full());
}

// Its requests are answered, as without TLS.
TEST_F(TlsStreamTest, AfterGoodbyeTheOtherSideMayStillListen) {
  Start();
  Shake();
  std::string records = peer_.Encrypt("PING\r\n");
  records += peer_.SayGoodbye();
  Send(records);
  EXPECT_EQ(read_, "PING\r\n");
  EXPECT_EQ(last_, Io::kEof);
  EXPECT_FALSE(stream_->broken());
  Write("+PONG\r\n");
  peer_.Talk(wire_->Received());
  EXPECT_EQ(peer_.Received(), "+PONG\r\n");
}

TEST_F(TlsStreamTest, AnEndWithoutGoodbyeIsAnEnd) {
  Start();
  Shake();
  wire_->Send(peer_.Encrypt("PING\r\n"));
  wire_->End();
  Turn();
  EXPECT_EQ(read_, "PING\r\n");
  EXPECT_EQ(last_, Io::kEof);
}

TEST_F(TlsStreamTest, ShutdownSaysGoodbyeBehindWhatIsUnsent) {
  Start();
  Shake();
  wire_->TakeOnly(10);
  Write("+OK\r\n");
  stream_->ShutdownWrite();
  EXPECT_FALSE(wire_->shut());
  wire_->Take(1000);
  Turn();
  EXPECT_TRUE(wire_->shut());
  peer_.Talk(wire_->Received());
  EXPECT_EQ(peer_.Received(), "+OK\r\n");
  EXPECT_TRUE(peer_.heard_goodbye());
}

TEST_F(TlsStreamTest, CloseSaysGoodbye) {
  Start();
  Shake();
  stream_->Close();
  EXPECT_TRUE(wire_->closed());
  peer_.Talk(wire_->Received());
  EXPECT_TRUE(peer_.heard_goodbye());
}

TEST_F(TlsStreamTest, AForgedRecordBreaksIt) {
  Start();
  Shake();
  std::string record = peer_.Encrypt("FLUSHALL\r\n");
  record.back() = static_cast<char>(record.back() ^ 1);
  Send(record);
  EXPECT_EQ(read_, "");
  EXPECT_EQ(last_, Io::kError);
  EXPECT_TRUE(stream_->broken());
  EXPECT_NE(stream_->problem(), "");
}

TEST_F(TlsStreamTest, WhoSpeaksNoTlsIsToldSoInPlainWords) {
  for (const char* said : {"*1\r\n$4\r\nPING\r\n", "GET / HTTP/1.1\r\nHost: x\r\n\r\n",
                           "PROXY TCP4 1.1.1.1 2.2.2.2 1 2\r\n"}) {
    Start();
    Send(said);
    EXPECT_EQ(last_, Io::kError);
    EXPECT_EQ(result(), TlsResult::kNotTls) << said;
    EXPECT_EQ(wire_->Received(), "-ERR TLS only\r\n");
  }
}

TEST_F(TlsStreamTest, GarbageInAHandshakeEndsIt) {
  Start();
  std::string hello = peer_.Talk({});
  std::fill(hello.begin() + 20, hello.end(), '\xff');
  Send(hello);
  EXPECT_EQ(last_, Io::kError);
  EXPECT_EQ(outcomes_.size(), 1U);
  EXPECT_FALSE(stream_->established());
}

TEST_F(TlsStreamTest, OldVersionsAreRefused) {
  Start();
  SSL_set_max_proto_version(peer_.ssl(), TLS1_1_VERSION);
  SSL_set_security_level(peer_.ssl(), 0);
  Shake();
  EXPECT_EQ(result(), TlsResult::kVersion);
}

TEST_F(TlsStreamTest, Tls12IsSpoken) {
  Start();
  SSL_set_max_proto_version(peer_.ssl(), TLS1_2_VERSION);
  Shake();
  EXPECT_EQ(result(), TlsResult::kFull);
  Send(peer_.Encrypt("x"));
  EXPECT_EQ(read_, "x");
}

TEST_F(TlsStreamTest, WhoLeavesInTheMiddleIsCountedOnce) {
  Start();
  wire_->Send(peer_.Talk({}));
  wire_->End();
  Turn();
  Turn();
  stream_->Close();
  EXPECT_EQ(result(), TlsResult::kClosed);
}

TEST_F(TlsStreamTest, GivenUpItIsBroken) {
  Start();
  stream_->GiveUp({TlsResult::kTimeout, "too slow"});
  EXPECT_TRUE(stream_->broken());
  stream_->Close();
  EXPECT_EQ(result(), TlsResult::kTimeout);
}

TEST_F(TlsStreamTest, ClientsNeedACertificateWhereItIsRequired) {
  const net::TlsServerOptions mutual = Own(Pki().authority.cert);
  Start(mutual);
  Shake();
  EXPECT_EQ(result(), TlsResult::kCertificate);
  EXPECT_THAT(outcomes_[0].text, testing::HasSubstr("no certificate"));

  peer_ = TlsPeer(TlsPeer::Role::kClient, Pki().client.cert, Pki().client.key);
  Start(mutual);
  Shake();
  EXPECT_EQ(result(), TlsResult::kFull);

  Certificates others;
  peer_ = TlsPeer(TlsPeer::Role::kClient, others.client.cert, others.client.key);
  Start(mutual);
  Shake();
  EXPECT_EQ(result(), TlsResult::kCertificate);
}

TEST_F(TlsStreamTest, ClientsMayGoWithoutOneWhereItIsOptional) {
  net::TlsServerOptions options = Own(Pki().authority.cert);
  options.clients = net::ClientCertificates::kOptional;
  Start(options);
  Shake();
  EXPECT_EQ(result(), TlsResult::kFull);
}

TEST_F(TlsStreamTest, ClientsResumeTheirSessions) {
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    peer_ = TlsPeer(TlsPeer::Role::kClient);
    SSL_CTX_set_max_proto_version(peer_.context(), version);
    peer_.Begin(nullptr);
    Start();
    Shake();
    ASSERT_EQ(result(), TlsResult::kFull);
    SSL_SESSION* const session = SSL_get1_session(peer_.ssl());
    peer_.SayGoodbye();
    peer_.Begin(session);
    Connect(context_);
    Shake();
    EXPECT_EQ(result(), TlsResult::kResumed) << version;
    SSL_SESSION_free(session);
  }
}

}  // namespace
}  // namespace keyhole::test
