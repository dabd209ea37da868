// What the core may ask of the edge. The edge implements these; it performs and never decides.
#pragma once

namespace keyhole::core {

class UpstreamLink;

// One connection's socket.
class Transport {
 public:
  // Something has changed: there are bytes to write, reading is wanted again or no more, or it is
  // over. The edge looks at the end of this turn of its loop. Cheap, may be called any number of
  // times.
  virtual void Wake() = 0;

 protected:
  ~Transport() = default;
};

// Makes connections to the upstream.
class Connector {
 public:
  // Starts connecting; OnConnected() or OnDisconnected() of the link follows, never from inside
  // this call.
  virtual void Connect(UpstreamLink& link) = 0;

 protected:
  ~Connector() = default;
};

}  // namespace keyhole::core
