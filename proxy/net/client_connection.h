// The connection of a RESP client: moves bytes between a stream and a ClientSession.
//
// Thread: its loop's.
#pragma once

#include <memory>
#include <string_view>

#include "proxy/net/peer_connection.h"
#include "proxy/net/registry.h"
#include "proxy/sessions/client_session.h"

namespace keyhole::net {

class ClientConnection final : public PeerConnection<ClientConnection> {
 public:
  ClientConnection(Loop& loop, core::SessionContext& context, Registry<ClientConnection>& registry,
                   std::string_view address);
  ~ClientConnection() override;

  void Start(std::unique_ptr<Stream> stream);
  core::ClientSession& session() { return *session_; }
  void Close(metrics::CloseReason reason);
  void Abandon() override { Close(metrics::CloseReason::kHandshake); }
  core::Endpoint OwnAddress() const override { return stream().OwnAddress(); }
  // Something has come that has not been read.
  bool HasUnread() const { return is_open() && stream().HasUnread(); }

 private:
  friend class PeerConnection<ClientConnection>;

  core::ClientSession& peer() { return *session_; }
  void OnSilence() override { session_->Trim(); }
  void OnFinished();

  Registry<ClientConnection>& registry_;
  boost::intrusive_ptr<core::ClientSession> session_;
};

}  // namespace keyhole::net
