// A connected stream of bytes that never blocks: TCP or a unix socket (tcp_stream.h), TLS over one
// of these (tls_stream.h), in tests a script. Whoever moves bytes knows no more of a socket than
// this.
//
// Reading follows readable(): it becomes true when the watcher is told so, and false when a read
// has found that there is no more for now.
//
// Cost: one virtual call for each read and each write.
// Thread: its loop's. Owner: the connection.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "proxy/base/endpoint.h"
#include "proxy/net/watcher.h"

namespace keyhole::net {

class Stream {
 public:
  // What a read or write came to.
  enum class Io : uint8_t { kSome, kWouldBlock, kEof, kError };

  virtual ~Stream() = default;

  // Begins to tell the watcher, which outlives the stream. False if that cannot be.
  virtual bool Open(Watcher& watcher) = 0;
  bool is_open() const { return open_; }

  virtual Io Read(std::span<char> room, size_t* n) = 0;
  virtual Io Write(std::string_view bytes, size_t* n) = 0;

  // There may be something to read. The owner says so when its watcher has been told.
  bool readable() const { return readable_; }
  void set_readable() { readable_ = true; }
  // It takes no more for now: WaitWritable() has been called, and the watcher not yet been told.
  bool full() const { return full_; }
  void set_writable() { full_ = false; }
  // A read or a write has failed.
  bool broken() const { return broken_; }

  // It takes bytes, and gives those of the other side. False while TLS shakes hands: Read() carries
  // that on, and Write() takes nothing.
  bool established() const { return established_; }
  // It has taken bytes that are still here: Flush() is to be called once it has become writable.
  // Whoever closes it before that drops them.
  bool has_unsent() const { return unsent_; }
  virtual void Flush() {}
  // Why a read or a write has failed, in words for people; empty if nobody knows.
  virtual std::string_view problem() const { return {}; }

  // Looks whether an end has come unnoticed; see Watcher::OnShortRead().
  enum class Probe : uint8_t {
    kAgain,  // something has come, or too little time has passed: call again
    kRead,   // silence: nothing has come since the call before. readable() is true now, over
    kOver,   // there is nothing to look for
  };
  virtual Probe ProbeEof() = 0;

  // Asks the kernel, for one system call.
  virtual bool HasUnread() const = 0;
  // The same: the address of our end; port 0: it has none.
  virtual core::Endpoint OwnAddress() const { return {}; }

  // Has the watcher told once that the stream takes more.
  virtual void WaitWritable() = 0;

  // The other side sees the end of the stream; reading goes on.
  virtual void ShutdownWrite() = 0;
  // The watcher is told nothing any more. Idempotent.
  virtual void Close() = 0;
  // The same, but gives the descriptor to the caller, with its output ended, so that what is still
  // coming can be read and the other side sees an end and no reset. -1: it is closed.
  virtual int EndGently() {
    Close();
    return -1;
  }

 protected:
  Stream() = default;
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  // Bits: there is one stream for each client.
  bool open_ : 1 = false;
  bool readable_ : 1 = false;
  bool full_ : 1 = false;
  bool broken_ : 1 = false;
  bool established_ : 1 = true;
  bool unsent_ : 1 = false;
};

}  // namespace keyhole::net
