// The socket of a link: makes the connection and moves bytes between it and the core's end of it.
// One connection each; when it is lost the link asks for a new one.
//
// Thread: its worker's. While it connects the operations of that keep it alive too.
#pragma once

#include <vector>

#include "proxy/links/link.h"
#include "proxy/net/connection.h"

namespace keyhole::net {

class UpstreamConnection final : public Connection {
 public:
  // Begins to connect to the endpoint for this link.
  static void Start(Worker& worker, core::UpstreamEnd& link, const core::Endpoint& endpoint);
  ~UpstreamConnection() override;

  // Ends an attempt that has taken longer than --upstream-connect-timeout.
  void ExpireConnecting();
  // Closes the socket; the link is not told.
  void Close();

 private:
  UpstreamConnection(Worker& worker, core::UpstreamEnd& link);

  void Resolve(const core::Endpoint& endpoint);
  void ConnectTo(std::vector<Protocol::endpoint> endpoints, size_t index);
  void OnConnected();
  void ReadIn() override;
  void WriteOut() override;
  void WriteRequests();
  void Lose();

  boost::intrusive_ptr<core::UpstreamEnd> link_;
  Socket connecting_;
  asio::ip::basic_resolver<asio::ip::tcp, Executor> resolver_;
  const core::Instant began_;
  bool open_ = true;
  bool connected_ = false;
  bool shut_ = false;  // the sending side is closed
};

}  // namespace keyhole::net
