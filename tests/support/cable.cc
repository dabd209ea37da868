#include "tests/support/cable.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <stdexcept>

#include "tests/support/loopback.h"

namespace keyhole::test {
namespace {

constexpr size_t kMostKept = 256 * 1024;

void Prepare(int fd) {
  const int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  fcntl(fd, F_SETFL, O_NONBLOCK);
}

}  // namespace

Cable::Cable() {
  listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  wake_ = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  sockaddr_in address = Loopback(0);
  socklen_t size = sizeof(address);
  if (listener_ < 0 || wake_ < 0 ||
      bind(listener_, reinterpret_cast<sockaddr*>(&address), size) != 0 ||
      listen(listener_, 128) != 0 ||
      getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    throw std::runtime_error("cable: no socket to listen on");
  }
  fcntl(listener_, F_SETFL, O_NONBLOCK);
  port_ = ntohs(address.sin_port);
  thread_ = std::thread([this] { Run(); });
}

Cable::~Cable() {
  SetState(State::kOver);
  thread_.join();
  close(listener_);
  close(wake_);
}

void Cable::SetState(State state) {
  state_ = state;
  const uint64_t one = 1;
  [[maybe_unused]] const ssize_t n = write(wake_, &one, sizeof(one));
}

void Cable::Run() {
  while (state_ != State::kOver) {
    std::vector<pollfd> polled{{wake_, POLLIN, 0}};
    if (state_ == State::kWhole) {
      polled.push_back({listener_, POLLIN, 0});
      for (const auto& pair : pairs_) {
        for (size_t i = 0; i < 2; ++i) {
          const Way& in = pair->ways[i];
          const Way& out = pair->ways[1 - i];
          const bool reads = !in.ended && in.bytes.size() < kMostKept;
          const auto events =
              static_cast<short>((reads ? POLLIN : 0) | (out.bytes.empty() ? 0 : POLLOUT));
          polled.push_back({events == 0 ? -1 : pair->fds[i], events, 0});
        }
      }
    }
    poll(polled.data(), polled.size(), -1);
    uint64_t woken = 0;
    [[maybe_unused]] const ssize_t n = read(wake_, &woken, sizeof(woken));
    if (state_ != State::kWhole) continue;
    for (const auto& pair : pairs_) {
      Move(*pair, 0);
      Move(*pair, 1);
    }
    Accept();
    std::erase_if(pairs_, [](const auto& pair) {
      if (!pair->over) return false;
      for (const int fd : pair->fds) close(fd);
      return true;
    });
  }
  for (const auto& pair : pairs_) {
    for (const int fd : pair->fds) close(fd);
  }
}

void Cable::Accept() {
  while (true) {
    const int client = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (client < 0) return;
    const int server = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const sockaddr_in address = Loopback(to_);
    // On this machine it is there at once or refused.
    if (connect(server, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
      close(client);
      close(server);
      continue;
    }
    Prepare(client);
    Prepare(server);
    pairs_.push_back(std::make_unique<Pair>(Pair{{client, server}, {}}));
  }
}

// What has come on one side to the other.
void Cable::Move(Pair& pair, size_t from) {
  Way& way = pair.ways[from];
  char buffer[65536];
  while (!pair.over && !way.ended && way.bytes.size() < kMostKept) {
    const ssize_t n = recv(pair.fds[from], buffer, sizeof(buffer), 0);
    if (n < 0 && errno != EAGAIN) pair.over = true;
    if (n < 0) break;
    if (n == 0) way.ended = true;
    way.bytes.append(buffer, static_cast<size_t>(n));
  }
  while (!way.bytes.empty() && !pair.over) {
    const ssize_t n = send(pair.fds[1 - from], way.bytes.data(), way.bytes.size(), MSG_NOSIGNAL);
    if (n < 0 && errno != EAGAIN) pair.over = true;
    if (n < 0) break;
    way.bytes.erase(0, static_cast<size_t>(n));
  }
  if (way.ended && way.bytes.empty()) shutdown(pair.fds[1 - from], SHUT_WR);
  if (pair.ways[0].ended && pair.ways[1].ended && pair.ways[0].bytes.empty() &&
      pair.ways[1].bytes.empty()) {
    pair.over = true;
  }
}

}  // namespace keyhole::test
