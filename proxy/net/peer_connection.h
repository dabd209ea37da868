// The connection of a client, whatever it speaks: moves bytes between a stream and the client's
// end of the house, its "peer": a ClientSession for RESP, an HttpCodec for HTTP. A peer has
//
//     PrepareRead() CommitRead(n) OnEof() wants_read()     what the client sends
//     PrepareWrite() CommitWrite(n) OnOutputLost()         what it is sent
//     finished()                                           it is over: close
//     cut_off()                                            at once: what is written may be lost
//
// Which peer it is the compiler knows: Self is the class derived from this, and has peer() and
// OnFinished().
//
// Thread: its loop's.
#pragma once

#include <cstddef>
#include <string_view>

#include "proxy/net/connection.h"

namespace keyhole::net {

// So much is read from or written to one client before others have their turn.
inline constexpr int kPeerReadsPerTurn = 4;
inline constexpr size_t kPeerWritePerTurn = 1024 * 1024;

template <typename Self>
class PeerConnection : public Connection {
 protected:
  explicit PeerConnection(Loop& loop) : Connection(loop, Loop::Writes::kLast) {}

  void ReadIn() final;
  void WriteOut() override;

 private:
  Self& self() { return static_cast<Self&>(*this); }
  void WriteReplies();
  // What the stream has taken has gone, unless there is nobody to take it.
  bool MayClose() { return !stream().has_unsent() || stream().broken() || self().peer().cut_off(); }
  void OnBroken();
};

template <typename Self>
void PeerConnection<Self>::ReadIn() {
  auto& peer = self().peer();
  for (int i = 0; i < kPeerReadsPerTurn && stream().readable() && peer.wants_read(); ++i) {
    size_t n = 0;
    switch (stream().Read(peer.PrepareRead(), &n)) {
      case Stream::Io::kSome:
        peer.CommitRead(n);
        break;
      case Stream::Io::kWouldBlock:
        break;
      case Stream::Io::kEof:
        peer.OnEof();
        break;
      case Stream::Io::kError:
        OnBroken();
        peer.OnEof();
        break;
    }
  }
  if (peer.finished()) {
    Wake();
  } else if (peer.wants_read()) {
    ReadLater();
  }
}

// What the client sent before is there to be read, even after a reset.
template <typename Self>
void PeerConnection<Self>::OnBroken() {
  self().peer().OnOutputLost();
  stream().set_readable();
}

template <typename Self>
void PeerConnection<Self>::WriteReplies() {
  auto& peer = self().peer();
  size_t written = 0;
  while (!write_blocked() && written < kPeerWritePerTurn) {
    const std::string_view bytes = peer.PrepareWrite();
    if (bytes.empty()) return;
    size_t n = 0;
    switch (stream().Write(bytes.substr(0, kPeerWritePerTurn), &n)) {
      case Stream::Io::kSome:
        peer.CommitWrite(n);
        break;
      case Stream::Io::kWouldBlock:
        break;
      default:
        return OnBroken();
    }
    // It is full.
    if (n < bytes.size() && n < kPeerWritePerTurn) WriteWhenPossible();
    written += n;
  }
  if (!write_blocked()) Wake();
}

template <typename Self>
void PeerConnection<Self>::WriteOut() {
  if (!is_open()) return;
  if (stream().has_unsent()) stream().Flush();
  WriteReplies();
  if (self().peer().finished() && MayClose()) return self().OnFinished();
  if (self().peer().wants_read()) ReadLater();
}

}  // namespace keyhole::net
