#include "proxy/net/acceptor.h"

#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/ip/host_name.hpp>
#include <utility>

namespace keyhole::net {
namespace {

constexpr std::string_view kTooManyClients = "-ERR max number of clients reached\r\n";
// Apart from --max-clients, so that a full house can still be looked into. Only requests that are
// being answered take a place for good: see HttpPace.
constexpr size_t kMaxHttpClients = 512;
// So many more find room when all those wait for a Redis that does not answer: for health and
// --metrics, which is when somebody looks at them.
constexpr size_t kHttpReserve = 32;
// Clients that have been accepted and wait for room; a worker makes some in a turn of its loop.
constexpr size_t kMostNewcomers = 1024;
constexpr std::string_view kTooManyHttpClients =
    "HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";

}  // namespace

bool Acceptor::Open(std::string* problem) {
  for (const core::Endpoint& endpoint : config_.listen) {
    if (!OpenDoor(Speaks::kResp, endpoint, problem)) return false;
  }
  const core::HttpOptions& http = config_.http;
  if (http.listen.has_value() && !OpenDoor(Speaks::kHttp, *http.listen, problem)) return false;
  return !http.metrics.has_value() || OpenDoor(Speaks::kMetrics, *http.metrics, problem);
}

bool Acceptor::OpenDoor(Speaks speaks, const core::Endpoint& endpoint, std::string* problem) {
  asio::io_context& context = first().loop().context();
  doors_.push_back(
      {speaks, std::make_unique<Listener>(context, endpoint), MakeGate(speaks, endpoint)});
  Listener& listener = *doors_.back().listener;
  listener.set_on_accept([this, gate = doors_.back().gate.get()](Socket socket, std::string peer) {
    if (gate == nullptr) return AcceptClient(std::move(socket), std::move(peer));
    AcceptHttp(std::move(socket), std::move(peer), *gate);
  });
  return listener.Open(problem);
}

// None for RESP.
std::unique_ptr<core::HttpGate> Acceptor::MakeGate(Speaks speaks,
                                                   const core::Endpoint& endpoint) const {
  using Serves = core::HttpGate::Serves;
  if (speaks == Speaks::kResp) return nullptr;
  Serves serves = config_.http.metrics.has_value() ? Serves::kAllButMetrics : Serves::kAll;
  if (speaks == Speaks::kMetrics) serves = Serves::kMetricsAndHealth;
  error_code ignored;  // without a name of its own the machine is called by its addresses
  return std::make_unique<core::HttpGate>(config_.http, config_.ServesItems(), endpoint, serves,
                                          asio::ip::host_name(ignored));
}

void Acceptor::Start() {
  for (const Door& door : doors_) door.listener->Start();
}

void Acceptor::Close() {
  for (const Door& door : doors_) door.listener->Close();
}

std::vector<core::Endpoint> Acceptor::Where(Speaks speaks) const {
  std::vector<core::Endpoint> where;
  for (const Door& door : doors_) {
    if (door.speaks == speaks) where.push_back(door.listener->endpoint());
  }
  return where;
}

uint16_t Acceptor::PortOf(Speaks speaks) const {
  for (const core::Endpoint& endpoint : Where(speaks)) {
    if (endpoint.kind == core::Endpoint::Kind::kTcp) return endpoint.port;
  }
  return 0;
}

std::string Acceptor::Describe() const {
  std::string text = config_.listen.empty() ? "RESP off, " : "RESP on ";
  for (const core::Endpoint& endpoint : Where(Speaks::kResp)) text += endpoint.ToString() + ", ";
  const std::vector<core::Endpoint> http = Where(Speaks::kHttp);
  text += http.empty() ? "HTTP off" : "HTTP on " + http.front().ToString();
  for (const core::Endpoint& endpoint : Where(Speaks::kMetrics)) {
    text += ", metrics on " + endpoint.ToString();
  }
  return text;
}

void Acceptor::AcceptClient(Socket socket, std::string peer) {
  error_code error;
  const int descriptor = socket.release(error);
  if (error) return;
  if (newcomers_.empty() && HasRoom()) return Admit(descriptor, std::move(peer));
  if (newcomers_.size() >= kMostNewcomers) return Refuse(descriptor, peer);
  newcomers_.push_back({descriptor, std::move(peer)});
  if (newcomers_.size() == 1) MakeRoom(0);
}

bool Acceptor::HasRoom() const {
  return clients_.load(std::memory_order_relaxed) < first().state().max_clients();
}

void Acceptor::Admit(int descriptor, std::string peer) {
  clients_.fetch_add(1, std::memory_order_relaxed);
  // One after the other: connections are few and live long, so this is the fairest.
  Worker& worker = *workers_[next_worker_++ % workers_.size()];
  if (&worker == &first()) return worker.AddClient(descriptor, peer);
  worker.Post(
      [&worker, descriptor, peer = std::move(peer)] { worker.AddClient(descriptor, peer); });
}

// Whoever has not sent a whole request yet makes room for the first of the newcomers, who may do so
// now. The workers are asked one after the other, from the one on that would get it; `asked` are
// those that have nobody. One newcomer after the other: the one before may be who has to go.
void Acceptor::MakeRoom(size_t asked) {
  Worker& worker = *workers_[(next_worker_ + asked) % workers_.size()];
  if (&worker == &first()) return OnRoom(worker.CloseOldestStranger(), asked);
  worker.Post([this, &worker, asked] {
    const bool made = worker.CloseOldestStranger();
    first().Post([this, made, asked] { OnRoom(made, asked); });
  });
}

void Acceptor::OnRoom(bool made, size_t asked) {
  if (!made && asked + 1 < workers_.size()) return MakeRoom(asked + 1);
  Newcomer next = std::move(newcomers_.front());
  newcomers_.pop_front();
  if (HasRoom()) {
    Admit(next.descriptor, std::move(next.peer));
  } else {
    Refuse(next.descriptor, next.peer);
  }
  if (!newcomers_.empty()) MakeRoom(0);
}

void Acceptor::Refuse(int descriptor, std::string_view peer) {
  first().loop().BeginTurn();
  first().state().metrics.counters.clients_refused.Add();
  if (const auto more = refused_.Pass(first().state().now)) {
    first().state().log(
        core::LogLevel::kWarn,
        "refused " + std::string(peer) + ": " + std::to_string(first().state().max_clients()) +
            " clients are connected, as many as --max-clients allows, and all of them are in use" +
            *more);
  }
  ::send(descriptor, kTooManyClients.data(), kTooManyClients.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
  ::close(descriptor);
}

void Acceptor::AcceptHttp(Socket socket, std::string peer, const core::HttpGate& gate) {
  Worker& worker = first();
  error_code error;
  if (worker.http_clients() >= kMaxHttpClients) worker.CloseIdleHttp();
  const bool full = worker.http_clients() >= kMaxHttpClients;
  if (worker.http_clients() >= kMaxHttpClients + kHttpReserve) {
    worker.state().metrics.counters.clients_refused.Add();
    socket.non_blocking(true, error);
    socket.write_some(asio::buffer(kTooManyHttpClients), error);
    return;
  }
  const int descriptor = socket.release(error);
  if (error) return;
  worker.AddHttpClient(descriptor, std::move(peer), report_, gate, full);
}

}  // namespace keyhole::net
