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

ClientConnection::ClientConnection(Worker& worker, Stream stream, std::string_view address)
    : worker_(worker),
      stream_(std::move(stream)),
      session_(new core::ClientSession(worker.state(), address, *this)) {
  worker_.Register(*this);
}

ClientConnection::~ClientConnection() = default;

void ClientConnection::Start() {
  stream_.Configure();
  WaitReadable();
}

void ClientConnection::Wake() {
  if (std::exchange(dirty_, true)) return;
  worker_.MarkDirty(*this);
}

void ClientConnection::WaitReadable() {
  waiting_to_read_ = true;
  stream_.WaitReadable([self = boost::intrusive_ptr(this)](error_code) {
    self->waiting_to_read_ = false;
    if (!self->stream_.is_open()) return;
    self->worker_.BeginTurn();
    self->OnReadable();
  });
}

void ClientConnection::OnReadable() {
  for (int i = 0; i < kReadsPerTurn && session_->wants_read(); ++i) {
    const std::span<char> room = session_->PrepareRead();
    size_t n = 0;
    switch (stream_.Read(room, &n)) {
      case Stream::Io::kSome:
        session_->CommitRead(n);
        if (n < room.size()) i = kReadsPerTurn;  // the socket is empty
        break;
      case Stream::Io::kWouldBlock:
        i = kReadsPerTurn;
        break;
      case Stream::Io::kEof:
        session_->OnEof();
        break;
      case Stream::Io::kError:
        return Close(CloseReason::kNetworkError);
    }
  }
  if (session_->finished()) {
    Wake();
  } else if (session_->wants_read()) {
    WaitReadable();
  }
}

// False: the connection is no more.
bool ClientConnection::WriteOut() {
  size_t written = 0;
  while (written < kWritePerTurn) {
    const std::string_view bytes = session_->PrepareWrite();
    if (bytes.empty()) return true;
    size_t n = 0;
    switch (stream_.Write(bytes.substr(0, kWritePerTurn), &n)) {
      case Stream::Io::kSome:
        session_->CommitWrite(n);
        break;
      case Stream::Io::kWouldBlock:
        WaitWritable();
        return true;
      default:
        Close(CloseReason::kNetworkError);
        return false;
    }
    if (n < bytes.size() && n < kWritePerTurn) {  // the socket is full
      WaitWritable();
      return true;
    }
    written += n;
  }
  Wake();
  return true;
}

void ClientConnection::WaitWritable() {
  if (std::exchange(waiting_to_write_, true)) return;
  stream_.WaitWritable([self = boost::intrusive_ptr(this)](error_code) {
    self->waiting_to_write_ = false;
    if (!self->stream_.is_open()) return;
    self->worker_.BeginTurn();
    self->Wake();
  });
}

void ClientConnection::Flush() {
  dirty_ = false;
  if (!stream_.is_open()) return;
  if (!waiting_to_write_ && !WriteOut()) return;
  if (session_->finished()) return Close(CloseReason::kByClient);
  if (!waiting_to_read_ && session_->wants_read()) WaitReadable();
}

void ClientConnection::Close(CloseReason reason) {
  if (!stream_.is_open()) return;
  const boost::intrusive_ptr<ClientConnection> self(this);
  stream_.Close();
  session_->Detach(reason);
  worker_.Unregister(*this);
}

}  // namespace keyhole::net
