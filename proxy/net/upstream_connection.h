// The socket of a link: makes the connection and moves bytes between it and the core's end of it.
// One connection each; when it is lost the link asks for a new one.
//
// Thread: its worker's. Lives as long as an operation of its socket or a dirty list refers to it.
#pragma once

#include <boost/smart_ptr/intrusive_ptr.hpp>
#include <boost/smart_ptr/intrusive_ref_counter.hpp>

#include "proxy/core/link.h"
#include "proxy/core/transport.h"
#include "proxy/net/stream.h"

namespace keyhole::net {

class Worker;

class UpstreamConnection final
    : public boost::intrusive_ref_counter<UpstreamConnection, boost::thread_unsafe_counter>,
      public core::Transport {
 public:
  // Begins to connect for this link.
  static void Start(Worker& worker, core::UpstreamEnd& link);
  ~UpstreamConnection();

  void Wake() override;
  void Flush();
  // Ends an attempt that has taken longer than --upstream-connect-timeout.
  void ExpireConnecting();
  // Closes the socket; the link is not told.
  void Close();

 private:
  UpstreamConnection(Worker& worker, core::UpstreamEnd& link);

  void Resolve();
  void ConnectTo(std::vector<Protocol::endpoint> endpoints, size_t index);
  void OnConnected();
  void WaitReadable();
  void WaitWritable();
  void OnReadable();
  void Lose();

  Worker& worker_;
  boost::intrusive_ptr<core::UpstreamEnd> link_;
  Stream stream_;
  asio::ip::basic_resolver<asio::ip::tcp, Executor> resolver_;
  const core::Instant began_;
  bool open_ = true;
  bool connected_ = false;
  bool shut_ = false;  // the sending side is closed
  bool dirty_ = false;
  bool waiting_to_read_ = false;
  bool waiting_to_write_ = false;
};

}  // namespace keyhole::net
