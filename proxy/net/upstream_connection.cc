#include "proxy/net/upstream_connection.h"

#include <string>
#include <utility>
#include <vector>

#include "proxy/net/worker.h"

namespace keyhole::net {
namespace {

constexpr int kReadsPerTurn = 16;

}  // namespace

void UpstreamConnection::Start(Worker& worker, core::UpstreamEnd& link,
                               const core::Endpoint& endpoint) {
  const boost::intrusive_ptr<UpstreamConnection> self(new UpstreamConnection(worker, link));
  link.BindTransport(self.get());
  // Not from inside the link's own call.
  asio::post(worker.context(), [self, endpoint] {
    self->worker_.BeginTurn();
    if (self->open_) self->Resolve(endpoint);
  });
}

UpstreamConnection::UpstreamConnection(Worker& worker, core::UpstreamEnd& link)
    : Connection(worker, Writes::kFirst),
      link_(&link),
      connecting_(worker.context()),
      resolver_(worker.context()),
      began_(worker.state().now) {
  worker_.Register(*this);
}

UpstreamConnection::~UpstreamConnection() = default;

void UpstreamConnection::Resolve(const core::Endpoint& endpoint) {
  if (endpoint.kind == core::Endpoint::Kind::kUnix) {
    return ConnectTo({asio::local::stream_protocol::endpoint(endpoint.path)}, 0);
  }
  resolver_.async_resolve(
      endpoint.host, std::to_string(endpoint.port),
      [self = boost::intrusive_ptr(this)](error_code error, const auto& results) {
        self->worker_.BeginTurn();
        if (!self->open_) return;
        if (error) return self->Lose();
        std::vector<Protocol::endpoint> endpoints;
        for (const auto& result : results) endpoints.emplace_back(result.endpoint());
        self->ConnectTo(std::move(endpoints), 0);
      });
}

// Tries one address after the other.
void UpstreamConnection::ConnectTo(std::vector<Protocol::endpoint> endpoints, size_t index) {
  if (index == endpoints.size()) return Lose();
  error_code ignored;
  connecting_.close(ignored);
  const Protocol::endpoint endpoint = endpoints[index];
  connecting_.async_connect(endpoint,
                            [self = boost::intrusive_ptr(this), endpoints = std::move(endpoints),
                             index](error_code error) mutable {
                              self->worker_.BeginTurn();
                              if (!self->open_) return;
                              if (error) return self->ConnectTo(std::move(endpoints), index + 1);
                              self->OnConnected();
                            });
}

void UpstreamConnection::OnConnected() {
  error_code error;
  const int descriptor = connecting_.release(error);
  if (error || !stream_.Open(descriptor)) return Lose();
  connected_ = true;
  link_->OnConnected();
  Wake();
}

void UpstreamConnection::ReadIn() {
  const std::span<char> room = worker_.state().read_buffer();
  for (int i = 0; i < kReadsPerTurn && stream_.readable() && link_->wants_read(); ++i) {
    size_t n = 0;
    const Stream::Io result = stream_.Read(room, &n);
    if (result == Stream::Io::kWouldBlock) break;
    if (result != Stream::Io::kSome || !link_->OnRead({room.data(), n})) return Lose();
  }
  if (!open_) return;
  if (link_->gone()) return Close();
  if (link_->wants_read()) ReadLater();
}

// One call for all that there is, unless it does not fit.
void UpstreamConnection::WriteRequests() {
  while (!write_blocked()) {
    const std::string_view bytes = link_->PrepareWrite();
    if (bytes.empty()) return;
    size_t n = 0;
    const Stream::Io result = stream_.Write(bytes, &n);
    if (result == Stream::Io::kSome) link_->CommitWrite(n);
    if (result == Stream::Io::kError || result == Stream::Io::kEof) return Lose();
    if (n < bytes.size()) WriteWhenPossible();
  }
}

void UpstreamConnection::WriteOut() {
  if (!open_) return;
  if (link_->gone()) return Close();
  if (!connected_) return;
  WriteRequests();
  if (!open_) return;
  if (link_->wants_shutdown() && !std::exchange(shut_, true)) stream_.ShutdownWrite();
  if (link_->wants_read()) ReadLater();
}

void UpstreamConnection::ExpireConnecting() {
  if (!open_ || connected_) return;
  const auto limit = worker_.state().config.links.connect_timeout;
  if (worker_.state().now - began_ >= limit) Lose();
}

void UpstreamConnection::Lose() {
  if (!open_) return;
  const boost::intrusive_ptr<UpstreamConnection> self(this);
  const boost::intrusive_ptr<core::UpstreamEnd> link = link_;
  Close();
  link->OnDisconnected();
}

void UpstreamConnection::Close() {
  if (!std::exchange(open_, false)) return;
  const boost::intrusive_ptr<UpstreamConnection> self(this);
  link_->BindTransport(nullptr);
  resolver_.cancel();
  error_code ignored;
  connecting_.close(ignored);
  stream_.Close();
  worker_.Unregister(*this);
}

}  // namespace keyhole::net
