// The connection of a link: makes it and moves bytes between the stream and the core's end of it.
// One connection each; when it is lost the link asks for a new one.
//
// Thread: its loop's. While it connects the operations of that keep it alive too.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "proxy/app/worker_state.h"
#include "proxy/net/connection.h"
#include "proxy/net/registry.h"

namespace keyhole::net {

class UpstreamConnection final : public Connection {
 public:
  // For this link, which it is bound to.
  UpstreamConnection(Loop& loop, core::WorkerState& state, Registry<UpstreamConnection>& registry,
                     core::UpstreamEnd& link);
  ~UpstreamConnection() override;

  // What the descriptor of a new connection becomes.
  using MakeStream = std::function<std::unique_ptr<Stream>(int descriptor)>;
  // Begins to connect to the endpoint, later: not from inside the link's own call.
  void Start(const core::Endpoint& endpoint, MakeStream make_stream);
  // There is a connection, by this stream. The link hears of it when TLS, if it is spoken, is
  // established.
  void OnConnected(std::unique_ptr<Stream> stream);
  void Abandon() override { Lose(); }
  // Where it leads, once it has been started.
  const core::Endpoint& endpoint() const { return endpoint_; }
  bool is_connected() const { return connected_; }
  // The address of the other side. REQUIRES: is_connected().
  const Protocol::endpoint& peer() const { return peer_; }
  const core::UpstreamEnd& link() const { return *link_; }
  // It is lost: closes the socket, and tells the link.
  void Lose();

  // Ends an attempt that has taken longer than --upstream-connect-timeout: tries the next address
  // of the name, if there is one.
  void ExpireConnecting();
  // Closes the socket; the link is not told.
  void Close();

 private:
  void Resolve(const core::Endpoint& endpoint);
  void ConnectTo(std::vector<Protocol::endpoint> endpoints, size_t index);
  void CarryOnHandshake();
  void OnEstablished();
  void ReadIn() override;
  void WriteOut() override;
  void WriteRequests();

  core::WorkerState& state_;
  Registry<UpstreamConnection>& registry_;
  boost::intrusive_ptr<core::UpstreamEnd> link_;
  Socket connecting_;
  asio::ip::basic_resolver<asio::ip::tcp, Executor> resolver_;
  MakeStream make_stream_;
  core::Endpoint endpoint_;
  Protocol::endpoint peer_;
  core::Instant began_;       // with this address
  bool has_another_ = false;  // address, behind the one that it connects to
  bool open_ = true;
  bool connected_ = false;
  bool shut_ = false;  // the sending side is closed
};

}  // namespace keyhole::net
