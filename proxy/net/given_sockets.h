// Listening sockets that whoever started the process has opened already, as systemd does by socket
// activation: clients that come while the process is started again wait there and are not refused.
//
// A socket belongs to the address of --listen, --http or --metrics that it is bound to. Where one
// of them is every address of a family (0.0.0.0, [::]) the port decides, as systemd listens on both
// families by one socket.
//
// Thread: one.
#pragma once

#include <string>
#include <vector>

#include "proxy/base/endpoint.h"

namespace keyhole::net {

class GivenSockets {
 public:
  // Takes the descriptors.
  explicit GivenSockets(const std::vector<int>& descriptors);
  ~GivenSockets();
  GivenSockets(const GivenSockets&) = delete;
  GivenSockets& operator=(const GivenSockets&) = delete;

  // The one for this address, which is the caller's from now on; -1: there is none.
  int Take(const core::Endpoint& endpoint);
  // Where those listen that nobody has taken.
  std::vector<std::string> Left() const;

 private:
  struct Given {
    int descriptor;
    core::Endpoint at;
  };

  std::vector<Given> given_;
};

}  // namespace keyhole::net
