// What the streams of clients and of links have in common: the loop reads those that have become
// readable in its turn, and at its end writes those that have something to write.
//
//     reactor -> OnReadable -> the loop's list ... turn: ReadIn() of all, then WriteOut() of all
//
// Thread: its loop's. Lives as long as it is registered or waits for a turn.
#pragma once

#include <memory>

#include "proxy/links/transport.h"
#include "proxy/net/loop.h"
#include "proxy/net/stream.h"

namespace keyhole::net {

class Connection : public Loop::Member, public core::Transport {
 public:
  // There is something to write, or reading is wanted again, or it is over.
  void Wake() final { WriteInTurn(); }
  // Closes it: its TLS handshake has been given up.
  virtual void Abandon() = 0;

 protected:
  using Loop::Member::Member;

  // ReadIn() and WriteOut() read or write as much as is possible, wanted and fair. They are called
  // with the stream open or not.

  // Nothing has come for a while: memory that is not needed now may go.
  virtual void OnSilence() {}

  // False: it cannot be watched. Once only.
  bool Open(std::unique_ptr<Stream> stream);
  void CloseStream() {
    if (stream_ != nullptr) stream_->Close();
  }
  bool is_open() const { return stream_ != nullptr && stream_->is_open(); }
  // REQUIRES: Open() has been called.
  Stream& stream() { return *stream_; }
  const Stream& stream() const { return *stream_; }

  // Has ReadIn() called, if there may be something to read. REQUIRES: Open() has been called.
  void ReadLater() {
    if (stream_->readable()) ReadInTurn();
  }
  // Has WriteOut() called once the stream takes more.
  void WriteWhenPossible() { stream_->WaitWritable(); }
  bool write_blocked() const { return stream_->full(); }

 private:
  void OnReadable() final;
  void OnWritable() final;
  void OnShortRead() final { ProbeEofLater(); }
  bool ProbeEof() final;

  std::unique_ptr<Stream> stream_;
};

}  // namespace keyhole::net
