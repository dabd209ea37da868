#include "tests/integration/near_cache/relay.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <stdexcept>
#include <utility>

#include "tests/support/loopback.h"

namespace keyhole::test {
namespace {

void NoDelay(int fd) {
  const int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
}

void SendAll(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (n <= 0) return;
    bytes.remove_prefix(static_cast<size_t>(n));
  }
}

}  // namespace

Relay::Relay(uint16_t redis_port) : redis_port_(redis_port) {
  listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = Loopback(0);
  socklen_t size = sizeof(address);
  auto* const generic = reinterpret_cast<sockaddr*>(&address);
  if (bind(listener_, generic, size) != 0 || listen(listener_, 64) != 0 ||
      getsockname(listener_, generic, &size) != 0) {
    throw std::runtime_error("the relay cannot listen");
  }
  port_ = ntohs(address.sin_port);
  thread_ = std::thread([this] { Run(); });
}

Relay::~Relay() {
  stop_ = true;
  thread_.join();
  for (const auto& connection : connections_) End(*connection);
  close(listener_);
}

void Relay::Run() {
  while (!stop_) {
    std::vector<pollfd> fds = {{listener_, POLLIN, 0}};
    bool late = false;
    for (const auto& connection : connections_) {
      const bool silent = connection->is_near && harm_ == Harm::kSilence;
      const short events = silent ? short{0} : short{POLLIN};
      fds.push_back({connection->proxy, POLLIN, 0});
      fds.push_back({connection->redis, events, 0});
      late = late || !connection->late.empty();
    }
    poll(fds.data(), fds.size(), late ? 1 : 10);
    const size_t had = connections_.size();
    if (fds[0].revents != 0) Accept();
    for (size_t i = 0; i < had; ++i) {
      Connection& connection = *connections_[i];
      if (fds[1 + 2 * i].revents != 0) FromProxy(connection);
      if (connection.open && fds[2 + 2 * i].revents != 0) FromRedis(connection);
      if (connection.open) SendDue(connection);
    }
    std::erase_if(connections_, [](const auto& connection) { return !connection->open; });
  }
}

void Relay::Accept() {
  auto connection = std::make_unique<Connection>();
  connection->proxy = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
  connection->redis = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_in address = Loopback(redis_port_);
  NoDelay(connection->proxy);
  NoDelay(connection->redis);
  if (connect(connection->redis, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) !=
      0) {
    return End(*connection);
  }
  connections_.push_back(std::move(connection));
}

void Relay::FromProxy(Connection& connection) {
  char bytes[65536];
  const ssize_t n = recv(connection.proxy, bytes, sizeof(bytes), 0);
  if (n <= 0) return End(connection);
  const std::string_view said(bytes, static_cast<size_t>(n));
  if (connection.said.size() < 256) {
    connection.said.append(said.substr(0, 256));
    connection.is_near = connection.said.find("keyhole-near") != std::string::npos;
  }
  SendAll(connection.redis, said);
}

void Relay::FromRedis(Connection& connection) {
  char room[65536];
  const ssize_t n = recv(connection.redis, room, sizeof(room), 0);
  if (n <= 0) return End(connection);
  std::string_view bytes(room, static_cast<size_t>(n));
  if (!connection.is_near) return SendAll(connection.proxy, bytes);
  while (!bytes.empty()) {
    size_t used = 0;
    const auto result = connection.scanner.Scan(bytes, &used);
    connection.part.append(bytes.substr(0, used));
    bytes.remove_prefix(used);
    if (result == resp::ReplyScanner::Result::kError) return End(connection);
    if (result != resp::ReplyScanner::Result::kDone) return;
    const bool push = connection.scanner.head().type == resp::ReplyType::kPush;
    TakeFrame(connection, std::exchange(connection.part, {}), push);
  }
}

void Relay::TakeFrame(Connection& connection, std::string frame, bool push) {
  const Harm harm = harm_;
  const Clock::time_point due = Clock::now() + delay_.load();
  if (push && harm == Harm::kNoPushes) return;
  const bool late = harm == Harm::kSlow || (push && harm == Harm::kLatePushes);
  // In order, unless the harm is that they are not.
  if (late || (harm != Harm::kLatePushes && !connection.late.empty())) {
    connection.late.push_back({std::move(frame), late ? due : Clock::now()});
  } else {
    SendAll(connection.proxy, frame);
  }
}

void Relay::SendDue(Connection& connection) {
  while (!connection.late.empty() && connection.late.front().due <= Clock::now()) {
    SendAll(connection.proxy, connection.late.front().bytes);
    connection.late.pop_front();
  }
}

void Relay::End(Connection& connection) {
  if (!std::exchange(connection.open, false)) return;
  close(connection.proxy);
  close(connection.redis);
}

}  // namespace keyhole::test
