// Who is told what happens to a stream.
//
// Thread: the loop's. The functions are called from inside the reactor, or from inside a read: they
// must not close anything, only note what they are told.
#pragma once

namespace keyhole::net {

class Watcher {
 public:
  virtual void OnReadable() = 0;  // or at its end, or broken
  virtual void OnWritable() = 0;
  // A read was short, so an end of the stream may have come unnoticed: Stream::ProbeEof() is to be
  // called now and then until it says that this is over. Not said again before that.
  virtual void OnShortRead() = 0;

 protected:
  ~Watcher() = default;
};

}  // namespace keyhole::net
