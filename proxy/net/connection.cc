#include "proxy/net/connection.h"

#include <utility>

namespace keyhole::net {

bool Connection::Open(std::unique_ptr<Stream> stream) {
  stream_ = std::move(stream);
  return stream_->Open(*this);
}

// An end of the stream that nobody announced is looked for when nothing has come for a while.
bool Connection::ProbeEof() {
  if (!is_open()) return false;
  const Stream::Probe probe = stream_->ProbeEof();
  if (probe == Stream::Probe::kRead) {
    OnSilence();
    ReadLater();
  }
  return probe == Stream::Probe::kAgain;
}

void Connection::OnReadable() {
  stream_->set_readable();
  ReadLater();
}

void Connection::OnWritable() {
  stream_->set_writable();
  Wake();
}

}  // namespace keyhole::net
