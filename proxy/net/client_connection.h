// The socket of a RESP client: moves bytes between it and a ClientSession.
//
// Thread: its worker's.
#pragma once

#include <string_view>

#include "proxy/net/connection.h"
#include "proxy/sessions/client_session.h"

namespace keyhole::net {

class ClientConnection final : public Connection {
 public:
  ClientConnection(Worker& worker, std::string_view address);
  ~ClientConnection() override;

  // Takes the descriptor.
  void Start(int descriptor);
  core::ClientSession& session() { return *session_; }
  void Close(metrics::CloseReason reason);
  // Something has come that has not been read.
  bool HasUnread() const { return stream_.HasUnread(); }

 private:
  void ReadIn() override;
  void WriteOut() override;
  void OnSilence() override { session_->Trim(); }
  void WriteReplies();
  void OnBroken();

  boost::intrusive_ptr<core::ClientSession> session_;
  metrics::CloseReason reason_ = metrics::CloseReason::kByClient;
};

}  // namespace keyhole::net
