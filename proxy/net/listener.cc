#include "proxy/net/listener.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstring>
#include <utility>

namespace keyhole::net {
namespace {

constexpr int kBacklog = 511;
// When no descriptor is left, waiting helps and trying at once does not.
constexpr std::chrono::milliseconds kPause{50};

}  // namespace

std::string DescribePeer(const Socket& socket, const core::Endpoint& listener) {
  if (listener.kind == core::Endpoint::Kind::kUnix) return listener.path + ":0";
  error_code error;
  const Protocol::endpoint peer = socket.remote_endpoint(error);
  if (error) return "?:0";
  asio::ip::tcp::endpoint address;
  address.resize(peer.size());
  std::memcpy(address.data(), peer.data(), peer.size());
  return core::Endpoint::Tcp(address.address().to_string(), address.port()).ToString();
}

Listener::Listener(asio::io_context& context, core::Endpoint endpoint)
    : acceptor_(context), pause_(context), endpoint_(std::move(endpoint)) {}

Listener::~Listener() {
  Close();
}

bool Listener::Open(std::string* problem) {
  if (endpoint_.kind == core::Endpoint::Kind::kUnix) {
    if (endpoint_.path.size() >= 108) {
      *problem = "cannot listen on " + endpoint_.ToString() + ": the path is longer than 107 bytes";
      return false;
    }
    RemoveStaleSocket();
    return OpenAt(asio::local::stream_protocol::endpoint(endpoint_.path), problem);
  }
  asio::ip::basic_resolver<asio::ip::tcp, Executor> resolver(acceptor_.get_executor());
  error_code error;
  const auto found = resolver.resolve(endpoint_.host, std::to_string(endpoint_.port),
                                      asio::ip::resolver_base::passive, error);
  if (error || found.empty()) {
    *problem = "cannot listen on " + endpoint_.ToString() + ": " + error.message();
    return false;
  }
  return OpenAt(found.begin()->endpoint(), problem);
}

bool Listener::OpenAt(const Protocol::endpoint& address, std::string* problem) {
  error_code error;
  acceptor_.open(address.protocol(), error);
  if (!error) acceptor_.set_option(asio::socket_base::reuse_address(true), error);
  if (!error) acceptor_.bind(address, error);
  if (!error) acceptor_.listen(kBacklog, error);
  if (error) {
    const bool taken = error == asio::error::address_in_use;
    *problem = "cannot listen on " + endpoint_.ToString() + ": " +
               (taken ? "the address is in use; stop what listens there or choose another one"
                      : error.message());
    return false;
  }
  bound_ = true;
  if (endpoint_.kind == core::Endpoint::Kind::kTcp) {
    asio::ip::tcp::endpoint local;
    const Protocol::endpoint generic = acceptor_.local_endpoint(error);
    local.resize(generic.size());
    std::memcpy(local.data(), generic.data(), generic.size());
    endpoint_.port = local.port();
  }
  return true;
}

// The socket file of a process that is no more stands in the way. One that still answers is left.
void Listener::RemoveStaleSocket() {
  struct stat info {};
  if (::stat(endpoint_.path.c_str(), &info) != 0 || !S_ISSOCK(info.st_mode)) return;
  Socket probe(acceptor_.get_executor());
  error_code error;
  probe.connect(asio::local::stream_protocol::endpoint(endpoint_.path), error);
  if (error == asio::error::connection_refused) ::unlink(endpoint_.path.c_str());
}

void Listener::Accept() {
  acceptor_.async_accept([this](error_code error, Socket socket) {
    if (error == asio::error::operation_aborted || !acceptor_.is_open()) return;
    if (error == asio::error::no_descriptors || error == asio::error::no_memory) {
      pause_.expires_after(kPause);
      pause_.async_wait([this](error_code aborted) {
        if (!aborted) Accept();
      });
      return;
    }
    if (!error) {
      std::string peer = DescribePeer(socket, endpoint_);
      on_accept_(std::move(socket), std::move(peer));
    }
    Accept();
  });
}

void Listener::Close() {
  error_code ignored;
  pause_.cancel();
  acceptor_.close(ignored);
  if (std::exchange(bound_, false) && endpoint_.kind == core::Endpoint::Kind::kUnix) {
    ::unlink(endpoint_.path.c_str());
  }
}

}  // namespace keyhole::net
