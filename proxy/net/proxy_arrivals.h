// Connections that a load balancer passes on: read their PROXY header before they are let in under
// the address that it says.
//
//     accepted --from --proxy-from?--> header --whole--> let in     behind it come the client's bytes
//                     '- no: closed      '- malformed, 5 s, 512 others: closed
//
// Only the header is taken from the socket. Each refusal is logged, one line of a kind in ten
// seconds, and counted as a connection refused.
//
// Thread: worker 0's.
#pragma once

#include <boost/asio/ip/network_v4.hpp>
#include <boost/asio/ip/network_v6.hpp>
#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "proxy/links/link_context.h"
#include "proxy/net/asio.h"
#include "proxy/net/log_limit.h"
#include "proxy/net/proxy_header.h"

namespace keyhole::net {

class ProxyArrivals {
 public:
  static constexpr std::chrono::seconds kPatience{5};
  static constexpr size_t kMost = 512;

  // peer: the client's address; that of the load balancer where the header names none.
  using LetIn = std::function<void(Socket socket, std::string peer)>;

  // context outlives this.
  explicit ProxyArrivals(core::LinkContext& context) : context_(context) {}

  // Who may send a header: addresses and networks, "10.0.0.7", "10.0.0.0/8", "fd00::/8". False:
  // *problem is one line.
  bool Trust(const std::vector<std::string>& networks, std::string* problem);
  void Take(Socket socket, std::string peer, LetIn let_in);
  void Close();

 private:
  struct Arrival {
    Arrival(Socket socket_in, std::string peer_in, LetIn let_in_in)
        : socket(std::move(socket_in)),
          timer(socket.get_executor()),
          peer(std::move(peer_in)),
          let_in(std::move(let_in_in)) {}

    Socket socket;
    Timer timer;
    std::string peer;
    LetIn let_in;
    ProxyHeader header;
  };

  using Pointer = std::shared_ptr<Arrival>;

  bool IsTrusted(const std::string& peer) const;
  void Read(const Pointer& arrival);
  ProxyHeader::Result TakeHeader(Arrival& arrival);
  void Finish(const Pointer& arrival, ProxyHeader::Result result);
  void Refuse(const std::string& peer, std::string_view why);

  core::LinkContext& context_;
  std::vector<asio::ip::network_v4> v4_;
  std::vector<asio::ip::network_v6> v6_;
  std::set<Pointer> arrivals_;
  LogLimit refused_;
};

}  // namespace keyhole::net
