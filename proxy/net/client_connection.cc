#include "proxy/net/client_connection.h"

#include <utility>

#include "proxy/net/worker.h"

namespace keyhole::net {

using metrics::CloseReason;

namespace {
// So much is read from or written to one client before others have their turn.
constexpr int kReadsPerTurn = 4;
constexpr size_t kWritePerTurn = 1024 * 1024;
}  // namespace

ClientConnection::ClientConnection(Worker& worker, std::string_view address)
    : Connection(worker, Writes::kLast),
      session_(new core::ClientSession(worker.state(), address, *this)) {
  worker_.Register(*this);
}

ClientConnection::~ClientConnection() = default;

void ClientConnection::Start(int descriptor) {
  if (!stream_.Open(descriptor)) Close(CloseReason::kNetworkError);
}

void ClientConnection::ReadIn() {
  for (int i = 0; i < kReadsPerTurn && stream_.readable() && session_->wants_read(); ++i) {
    size_t n = 0;
    switch (stream_.Read(session_->PrepareRead(), &n)) {
      case Stream::Io::kSome:
        session_->CommitRead(n);
        break;
      case Stream::Io::kWouldBlock:
        break;
      case Stream::Io::kEof:
        session_->OnEof();
        break;
      case Stream::Io::kError:
        OnBroken();
        session_->OnEof();
        break;
    }
  }
  if (session_->finished()) {
    Wake();
  } else if (session_->wants_read()) {
    ReadLater();
  }
}

// The client is gone. What it sent before is there to be read, even after a reset.
void ClientConnection::OnBroken() {
  reason_ = CloseReason::kNetworkError;
  session_->OnOutputLost();
  stream_.set_readable();
}

void ClientConnection::WriteReplies() {
  size_t written = 0;
  while (!write_blocked() && written < kWritePerTurn) {
    const std::string_view bytes = session_->PrepareWrite();
    if (bytes.empty()) return;
    size_t n = 0;
    switch (stream_.Write(bytes.substr(0, kWritePerTurn), &n)) {
      case Stream::Io::kSome:
        session_->CommitWrite(n);
        break;
      case Stream::Io::kWouldBlock:
        break;
      default:
        return OnBroken();
    }
    if (n < bytes.size() && n < kWritePerTurn) WriteWhenPossible();  // the socket is full
    written += n;
  }
  if (!write_blocked()) Wake();
}

void ClientConnection::WriteOut() {
  if (!stream_.is_open()) return;
  WriteReplies();
  if (session_->finished()) return Close(reason_);
  if (session_->wants_read()) ReadLater();
}

void ClientConnection::Close(CloseReason reason) {
  if (session_->detached()) return;
  const boost::intrusive_ptr<ClientConnection> self(this);
  stream_.Close();
  session_->Detach(reason);
  worker_.Unregister(*this);
}

}  // namespace keyhole::net
