// What sessions need of the worker that they belong to.
//
// Owner: the worker. Thread: the worker's.
#pragma once

#include <chrono>
#include <functional>
#include <span>
#include <string_view>
#include <vector>

#include "proxy/links/connection_state.h"
#include "proxy/links/link_context.h"
#include "proxy/links/router.h"
#include "proxy/links/upstream/options.h"
#include "proxy/sessions/key_journal.h"
#include "proxy/sessions/options.h"
#include "resp/byte_queue.h"

namespace keyhole::core {

class NearCache;
class Permissions;
class Users;

struct SessionContext : LinkContext {
  // The options outlive this.
  SessionContext(metrics::WorkerMetrics& metrics_in, const ClientOptions& clients_in,
                 const UpstreamOptions& upstream_in)
      : LinkContext(metrics_in), clients(clients_in), upstream(upstream_in) {}

  // Memory for a read whose bytes are looked at before anything else is read: one piece for all
  // connections, so it stays in the cache, and those that are idle have none.
  std::span<char> read_buffer() { return read_buffer_; }
  // A client has left, and not all it had sent could be carried out; at most one line a second in
  // the log.
  void OnUnfinished(std::string_view address);

  // Clients must log in: to us, or to the embedded store.
  virtual bool asks_password() const = 0;
  // How long a client may be silent. 0: for ever.
  virtual std::chrono::milliseconds client_idle_timeout() const = 0;

  const ClientOptions& clients;
  const UpstreamOptions& upstream;
  std::shared_ptr<const Users> users;    // the proxy's own; null: it asks nobody who it is
  const Permissions* allowed = nullptr;  // what anybody may run at all; null: everything
  bool stopping = false;                 // the process is to end soon: not ready for new clients
  bool lends_identity = false;           // clients are served under the credentials in --upstream
  SessionState initial_state;            // of a new connection
  Router* router = nullptr;              // never null once the worker is there
  NearCache* near_cache = nullptr;       // null: off
  KeyJournal journal;                    // of what its sessions have written
  resp::BufferPool buffers;              // for what is to be sent to clients
  size_t leaving = 0;  // clients that have left before all that they had sent was carried out
  // SHUTDOWN of the embedded store. save: what is in memory is written, if there is a file for it.
  std::function<void(bool save)> stop_process = [](bool) {};

 protected:
  ~SessionContext() = default;

 private:
  static constexpr size_t kReadBytes = 64 * 1024;

  Instant next_unfinished_line_{};
  std::vector<char> read_buffer_ = std::vector<char>(kReadBytes);
};

}  // namespace keyhole::core
