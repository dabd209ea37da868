// A socket, TCP or unix.
//
// Reads and writes are plain system calls, made when there is reason to think that they will do
// something. An idle connection needs no read buffer; a read or a write in time costs one system
// call.
//
// What has been read short was all there was, and the next bytes announce themselves. An end of
// the stream that came together with these bytes does not, so it is looked for: at once while the
// connection is new, as what ends soon ends like this, and later by ProbeEof(), when nothing
// has come for a while.
//
// Thread: its loop's.
#pragma once

#include <span>
#include <string_view>

#include "proxy/net/readiness.h"
#include "proxy/net/stream.h"

namespace keyhole::net {

class TcpStream final : public Stream {
 public:
  // Takes a connected socket.
  TcpStream(asio::io_context& context, int descriptor);
  ~TcpStream() override { Close(); }

  // Makes it non-blocking, without Nagle's delay, with probes of whether the other side is still
  // there, and watches it.
  bool Open(Watcher& watcher) override;
  Io Read(std::span<char> room, size_t* n) override;
  Io Write(std::string_view bytes, size_t* n) override;
  Probe ProbeEof() override;
  bool HasUnread() const override;
  core::Endpoint OwnAddress() const override;
  void WaitWritable() override;
  void ShutdownWrite() override;
  void Close() override;
  int EndGently() override;

 private:
  // Whether an end may have come together with what was read last.
  enum class ShortRead : uint8_t { kNone, kFresh, kStale };

  void NoteShortRead();

  ShortRead short_read_ = ShortRead::kNone;
  uint8_t reads_ = 0;  // short ones, as far as they are counted
  int descriptor_;     // -1: closed
  Readiness readiness_;
};

}  // namespace keyhole::net
