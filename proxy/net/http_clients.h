// The HTTP connections of a worker. Two files have it, of which the build takes one:
// http_clients.cc, and http_clients_none.cc for a library without HTTP (KEYHOLE_WITH_HTTP).
//
// Owner: a worker. Thread: its own.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>

#include "proxy/app/worker_state.h"
#include "proxy/http/http_gate.h"
#include "proxy/net/handshakes.h"
#include "proxy/net/loop.h"
#include "proxy/net/reporter.h"
#include "proxy/net/tls_context.h"

namespace keyhole::net {

class HttpClients {
 public:
  // All outlive it. on_removed: called when one has gone. Null: this build has no HTTP.
  static std::unique_ptr<HttpClients> Make(Loop& loop, core::WorkerState& state,
                                           Handshakes& handshakes,
                                           const std::function<void()>& on_removed);
  virtual ~HttpClients() = default;

  // One that has been accepted; takes the descriptor. gate: outlives it. reserve: see
  // HttpConnection::UseReserve(). tls: null if it comes without.
  virtual void Add(int descriptor, std::string address, Reporter report, const core::HttpGate& gate,
                   bool reserve, TlsContext::Pointer tls) = 0;
  virtual size_t size() const = 0;
  // Closes the connection that has been doing nothing for longest. False: all are at work.
  virtual bool CloseIdle() = 0;
  // To be called ten times a second.
  virtual void Tick() = 0;
  // They take no more requests, and close when they have been answered.
  virtual void Drain() = 0;
  // Options have changed.
  virtual void Reload() = 0;
  virtual void Close() = 0;
};

}  // namespace keyhole::net
