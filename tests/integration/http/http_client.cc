#include "tests/integration/http/http_client.h"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <stdexcept>
#include <utility>

namespace keyhole::test {
namespace {

std::string Lower(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lower;
}

[[noreturn]] void NotHttp(std::string_view bytes) {
  throw std::runtime_error("not HTTP: " + std::string(bytes.substr(0, 200)));
}

// The status line and the headers, without the empty line.
HttpReply ParseHead(std::string_view head) {
  HttpReply reply;
  const size_t end_of_line = std::min(head.find("\r\n"), head.size());
  const std::string_view line = head.substr(0, end_of_line);
  if (!line.starts_with("HTTP/1.") || line.size() < 12) NotHttp(head);
  reply.version = line.substr(0, 8);
  if (std::from_chars(line.data() + 9, line.data() + 12, reply.status).ec != std::errc()) {
    NotHttp(head);
  }
  head.remove_prefix(std::min(end_of_line + 2, head.size()));
  while (!head.empty()) {
    const size_t end = std::min(head.find("\r\n"), head.size());
    const std::string_view header = head.substr(0, end);
    const size_t colon = header.find(": ");
    if (colon == std::string_view::npos) NotHttp(header);
    if (!reply.headers.emplace(Lower(header.substr(0, colon)), header.substr(colon + 2)).second) {
      NotHttp(header);  // the same header twice
    }
    head.remove_prefix(std::min(end + 2, head.size()));
  }
  return reply;
}

}  // namespace

std::ostream& operator<<(std::ostream& out, const HttpReply& reply) {
  return out << reply.status << " " << reply.body.substr(0, 200);
}

std::string HttpClient::Format(std::string_view method, std::string_view target,
                               std::string_view body, const std::vector<std::string>& headers) {
  std::string request(method);
  request.append(" ").append(target).append(" HTTP/1.1\r\nHost: localhost\r\n");
  for (const std::string& header : headers) request.append(header).append("\r\n");
  if (!body.empty()) request += "Content-Length: " + std::to_string(body.size()) + "\r\n";
  return request.append("\r\n").append(body);
}

HttpReply HttpClient::Call(std::string_view method, std::string_view target, std::string_view body,
                           const std::vector<std::string>& headers) {
  Send(Format(method, target, body, headers));
  return Read(method == "HEAD");
}

HttpReply HttpClient::Read(bool to_head) {
  const Clock::time_point until = Clock::now() + deadline_;
  size_t end = 0;
  while ((end = buffer_.find("\r\n\r\n")) == std::string::npos) MustReceive(until);
  HttpReply reply = ParseHead(std::string_view(buffer_).substr(0, end));
  buffer_.erase(0, end + 4);
  if (to_head || reply.status == 204 || reply.status < 200) return reply;
  const std::string length = reply.header("content-length");
  size_t size = 0;
  if (length.empty() ||
      std::from_chars(length.data(), length.data() + length.size(), size).ec != std::errc()) {
    throw std::runtime_error("an answer without Content-Length");
  }
  while (buffer_.size() < size) MustReceive(until);
  reply.body = buffer_.substr(0, size);
  buffer_.erase(0, size);
  // JSON ends with the line; what it says is without it.
  const bool is_json = reply.header("content-type") == "application/json" &&
                       reply.header("content-encoding").empty() && size > 0;
  if (is_json) {
    if (reply.body.back() != '\n') throw std::runtime_error("JSON without a line end");
    reply.body.pop_back();
  }
  return reply;
}

std::string HttpClient::ReadUntilClosed() {
  const Clock::time_point until = Clock::now() + deadline_;
  while (Receive(until)) {
  }
  return std::exchange(buffer_, {});
}

bool HttpClient::Quiet() {
  pollfd ready{.fd = raw_.fd(), .events = POLLIN, .revents = 0};
  return buffer_.empty() && poll(&ready, 1, 0) == 0;
}

void HttpClient::MustReceive(Clock::time_point until) {
  if (!Receive(until)) throw std::runtime_error("closed instead of an answer: " + buffer_);
}

bool HttpClient::Receive(Clock::time_point until) {
  std::array<char, 64 * 1024> chunk;
  while (true) {
    pollfd ready{.fd = raw_.fd(), .events = POLLIN, .revents = 0};
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - Clock::now()).count();
    const int count = poll(&ready, 1, static_cast<int>(std::max<decltype(left)>(left, 0)));
    if (count == 0) throw std::runtime_error("no answer before the deadline");
    if (count < 0 && errno != EINTR) throw std::runtime_error("poll failed");
    if (count < 0) continue;
    const ssize_t got = recv(raw_.fd(), chunk.data(), chunk.size(), MSG_DONTWAIT);
    if (got > 0) {
      buffer_.append(chunk.data(), static_cast<size_t>(got));
      return true;
    }
    if (got == 0 || errno == ECONNRESET) return false;
  }
}

}  // namespace keyhole::test
