#include "proxy/net/listener.h"

#include <grp.h>
#include <pwd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstring>
#include <utility>

namespace keyhole::net {
namespace {

constexpr int kBacklog = 511;
// When no descriptor is left, waiting helps and trying at once does not.
constexpr std::chrono::milliseconds kPause{50};
constexpr mode_t kClosedMask = 0177;
constexpr uint32_t kSharedMode = 0660;

bool IsGiven(const core::SocketAccess& access) {
  return access.mode.has_value() || !access.user.empty() || !access.group.empty();
}

// The number of a user or group: the text is one, or find() knows it. False: neither.
template <typename Id, typename Find>
bool IdOf(const std::string& text, Find find, Id* id) {
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, *id);
  if (error == std::errc() && stop == end) return true;
  return find(text.c_str(), id);
}

bool FindUser(const char* name, uid_t* id) {
  const passwd* const found = ::getpwnam(name);  // at start: no other thread asks
  if (found != nullptr) *id = found->pw_uid;
  return found != nullptr;
}

bool FindGroup(const char* name, gid_t* id) {
  const group* const found = ::getgrnam(name);
  if (found != nullptr) *id = found->gr_gid;
  return found != nullptr;
}

// Gives the socket's file its owners, then its mode; gives what went wrong.
std::string ApplyAccess(const std::string& path, const core::SocketAccess& access) {
  uid_t user = static_cast<uid_t>(-1);
  gid_t group = static_cast<gid_t>(-1);
  if (!access.user.empty() && !IdOf(access.user, FindUser, &user)) {
    return "there is no user '" + access.user + "'";
  }
  if (!access.group.empty() && !IdOf(access.group, FindGroup, &group)) {
    return "there is no group '" + access.group + "'";
  }
  if (::lchown(path.c_str(), user, group) != 0) {
    return std::string("its owner cannot be changed (") + std::strerror(errno) +
           "); only root may give it to another user or to a group that keyhole is not in";
  }
  if (::chmod(path.c_str(), access.mode.value_or(kSharedMode)) != 0) {
    return std::string("its mode cannot be changed: ") + std::strerror(errno);
  }
  return {};
}

// Of the process or of the machine.
bool IsStarved(const error_code& error) {
  const int number = error.value();
  return number == EMFILE || number == ENFILE || number == ENOBUFS || number == ENOMEM;
}

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

// It is not ours: its file stays when we go.
bool Listener::TakeGiven(int descriptor, std::string* problem) {
  sockaddr_storage address{};
  socklen_t size = sizeof(address);
  ::getsockname(descriptor, reinterpret_cast<sockaddr*>(&address), &size);
  error_code error;
  acceptor_.assign(Protocol(address.ss_family, SOCK_STREAM), descriptor, error);
  if (!error) return true;
  ::close(descriptor);
  *problem = "cannot listen on " + endpoint_.ToString() +
             ": the socket that was given for it: " + error.message();
  return false;
}

bool Listener::Open(GivenSockets& given, std::string* problem) {
  const int descriptor = given.Take(endpoint_);
  if (descriptor >= 0) return TakeGiven(descriptor, problem);
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
  if (!error) Bind(address, problem, error);
  if (!problem->empty()) return false;
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

// A unix socket whose mode or owner is given is nobody else's until it has them, and nobody can
// connect before that: it listens later. *problem stays empty where it is the call that fails.
void Listener::Bind(const Protocol::endpoint& address, std::string* problem, error_code& error) {
  const core::SocketAccess& access = endpoint_.access;
  if (endpoint_.kind != core::Endpoint::Kind::kUnix || !IsGiven(access)) {
    acceptor_.bind(address, error);
    return;
  }
  const mode_t mask = ::umask(kClosedMask);  // of the process; nobody else makes files yet
  acceptor_.bind(address, error);
  ::umask(mask);
  if (error) return;
  bound_ = true;
  const std::string wrong = ApplyAccess(endpoint_.path, access);
  if (!wrong.empty()) *problem = "cannot listen on " + endpoint_.ToString() + ": " + wrong;
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
    // What was accepted before it was closed is a client all the same.
    if (error == asio::error::operation_aborted || (error && !acceptor_.is_open())) return;
    if (IsStarved(error)) {
      on_starved_(true);
      starved_ = true;
      pause_.expires_after(kPause);
      pause_.async_wait([this](error_code aborted) {
        if (!aborted) Accept();
      });
      return;
    }
    if (!error) {
      if (std::exchange(starved_, false)) on_starved_(false);
      std::string peer = DescribePeer(socket, endpoint_);
      on_accept_(std::move(socket), std::move(peer));
    }
    if (acceptor_.is_open()) Accept();
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
