#include "proxy/net/http_connection.h"

#include <utility>

namespace keyhole::net {

HttpConnection::HttpConnection(Loop& loop, core::WorkerState& state,
                               Registry<HttpConnection>& registry, std::string address,
                               Reporter report, const core::HttpGate& gate)
    : PeerConnection(loop),
      state_(state),
      registry_(registry),
      report_(std::move(report)),
      codec_(state, std::move(address), gate, *this,
             [this](const core::HttpReport& what) { MakeReport(what); }) {
  registry_.Add(*this);
}

HttpConnection::~HttpConnection() = default;

void HttpConnection::Start(std::unique_ptr<Stream> stream) {
  if (!Open(std::move(stream))) Close();
}

void HttpConnection::MakeReport(const core::HttpReport& report) {
  report_(report, [self = boost::intrusive_ptr(this)](std::string text) {
    self->loop_.BeginTurn();
    if (!self->closed_) self->codec_.OnReport(std::move(text));
  });
}

void HttpConnection::WriteOut() {
  codec_.BeginWriting();
  PeerConnection::WriteOut();
  if (is_open() && codec_.wants_shutdown() && !std::exchange(shut_, true)) {
    stream().ShutdownWrite();
  }
}

void HttpConnection::Drain() {
  codec_.Drain();
  if (codec_.finished()) Close();
}

void HttpConnection::Tick() {
  codec_.Tick();
  if (codec_.too_slow()) return CloseFor(metrics::HttpCloseReason::kSlowRequest);
  if (codec_.too_silent()) Close();
}

bool HttpConnection::CanGo() const {
  if (!pace().CanGo(state_.now) || codec_.has_more()) return false;
  // While an answer is written nothing is read.
  return pace().phase() == core::HttpPace::Phase::kWriting || !stream().HasUnread();
}

void HttpConnection::CloseFor(metrics::HttpCloseReason reason) {
  if (!closed_) state_.metrics.counters.http_closed[reason].Add();
  Close();
}

void HttpConnection::Close() {
  if (std::exchange(closed_, true)) return;
  const boost::intrusive_ptr<HttpConnection> self(this);
  codec_.Detach();
  if (is_open()) stream().ShutdownWrite();
  CloseStream();
  registry_.Remove(*this);
}

}  // namespace keyhole::net
