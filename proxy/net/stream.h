// A connected, non-blocking stream socket (TCP or unix).
//
// Reads and writes are plain system calls, made when there is reason to think that they will do
// something. An idle connection needs no read buffer; a read or a write in time costs one system
// call.
//
// What has been read short was all there was, and the next bytes announce themselves. An end of
// the stream that came together with these bytes does not, so it is looked for: at once while the
// connection is new, as what ends soon ends like this, and later by CheckSilence(), when nothing
// has come for a while.
//
// Thread: the worker's that made it.
#pragma once

#include <span>
#include <string_view>

#include "proxy/net/readiness.h"

namespace keyhole::net {

class Stream {
 public:
  // What a read or write came to.
  enum class Io : uint8_t { kSome, kWouldBlock, kEof, kError };

  // The watcher is told of what Readiness says.
  Stream(asio::io_context& context, Readiness::Watcher& watcher);
  ~Stream() { Close(); }

  // Takes a connected socket: makes it non-blocking, without Nagle's delay, with probes of whether
  // the other side is still there, and watches it. False if that cannot be.
  bool Open(int descriptor);
  bool is_open() const { return descriptor_ >= 0; }

  Io Read(std::span<char> room, size_t* n);
  Io Write(std::string_view bytes, size_t* n);

  // There may be something to read. The owner says so when its watcher has been told.
  bool readable() const { return readable_; }
  void set_readable() { readable_ = true; }
  // To be called now and then while may_fall_silent(): true if nothing has come since the call
  // before, once; readable() is true then.
  bool CheckSilence();
  bool may_fall_silent() const { return doubt_ != Doubt::kNone; }

  // Asks the kernel, for one system call.
  bool HasUnread() const;

  void WaitWritable() { readiness_.WaitWritable(); }

  // The other side sees the end of the stream; reading goes on.
  void ShutdownWrite();
  void Close();

 private:
  // Whether an end may have come together with what was read last.
  enum class Doubt : uint8_t { kNone, kFresh, kStale };

  Readiness readiness_;
  int descriptor_ = -1;
  bool readable_ = false;
  Doubt doubt_ = Doubt::kNone;
  uint8_t reads_ = 0;  // short ones, as far as they are counted
};

}  // namespace keyhole::net
