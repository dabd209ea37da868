// A listening socket (TCP or unix): accepts connections and hands each to `on_accept`.
//
// Thread: that of the io_context it was made with.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "proxy/base/endpoint.h"
#include "proxy/net/asio.h"
#include "proxy/net/given_sockets.h"

namespace keyhole::net {

class Listener {
 public:
  // peer: the client's address, for people.
  using OnAccept = std::function<void(Socket socket, std::string peer)>;

  Listener(asio::io_context& context, core::Endpoint endpoint);
  ~Listener();

  // To be called before Start().
  void set_on_accept(OnAccept on_accept) { on_accept_ = std::move(on_accept); }
  // starved: no descriptor is left, so nobody is accepted for a while; false: that is over.
  void set_on_starved(std::function<void(bool starved)> on_starved) {
    on_starved_ = std::move(on_starved);
  }
  // Binds and listens, or takes the socket that was given for the address. False: it cannot be
  // done; *problem is one line that says why.
  bool Open(GivenSockets& given, std::string* problem);
  void Start() { Accept(); }
  void Close();
  // With the port that the kernel chose, if it was asked to.
  const core::Endpoint& endpoint() const { return endpoint_; }

 private:
  bool TakeGiven(int descriptor, std::string* problem);
  bool OpenAt(const Protocol::endpoint& address, std::string* problem);
  void Bind(const Protocol::endpoint& address, std::string* problem, error_code& error);
  void RemoveStaleSocket();
  void Accept();

  ListeningSocket acceptor_;
  Timer pause_;
  core::Endpoint endpoint_;
  OnAccept on_accept_;
  std::function<void(bool)> on_starved_ = [](bool) {};
  bool starved_ = false;
  bool bound_ = false;
};

// "127.0.0.1:50312", "[::1]:50312", "unix:/run/k.sock" for people and for CLIENT LIST.
std::string DescribePeer(const Socket& socket, const core::Endpoint& listener);

}  // namespace keyhole::net
