#include "proxy/net/client_connection.h"

#include <utility>

namespace keyhole::net {

using metrics::CloseReason;

ClientConnection::ClientConnection(Loop& loop, core::SessionContext& context,
                                   Registry<ClientConnection>& registry, std::string_view address)
    : PeerConnection(loop),
      registry_(registry),
      session_(new core::ClientSession(context, address, *this)) {
  registry_.Add(*this);
}

ClientConnection::~ClientConnection() = default;

void ClientConnection::Start(std::unique_ptr<Stream> stream) {
  if (!Open(std::move(stream))) Close(CloseReason::kNetworkError);
}

void ClientConnection::OnFinished() {
  if (registry_.linger && is_open() && stream().established()) {
    const int descriptor = stream().EndGently();
    if (descriptor >= 0) registry_.linger(descriptor);
  }
  if (!stream().established()) return Close(CloseReason::kHandshake);
  Close(stream().broken() ? CloseReason::kNetworkError : CloseReason::kByClient);
}

void ClientConnection::Close(CloseReason reason) {
  if (session_->detached()) return;
  const boost::intrusive_ptr<ClientConnection> self(this);
  CloseStream();
  session_->Detach(reason);
  registry_.Remove(*this);
}

}  // namespace keyhole::net
