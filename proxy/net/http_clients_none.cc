// A library without HTTP: see http_clients.h.
#include "proxy/net/http_clients.h"

namespace keyhole::net {

std::unique_ptr<HttpClients> HttpClients::Make(Loop&, core::WorkerState&, Handshakes&,
                                               const std::function<void()>&) {
  return nullptr;
}

}  // namespace keyhole::net
