#include "proxy/net/dialogue.h"

#include <array>
#include <utility>
#include <vector>

#include "proxy/net/proxy_header.h"
#include "proxy/net/tcp_stream.h"
#include "proxy/net/tls_stream.h"

namespace keyhole::net {

Dialogue::~Dialogue() {
  if (stream_ != nullptr) stream_->Close();
}

bool Dialogue::Fail(std::string_view problem) {
  if (problem_.empty()) problem_ = problem;
  return false;
}

// Runs what happens on the socket until it is done, or time is up.
bool Dialogue::Wait(const std::function<bool()>& done) {
  const auto until = std::chrono::steady_clock::now() + timeout_;
  while (!done()) {
    context_.restart();
    if (context_.run_one_until(until) == 0) return false;
  }
  return true;
}

// A connected socket, of the first address that answers; -1: there is none.
int Dialogue::ConnectSocket(const core::Endpoint& endpoint) {
  std::vector<Protocol::endpoint> addresses;
  if (endpoint.kind == core::Endpoint::Kind::kUnix) {
    addresses.emplace_back(asio::local::stream_protocol::endpoint(endpoint.path));
  } else {
    error_code error;
    asio::ip::basic_resolver<asio::ip::tcp, Executor> resolver(context_);
    for (const auto& found :
         resolver.resolve(endpoint.host, std::to_string(endpoint.port), error)) {
      addresses.emplace_back(found.endpoint());
    }
    if (error) Fail(error.message());
  }
  for (const Protocol::endpoint& address : addresses) {
    Socket socket(context_);
    std::optional<error_code> outcome;
    socket.async_connect(address, [&outcome](error_code error) { outcome = error; });
    const bool in_time = Wait([&outcome] { return outcome.has_value(); });
    error_code ignored;
    if (in_time && !*outcome) return socket.release(ignored);
    problem_ = in_time ? outcome->message() : "Connection timed out";
    socket.close(ignored);
    Wait([&outcome] { return outcome.has_value(); });  // it writes to what goes away here
  }
  return -1;
}

bool Dialogue::Connect(const core::Endpoint& endpoint, const TlsContext::Pointer& tls) {
  const int descriptor = ConnectSocket(endpoint);
  if (descriptor < 0) return false;
  problem_.clear();
  stream_ = std::make_unique<TcpStream>(context_, descriptor);
  if (endpoint.proxy) SendProxyHeader(descriptor);
  if (endpoint.tls) {
    stream_ = TlsStream::ToUpstream(
        std::move(stream_), tls, endpoint.ToString(), [this](const TlsOutcome& outcome) {
          if (!outcome.ok()) Fail("TLS: " + outcome.text + std::string(outcome.UpstreamHint()));
        });
  }
  if (!stream_->Open(*this)) return Fail("the socket cannot be watched");
  stream_->set_readable();  // TLS speaks first
  const bool in_time = Wait([this] {
    if (!stream_->established() && stream_->readable()) Take();
    return stream_->established() || stream_->broken();
  });
  if (stream_->established()) return true;
  return Fail(in_time ? "TLS failed" : "TLS: no answer to the handshake; is this its TLS port?");
}

bool Dialogue::Say(std::string_view bytes) {
  return Wait([this, &bytes] {
           size_t n = 0;
           if (stream_->has_unsent()) stream_->Flush();
           if (!stream_->full() && !bytes.empty()) stream_->Write(bytes, &n);
           bytes.remove_prefix(n);
           if (!bytes.empty() && !stream_->broken()) stream_->WaitWritable();
           return stream_->broken() || (bytes.empty() && !stream_->has_unsent());
         }) &&
         !stream_->broken();
}

// Reads what is there. False: no more will come.
bool Dialogue::Take() {
  std::array<char, 4096> room{};
  size_t n = 0;
  switch (stream_->Read(room, &n)) {
    case Stream::Io::kSome:
      heard_.append(room.data(), n);
      return true;
    case Stream::Io::kWouldBlock:
      return true;
    case Stream::Io::kEof:
      return Fail("Server closed the connection");
    case Stream::Io::kError:
      return Fail(stream_->problem().empty() ? "the connection broke" : stream_->problem());
  }
  return false;
}

std::optional<std::string> Dialogue::Hear() {
  heard_.erase(0, std::exchange(taken_, 0));
  size_t scanned = 0;
  auto result = resp::ReplyScanner::Result::kNeedMore;
  const bool in_time = Wait([&] {
    do {
      size_t used = 0;
      result = scanner_.Scan(std::string_view(heard_).substr(scanned), &used);
      scanned += used;
    } while (result == resp::ReplyScanner::Result::kNeedMore && stream_->readable() && Take());
    return result != resp::ReplyScanner::Result::kNeedMore || !problem_.empty();
  });
  if (result == resp::ReplyScanner::Result::kDone) {
    taken_ = scanned;
    return heard_.substr(0, scanned);
  }
  Fail(!in_time ? "Resource temporarily unavailable" : "what came is no reply");
  return std::nullopt;
}

}  // namespace keyhole::net
