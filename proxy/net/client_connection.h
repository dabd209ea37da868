// The socket of a RESP client: moves bytes between it and a ClientSession.
//
// Thread: its worker's. Lives as long as a wait of its socket or a dirty list refers to it.
#pragma once

#include <boost/smart_ptr/intrusive_ptr.hpp>
#include <boost/smart_ptr/intrusive_ref_counter.hpp>
#include <string_view>

#include "proxy/core/client_session.h"
#include "proxy/core/transport.h"
#include "proxy/net/stream.h"

namespace keyhole::net {

class Worker;

class ClientConnection final
    : public boost::intrusive_ref_counter<ClientConnection, boost::thread_unsafe_counter>,
      public core::Transport {
 public:
  ClientConnection(Worker& worker, Stream stream, std::string_view address);
  ~ClientConnection();

  void Start();
  core::ClientSession& session() { return *session_; }
  void Wake() override;
  // Writes what there is and reads on where reading is wanted. Called by the worker.
  void Flush();
  void Close(metrics::CloseReason reason);

 private:
  void WaitReadable();
  void WaitWritable();
  void OnReadable();
  bool WriteOut();

  Worker& worker_;
  Stream stream_;
  boost::intrusive_ptr<core::ClientSession> session_;
  bool dirty_ = false;
  bool waiting_to_read_ = false;
  bool waiting_to_write_ = false;
};

}  // namespace keyhole::net
