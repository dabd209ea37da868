#include "proxy/net/tls_stream.h"

#include <openssl/err.h>

#include <algorithm>
#include <utility>

#include "proxy/net/tls_faults.h"

namespace keyhole::net {

using metrics::TlsResult;

namespace {

// So much is encrypted at once: four full records.
constexpr size_t kWriteBytes = 64 * 1024;
// What OpenSSL answers by itself (alerts, new keys) while nothing is taken; more is an attack.
constexpr size_t kMostUnsent = 256 * 1024;
// What the first byte of a TLS connection can be.
constexpr unsigned char kAlertRecord = 21;
constexpr unsigned char kHandshakeRecord = 22;

bool IsTls(unsigned char first_byte) {
  return first_byte == kAlertRecord || first_byte == kHandshakeRecord;
}

// SSL_get_error() looks at the thread's list of errors, so that has to be empty before a call. It
// nearly always is, and to look costs a quarter of clearing it.
void ForgetErrors() {
  if (ERR_peek_error() != 0) ERR_clear_error();
}

// The records of one call.
std::string& Records() {
  thread_local std::string records;
  return records;
}

}  // namespace

// The BIO between OpenSSL and the stream below.
struct TlsBio {
  static TlsStream& Of(BIO* bio) { return *static_cast<TlsStream*>(BIO_get_data(bio)); }

  static int Read(BIO* bio, char* room, int size) {
    TlsStream& self = Of(bio);
    BIO_clear_retry_flags(bio);
    size_t n = 0;
    Stream::Io result = Stream::Io::kWouldBlock;
    if (self.below_->readable()) result = self.below_->Read({room, static_cast<size_t>(size)}, &n);
    if (self.first_byte_ == 0 && n > 0) self.first_byte_ = static_cast<unsigned char>(*room);
    if (result == Stream::Io::kWouldBlock) BIO_set_retry_read(bio);
    if (result == Stream::Io::kEof) self.eof_ = true;
    if (result == Stream::Io::kSome) return static_cast<int>(n);
    return result == Stream::Io::kEof ? 0 : -1;
  }
  static int Write(BIO*, const char* bytes, int size) {
    Records().append(bytes, static_cast<size_t>(size));
    return size;
  }
  static long Control(BIO* bio, int command, long, void*) {  // NOLINT(google-runtime-int)
    if (command == BIO_CTRL_EOF) return Of(bio).eof_ ? 1 : 0;
    return command == BIO_CTRL_FLUSH ? 1 : 0;
  }

  static BIO_METHOD* Make() {
    BIO_METHOD* const method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "stream");
    BIO_meth_set_read(method, &Read);
    BIO_meth_set_write(method, &Write);
    BIO_meth_set_ctrl(method, &Control);
    return method;
  }
  static BIO* Over(TlsStream& stream) {
    static BIO_METHOD* const method = Make();
    BIO* const bio = BIO_new(method);
    if (bio == nullptr) return nullptr;
    BIO_set_data(bio, &stream);
    BIO_set_init(bio, 1);
    return bio;
  }
};

TlsStream::TlsStream(std::unique_ptr<Stream> below, TlsContext::Pointer context,
                     std::string_view plain_answer, std::string peer, OnHandshake on_handshake)
    : below_(std::move(below)),
      context_(std::move(context)),
      peer_(std::move(peer)),
      on_handshake_(std::move(on_handshake)),
      plain_answer_(plain_answer) {}

std::unique_ptr<TlsStream> TlsStream::ToClient(std::unique_ptr<Stream> below,
                                               TlsContext::Pointer context,
                                               std::string_view plain_answer,
                                               OnHandshake on_handshake) {
  std::unique_ptr<TlsStream> stream(new TlsStream(std::move(below), std::move(context),
                                                  plain_answer, {}, std::move(on_handshake)));
  stream->Begin(stream->context_->Accept());
  return stream;
}

std::unique_ptr<TlsStream> TlsStream::ToUpstream(std::unique_ptr<Stream> below,
                                                 TlsContext::Pointer context, std::string peer,
                                                 OnHandshake on_handshake) {
  std::unique_ptr<TlsStream> stream(new TlsStream(std::move(below), std::move(context), {},
                                                  std::move(peer), std::move(on_handshake)));
  stream->Begin(stream->context_->Connect(stream->peer_));
  return stream;
}

TlsStream::~TlsStream() {
  TlsStream::Close();
}

void TlsStream::Begin(std::unique_ptr<SSL, SslFree> ssl) {
  established_ = false;
  BIO* const bio = ssl == nullptr ? nullptr : TlsBio::Over(*this);
  if (bio == nullptr) return;  // out of memory: Open() says so
  SSL_set_bio(ssl.get(), bio, bio);
  ssl_ = std::move(ssl);
}

bool TlsStream::Open(Watcher& watcher) {
  watcher_ = &watcher;
  open_ = ssl_ != nullptr && below_->Open(*this);
  return open_;
}

void TlsStream::OnReadable() {
  below_->set_readable();
  watcher_->OnReadable();
}

void TlsStream::OnWritable() {
  below_->set_writable();
  watcher_->OnWritable();
}

void TlsStream::OnShortRead() {
  watcher_->OnShortRead();
}

Stream::Io TlsStream::Read(std::span<char> room, size_t* n) {
  *n = 0;
  ForgetErrors();
  if (!established_) {
    if (broken_) return Io::kError;
    const Io result = Handshake();
    if (result != Io::kSome) return result;
  }
  return ReadRecords(room, n);
}

// kSome: it is done.
Stream::Io TlsStream::Handshake() {
  const int result = SSL_do_handshake(ssl_.get());
  if (result != 1) {
    const int error = SSL_get_error(ssl_.get(), result);
    if (error != SSL_ERROR_WANT_READ) return FailHandshake(error);
    readable_ = false;
    if (Send()) return Io::kWouldBlock;
    return FailHandshake(SSL_ERROR_SYSCALL);
  }
  established_ = true;
  if (!Send()) return Io::kError;
  Tell({SSL_session_reused(ssl_.get()) == 1 ? TlsResult::kResumed : TlsResult::kFull, {}});
  if (full_ && !unsent_) watcher_->OnWritable();  // it has waited to write
  return Io::kSome;
}

Stream::Io TlsStream::FailHandshake(int error) {
  TlsOutcome outcome = DescribeFault(ssl_.get(), error, eof_);
  if (!eof_ && error == SSL_ERROR_SSL && !IsTls(first_byte_)) {
    outcome = {TlsResult::kNotTls, "it does not speak TLS"};
    Records() = plain_answer_;
  }
  Send();
  broken_ = true;
  Tell(outcome);
  return Io::kError;
}

Stream::Io TlsStream::ReadRecords(std::span<char> room, size_t* n) {
  if (room.empty()) {  // SSL_read_ex() takes it for an error
    readable_ = true;
    return Io::kSome;
  }
  Io result = Io::kSome;
  do {
    size_t got = 0;
    const int done = SSL_read_ex(ssl_.get(), room.data() + *n, room.size() - *n, &got);
    *n += got;
    if (done != 1) {
      result = Fault(SSL_get_error(ssl_.get(), done));
    } else if (IsDrained()) {  // OpenSSL would take a buffer to find nothing, and give it back
      result = Io::kWouldBlock;
    }
  } while (*n < room.size() && result == Io::kSome);
  // Answers of OpenSSL's own: an alert, a new key.
  if (!Records().empty() && !Send()) result = Io::kError;
  readable_ = result != Io::kWouldBlock;  // there may be more, or there is an end to be read
  if (*n > 0) return Io::kSome;
  broken_ = broken_ || result == Io::kError;
  return result;
}

bool TlsStream::IsDrained() const {
  return !below_->readable() && SSL_has_pending(ssl_.get()) == 0;
}

// What it means for a read that OpenSSL could give no more.
Stream::Io TlsStream::Fault(int error) {
  if (error == SSL_ERROR_WANT_READ) return Io::kWouldBlock;
  if (error == SSL_ERROR_ZERO_RETURN) return Io::kEof;
  problem_ = DescribeFault(ssl_.get(), error, eof_).text;
  return Io::kError;
}

Stream::Io TlsStream::Write(std::string_view bytes, size_t* n) {
  *n = 0;
  if (broken_) return Io::kError;
  if (!established_) return Io::kWouldBlock;
  ForgetErrors();
  while (*n < bytes.size() && !unsent_) {
    const std::string_view piece = bytes.substr(*n, kWriteBytes);
    size_t taken = 0;
    // The BIO takes all, so this does, too.
    if (SSL_write_ex(ssl_.get(), piece.data(), piece.size(), &taken) != 1 || !Send()) {
      broken_ = true;
      return Io::kError;
    }
    *n += taken;
  }
  return *n > 0 ? Io::kSome : Io::kWouldBlock;
}

bool TlsStream::Send() {
  std::string& records = Records();
  if (unsent_) {
    unsent_bytes_.append(records);
    records.clear();
    return unsent_bytes_.size() <= kMostUnsent;
  }
  if (records.empty()) return true;
  size_t n = 0;
  const Io result = below_->Write(records, &n);
  if (n < records.size() && result != Io::kError) SetUnsent(std::string_view(records).substr(n));
  records.clear();
  return result != Io::kError;
}

void TlsStream::SetUnsent(std::string_view rest) {
  unsent_bytes_.assign(rest);
  unsent_ = full_ = true;
  below_->WaitWritable();
}

void TlsStream::Flush() {
  if (!unsent_ || broken_) return;
  size_t n = 0;
  if (below_->Write(unsent_bytes_, &n) == Io::kError) {
    broken_ = true;
    return;
  }
  if (n < unsent_bytes_.size()) return SetUnsent(unsent_bytes_.substr(n));
  std::string().swap(unsent_bytes_);
  unsent_ = false;
  if (shut_) below_->ShutdownWrite();
}

Stream::Probe TlsStream::ProbeEof() {
  const Probe probe = below_->ProbeEof();
  if (probe == Probe::kRead) readable_ = true;
  return probe;
}

bool TlsStream::HasUnread() const {
  return open_ && (SSL_has_pending(ssl_.get()) == 1 || below_->HasUnread());
}

void TlsStream::WaitWritable() {
  full_ = true;
  if (established_) below_->WaitWritable();
}

void TlsStream::SayGoodbye() {
  if (!established_ || broken_ || (SSL_get_shutdown(ssl_.get()) & SSL_SENT_SHUTDOWN) != 0) return;
  ForgetErrors();
  SSL_shutdown(ssl_.get());
  Send();
}

void TlsStream::ShutdownWrite() {
  if (std::exchange(shut_, true)) return;
  SayGoodbye();
  if (!unsent_) below_->ShutdownWrite();
}

void TlsStream::GiveUp(const TlsOutcome& why) {
  broken_ = true;
  Tell(why);
}

void TlsStream::Close() {
  if (open_ && !unsent_) SayGoodbye();
  open_ = readable_ = unsent_ = false;
  broken_ = true;
  below_->Close();
  Tell({TlsResult::kClosed, "the handshake was not done in time"});
}

void TlsStream::Tell(const TlsOutcome& outcome) {
  const OnHandshake told = std::exchange(on_handshake_, nullptr);
  if (told == nullptr) return;
  problem_ = outcome.text;
  told(outcome);
}

}  // namespace keyhole::net
