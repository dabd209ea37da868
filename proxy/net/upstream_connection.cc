#include "proxy/net/upstream_connection.h"

#include <string>
#include <utility>
#include <vector>

namespace keyhole::net {
namespace {

constexpr int kReadsPerTurn = 16;

}  // namespace

UpstreamConnection::UpstreamConnection(Loop& loop, core::WorkerState& state,
                                       Registry<UpstreamConnection>& registry,
                                       core::UpstreamEnd& link)
    : Connection(loop, Loop::Writes::kFirst),
      state_(state),
      registry_(registry),
      link_(&link),
      connecting_(loop.context()),
      resolver_(loop.context()),
      began_(state.now) {
  registry_.Add(*this);
  link_->BindTransport(this);
}

UpstreamConnection::~UpstreamConnection() = default;

void UpstreamConnection::Start(const core::Endpoint& endpoint, MakeStream make_stream) {
  make_stream_ = std::move(make_stream);
  endpoint_ = endpoint;
  loop_.Post([self = boost::intrusive_ptr(this), endpoint] {
    self->loop_.BeginTurn();
    if (self->open_) self->Resolve(endpoint);
  });
}

void UpstreamConnection::Resolve(const core::Endpoint& endpoint) {
  if (endpoint.kind == core::Endpoint::Kind::kUnix) {
    return ConnectTo({asio::local::stream_protocol::endpoint(endpoint.path)}, 0);
  }
  resolver_.async_resolve(
      endpoint.host, std::to_string(endpoint.port),
      [self = boost::intrusive_ptr(this)](error_code error, const auto& results) {
        self->loop_.BeginTurn();
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
  has_another_ = index + 1 < endpoints.size();
  began_ = state_.now;
  connecting_.async_connect(
      endpoint, [self = boost::intrusive_ptr(this), endpoints = std::move(endpoints), endpoint,
                 index](error_code error) mutable {
        self->loop_.BeginTurn();
        if (!self->open_) return;
        if (error) return self->ConnectTo(std::move(endpoints), index + 1);
        const int descriptor = self->connecting_.release(error);
        if (error) return self->Lose();
        self->has_another_ = false;
        self->peer_ = endpoint;
        self->OnConnected(self->make_stream_(descriptor));
      });
}

void UpstreamConnection::OnConnected(std::unique_ptr<Stream> stream) {
  if (!Open(std::move(stream))) return Lose();
  if (this->stream().established()) return OnEstablished();
  this->stream().set_readable();  // it begins, and speaks first
  ReadLater();
}

void UpstreamConnection::CarryOnHandshake() {
  if (!is_open()) return;
  size_t n = 0;
  const Stream::Io result = stream().Read({}, &n);
  if (result == Stream::Io::kError || result == Stream::Io::kEof) return Lose();
  if (stream().established()) OnEstablished();
}

void UpstreamConnection::OnEstablished() {
  connected_ = true;
  link_->OnConnected();
  Wake();
}

void UpstreamConnection::ReadIn() {
  if (!connected_) return CarryOnHandshake();
  const std::span<char> room = state_.read_buffer();
  for (int i = 0; i < kReadsPerTurn && stream().readable() && link_->wants_read(); ++i) {
    size_t n = 0;
    const Stream::Io result = stream().Read(room, &n);
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
    const Stream::Io result = stream().Write(bytes, &n);
    if (result == Stream::Io::kSome) {
      link_->CommitWrite(n);
      state_.links.OnWritten();
    }
    if (result == Stream::Io::kError || result == Stream::Io::kEof) return Lose();
    if (n < bytes.size()) WriteWhenPossible();
  }
}

void UpstreamConnection::WriteOut() {
  if (!open_) return;
  if (link_->gone()) return Close();
  if (is_open() && stream().has_unsent()) stream().Flush();
  if (!connected_) return;
  WriteRequests();
  if (!open_) return;
  if (link_->wants_shutdown() && !std::exchange(shut_, true)) stream().ShutdownWrite();
  if (link_->wants_read()) ReadLater();
}

void UpstreamConnection::ExpireConnecting() {
  if (!open_ || connected_) return;
  const auto limit = state_.config.links.connect_timeout;
  if (state_.now - began_ < limit) return;
  if (!std::exchange(has_another_, false)) return Lose();
  error_code ignored;
  connecting_.cancel(ignored);  // the operation ends, and goes on with the next one
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
  CloseStream();
  registry_.Remove(*this);
}

}  // namespace keyhole::net
