#include "tests/bench/load/connection.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <unistd.h>

#include <cerrno>
#include <stdexcept>
#include <system_error>

namespace keyhole::load {
namespace {

std::system_error LastError(const char* what) {
  return {errno, std::generic_category(), what};
}

}  // namespace

Connection::Connection(const Target& to) {
  fd_ = socket(to.address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd_ < 0) throw LastError("socket");
  if (connect(fd_, reinterpret_cast<const sockaddr*>(&to.address), to.size) != 0) {
    const std::system_error error = LastError("connect");
    close(fd_);
    throw error;
  }
  if (to.address.ss_family != AF_UNIX) {
    const int yes = 1;
    setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
  }
}

Connection::~Connection() {
  close(fd_);
}

void Connection::Ask(std::string_view bytes, size_t replies) {
  out_.assign(bytes);
  Flush();
  for (size_t i = 0; i < replies; ++i) Expect({});
  while (!due_.empty()) {
    Read([](Clock::time_point, const resp::ReplyHead& head) {
      if (head.is_error()) throw std::runtime_error("the answer is " + std::string(head.text));
    });
  }
}

void Connection::GoAsync() {
  if (fcntl(fd_, F_SETFL, O_NONBLOCK) != 0) throw LastError("fcntl");
}

bool Connection::Flush() {
  while (written_ < out_.size()) {
    const ssize_t n = send(fd_, out_.data() + written_, out_.size() - written_, MSG_NOSIGNAL);
    if (n >= 0) {
      written_ += static_cast<size_t>(n);
    } else if (errno == EAGAIN) {
      return false;
    } else if (errno != EINTR) {
      throw LastError("send");
    }
  }
  out_.clear();
  written_ = 0;
  return true;
}

std::string_view Connection::Receive() {
  static char buffer[256 * 1024];  // one thread, and nothing is kept in it
  const ssize_t n = recv(fd_, buffer, sizeof(buffer), 0);
  if (n > 0) return {buffer, static_cast<size_t>(n)};
  if (n == 0) throw std::runtime_error("the server has closed a connection");
  if (errno == EAGAIN || errno == EINTR) return {};
  throw LastError("recv");
}

bool Connection::NextReply(std::string_view* in) {
  size_t used = 0;
  const auto result = scanner_.Scan(*in, &used);
  in->remove_prefix(used);
  if (result == resp::ReplyScanner::Result::kError) throw std::runtime_error("this is no RESP");
  if (result == resp::ReplyScanner::Result::kNeedMore) return false;
  if (due_.empty()) throw std::runtime_error("a reply to nothing");
  return true;
}

}  // namespace keyhole::load
