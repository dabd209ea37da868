#include "proxy/net/connection.h"

#include <utility>

#include "proxy/net/worker.h"

namespace keyhole::net {

Connection::Connection(Worker& worker, Writes writes)
    : worker_(worker), stream_(worker.context(), *this), writes_(writes) {}

void Connection::Wake() {
  if (!std::exchange(will_write_, true)) worker_.WriteInTurn(*this, writes_);
}

void Connection::TurnRead() {
  will_read_ = false;
  ReadIn();
  if (stream_.may_fall_silent() && !std::exchange(will_check_, true)) worker_.CheckSilence(*this);
}

void Connection::TurnWrite() {
  will_write_ = false;
  WriteOut();
}

bool Connection::CheckSilence() {
  if (stream_.is_open() && stream_.CheckSilence()) {
    OnSilence();
    ReadLater();
  }
  will_check_ = stream_.is_open() && stream_.may_fall_silent();
  return will_check_;
}

void Connection::ReadLater() {
  if (stream_.readable() && !std::exchange(will_read_, true)) worker_.ReadInTurn(*this);
}

void Connection::WriteWhenPossible() {
  write_blocked_ = true;
  stream_.WaitWritable();
}

void Connection::OnReadable() {
  stream_.set_readable();
  ReadLater();
}

void Connection::OnWritable() {
  write_blocked_ = false;
  Wake();
}

}  // namespace keyhole::net
