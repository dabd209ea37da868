// Who speaks to the client of a session, in its language: RESP (client_session.h) or HTTP
// (http_session.h). It has the session, which tells it what has come.
//
//     client -- bytes --> Front -- requests --> Session --> Router, Link
//     client <-- bytes -- Front <-- replies --- Session <--------- Link
//
// Owner: the edge. It outlives its session's life as a client, that is until Session::Close().
// Thread: its worker's.
#pragma once

#include <cstddef>

#include "metrics/counters.h"
#include "proxy/base/endpoint.h"
#include "resp/byte_queue.h"
#include "resp/reply_scanner.h"

namespace keyhole::core {

class Front {
 public:
  // Where replies are appended, in the order of the requests. OnOutput() follows, with the number
  // of bytes there were before. True: the client does not take them as fast as they come.
  virtual resp::ByteQueue& output() = 0;
  virtual bool OnOutput(size_t before) = 0;
  virtual bool output_is_long() const = 0;
  // A reply is complete, whether or not those before it are.
  virtual void OnReply(const resp::ReplyHead& head) = 0;
  // The same of one that no link gave; the request may be gone after it.
  virtual void OnAnsweredHere() {}
  // Where the client has reached us; port 0: nobody can tell.
  virtual Endpoint OwnAddress() const { return {}; }
  // The request that Submit() did not take is to be submitted again.
  virtual void OnMaySubmit() = 0;
  // Close once all that is in output() has been sent.
  virtual void CloseAfterOutput() = 0;
  // The session has been closed.
  virtual void OnClose(metrics::CloseReason reason) = 0;

 protected:
  ~Front() = default;
};

}  // namespace keyhole::core
