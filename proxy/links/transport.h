// What the core may ask of the edge. The edge implements these; it performs and never decides.
#pragma once

#include <cstddef>
#include <string_view>

#include "proxy/base/endpoint.h"

namespace keyhole::core {

// One connection's socket.
class Transport {
 public:
  // Something has changed: there are bytes to write, reading is wanted again or no more, or it is
  // over. The edge looks at the end of this turn of its loop. Cheap, may be called any number of
  // times.
  virtual void Wake() = 0;
  // Where the other side has reached us; port 0: nobody can tell. For one system call.
  virtual Endpoint OwnAddress() const { return {}; }

 protected:
  ~Transport() = default;
};

// The core's end of a connection to the upstream, for which the edge moves the bytes: a link
// (upstream_link.h) or what fills the near cache (near_link.h). Reference counted: the edge holds
// it for as long as the socket lives.
class UpstreamEnd {
 public:
  virtual void BindTransport(Transport* transport) = 0;
  virtual void OnConnected() = 0;
  // False: close the connection and call OnDisconnected().
  virtual bool OnRead(std::string_view bytes) = 0;
  virtual bool wants_read() const = 0;
  virtual std::string_view PrepareWrite() const = 0;
  virtual void CommitWrite(size_t n) = 0;
  // Everything is written, and no more will be: close the sending side.
  virtual bool wants_shutdown() const = 0;
  // It is over: close the connection, and say nothing.
  virtual bool gone() const = 0;
  // The connection is lost, or an attempt to make one has failed.
  virtual void OnDisconnected() = 0;

  virtual void Retain() = 0;
  virtual void Release() = 0;

 protected:
  ~UpstreamEnd() = default;
};

inline void intrusive_ptr_add_ref(UpstreamEnd* end) {
  end->Retain();
}
inline void intrusive_ptr_release(UpstreamEnd* end) {
  end->Release();
}

// Makes connections; where to is the core's to say.
class Connector {
 public:
  // Starts connecting to the endpoint, which need not outlive this call. OnConnected() or
  // OnDisconnected() of the end follows, never from inside it.
  virtual void Connect(UpstreamEnd& end, const Endpoint& endpoint) = 0;

 protected:
  ~Connector() = default;
};

}  // namespace keyhole::core
