// TLS over another stream: bytes of the owner in and out, records below.
//
//     owner --Write--> SSL_write --> records of this turn --one Write--> the stream below
//     owner <--Read--- SSL_read  <---------------------------Read------- the stream below
//
// OpenSSL reads from and writes to the stream below by a BIO of our own, so there is neither a copy
// of what comes in nor a socket that OpenSSL knows. What one call makes it write is gathered, in
// memory that all connections of a thread share, and sent by one call. What the stream below does
// not take is kept; until it has gone nothing more is taken (full()).
//
//     handshake        Read() carries it on, Write() takes nothing
//        |  '--failed, given up, left--> over (broken or closed); its outcome is told
//        v  its outcome is told
//     established      until a fault, or Close()
//
// Memory of an idle connection: what OpenSSL keeps (SSL, SSL_SESSION), no buffers.
// Thread: its loop's. Owner: the connection.
#pragma once

#include <openssl/ssl.h>

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "proxy/net/stream.h"
#include "proxy/net/tls_context.h"
#include "proxy/net/tls_outcome.h"

namespace keyhole::net {

class TlsStream final : public Stream, private Watcher {
 public:
  // Called once, possibly from inside a read: it may note what it is told, no more.
  using OnHandshake = std::function<void(const TlsOutcome&)>;

  // To a client. plain_answer: what is sent to one that does not speak TLS; lives for ever.
  static std::unique_ptr<TlsStream> ToClient(std::unique_ptr<Stream> below,
                                             TlsContext::Pointer context,
                                             std::string_view plain_answer,
                                             OnHandshake on_handshake);
  // To the upstream, which is called peer: "db.example.org:6379".
  static std::unique_ptr<TlsStream> ToUpstream(std::unique_ptr<Stream> below,
                                               TlsContext::Pointer context, std::string peer,
                                               OnHandshake on_handshake);
  ~TlsStream() override;

  // Ends a handshake that has taken too long or has to make room: the stream is broken.
  void GiveUp(const TlsOutcome& why);

  bool Open(Watcher& watcher) override;
  Io Read(std::span<char> room, size_t* n) override;
  Io Write(std::string_view bytes, size_t* n) override;
  void Flush() override;
  Probe ProbeEof() override;
  bool HasUnread() const override;
  core::Endpoint OwnAddress() const override { return below_->OwnAddress(); }
  void WaitWritable() override;
  void ShutdownWrite() override;
  void Close() override;
  std::string_view problem() const override { return problem_; }

 private:
  friend struct TlsBio;  // what OpenSSL calls

  void OnReadable() override;
  void OnWritable() override;
  void OnShortRead() override;

  TlsStream(std::unique_ptr<Stream> below, TlsContext::Pointer context,
            std::string_view plain_answer, std::string peer, OnHandshake on_handshake);
  void Begin(std::unique_ptr<SSL, SslFree> ssl);
  Io Handshake();
  Io FailHandshake(int error);
  Io ReadRecords(std::span<char> room, size_t* n);
  // Nothing is left of what has come.
  bool IsDrained() const;
  Io Fault(int error);
  // Sends what OpenSSL has written. False: the stream below is broken.
  bool Send();
  void SetUnsent(std::string_view rest);
  void SayGoodbye();
  void Tell(const TlsOutcome& outcome);

  const std::unique_ptr<Stream> below_;
  const TlsContext::Pointer context_;
  const std::string peer_;  // of the upstream; the SSL knows its address
  std::unique_ptr<SSL, SslFree> ssl_;
  OnHandshake on_handshake_;  // null: it has been called
  Watcher* watcher_ = nullptr;
  std::string problem_;
  std::string unsent_bytes_;  // records that the stream below did not take
  const std::string_view plain_answer_;
  unsigned char first_byte_ = 0;  // that has come
  bool eof_ = false;              // the stream below has ended
  bool shut_ = false;             // the owner has shut the sending side
};

}  // namespace keyhole::net
