#include "proxy/net/http_clients.h"

#include <boost/smart_ptr/intrusive_ptr.hpp>
#include <string_view>
#include <utility>

#include "proxy/net/http_connection.h"
#include "proxy/net/log_limit.h"
#include "proxy/net/registry.h"
#include "proxy/net/tcp_stream.h"

namespace keyhole::net {
namespace {

// What clients are told that do not speak TLS where they have to.
constexpr std::string_view kPlainHttp =
    "HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Type: text/plain\r\n"
    "Content-Length: 45\r\n\r\nThis port speaks TLS only; use https:// here.";

class Served final : public HttpClients {
 public:
  Served(Loop& loop, core::WorkerState& state, Handshakes& handshakes,
         std::function<void()> on_removed)
      : loop_(loop), state_(state), handshakes_(handshakes) {
    all_.on_removed = std::move(on_removed);
  }

  void Add(int descriptor, std::string address, Reporter report, const core::HttpGate& gate,
           bool reserve, TlsContext::Pointer tls) override;
  size_t size() const override { return all_.size(); }
  bool CloseIdle() override;
  void Tick() override {
    all_.ForEachOfNow([](HttpConnection& connection) { connection.Tick(); });
  }
  void Drain() override {
    all_.ForEachOfNow([](HttpConnection& connection) { connection.Drain(); });
  }
  void Reload() override {
    all_.ForEachOfNow([](HttpConnection& connection) { connection.OnReload(); });
  }
  void Close() override {
    all_.ForEachOfNow([](HttpConnection& connection) { connection.Close(); });
  }

 private:
  Loop& loop_;
  core::WorkerState& state_;
  Handshakes& handshakes_;
  LogLimit made_room_;
  Registry<HttpConnection> all_;
};

void Served::Add(int descriptor, std::string address, Reporter report, const core::HttpGate& gate,
                 bool reserve, TlsContext::Pointer tls) {
  loop_.BeginTurn();
  const boost::intrusive_ptr<HttpConnection> connection(
      new HttpConnection(loop_, state_, all_, address, std::move(report), gate));
  if (reserve) connection->UseReserve();
  std::unique_ptr<Stream> stream = std::make_unique<TcpStream>(loop_.context(), descriptor);
  if (tls != nullptr) {
    stream = handshakes_.WithClient(std::move(stream), std::move(tls), std::move(address),
                                    kPlainHttp, *connection);
  }
  connection->Start(std::move(stream));
}

bool Served::CloseIdle() {
  loop_.BeginTurn();
  HttpConnection* first = nullptr;
  all_.ForEach([&first](HttpConnection& connection) {
    const bool sooner = first == nullptr || connection.pace().MustGoBefore(first->pace());
    if (sooner && connection.CanGo()) first = &connection;
  });
  if (first == nullptr) return false;
  if (const auto more = made_room_.Pass(state_.now)) {
    state_.log(core::LogLevel::kWarn,
               "closed an HTTP connection that was doing nothing to make room for another" + *more);
  }
  first->CloseFor(metrics::HttpCloseReason::kMadeRoom);
  return true;
}

}  // namespace

std::unique_ptr<HttpClients> HttpClients::Make(Loop& loop, core::WorkerState& state,
                                               Handshakes& handshakes,
                                               const std::function<void()>& on_removed) {
  return std::make_unique<Served>(loop, state, handshakes, on_removed);
}

}  // namespace keyhole::net
