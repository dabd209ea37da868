#include "proxy/net/acceptor.h"

#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/ip/host_name.hpp>
#include <cstdint>
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
constexpr std::string_view kNoHttp =
    "--http and --metrics: this library was built without HTTP (KEYHOLE_WITH_HTTP=OFF)";
// File descriptors that no client gets: a half of them is for links to the upstream alone, the
// other for HTTP too.
constexpr int kReservedForLinks = 64;
constexpr std::string_view kTooManyHttpClients =
    "HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";

}  // namespace

bool Acceptor::Open(GivenSockets& given, std::string* problem) {
  if (!config_.proxy_from.empty()) {
    arrivals_ = std::make_unique<ProxyArrivals>(first().state());
    if (!arrivals_->Trust(config_.proxy_from, problem)) return false;
  }
  for (const core::Endpoint& endpoint : config_.listen) {
    if (!OpenDoor(Speaks::kResp, endpoint, given, problem)) return false;
  }
  const core::HttpOptions& http = config_.http;
  if (http.listen.has_value() && !OpenDoor(Speaks::kHttp, *http.listen, given, problem))
    return false;
  return !http.metrics.has_value() || OpenDoor(Speaks::kMetrics, *http.metrics, given, problem);
}

bool Acceptor::OpenDoor(Speaks speaks, const core::Endpoint& endpoint, GivenSockets& given,
                        std::string* problem) {
  if (speaks != Speaks::kResp && first().http() == nullptr) {
    *problem = std::string(kNoHttp);
    return false;
  }
  asio::io_context& context = first().loop().context();
  doors_.push_back(
      {speaks, std::make_unique<Listener>(context, endpoint), MakeGate(speaks, endpoint)});
  const Door& door = doors_.back();
  door.listener->set_on_accept([this, &door](Socket socket, std::string peer) {
    if (door.gate != nullptr) return AcceptHttp(std::move(socket), std::move(peer), door);
    if (!door.listener->endpoint().proxy) {
      return AcceptClient(std::move(socket), std::move(peer), door.tls());
    }
    arrivals_->Take(std::move(socket), std::move(peer),
                    [this, tls = door.tls()](Socket arrived, std::string client) {
                      AcceptClient(std::move(arrived), std::move(client), tls);
                    });
  });
  door.listener->set_on_starved(
      [this, &door](bool starved) { OnStarved(starved, door.listener->endpoint()); });
  return door.listener->Open(given, problem);
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

void Acceptor::OnReload() {
  for (const Door& door : doors_) {
    if (door.gate != nullptr) *door.gate = *MakeGate(door.speaks, door.listener->endpoint());
  }
}

void Acceptor::Close() {
  for (const Door& door : doors_) door.listener->Close();
  if (arrivals_ != nullptr) arrivals_->Close();
}

std::vector<std::string> Acceptor::Where(Speaks speaks, std::string_view tls_scheme) const {
  std::vector<std::string> where;
  for (const Door& door : doors_) {
    if (door.speaks != speaks) continue;
    const core::Endpoint& endpoint = door.listener->endpoint();
    std::string scheme(door.tls() ? tls_scheme : "");
    if (endpoint.proxy) scheme = door.tls() ? "proxy+tls://" : "proxy://";
    where.push_back(scheme + endpoint.ToString());
  }
  return where;
}

uint16_t Acceptor::PortOf(Speaks speaks) const {
  for (const Door& door : doors_) {
    const core::Endpoint& endpoint = door.listener->endpoint();
    if (door.speaks == speaks && endpoint.kind == core::Endpoint::Kind::kTcp) return endpoint.port;
  }
  return 0;
}

std::string Acceptor::Describe() const {
  std::string text = config_.listen.empty() ? "RESP off, " : "RESP on ";
  for (const std::string& address : Where(Speaks::kResp, "tls://")) text += address + ", ";
  const std::vector<std::string> http = Where(Speaks::kHttp, "https://");
  text += http.empty() ? "HTTP off" : "HTTP on " + http.front();
  for (const std::string& address : Where(Speaks::kMetrics, "https://")) {
    text += ", metrics on " + address;
  }
  return text;
}

void Acceptor::AcceptClient(Socket socket, std::string peer, bool tls) {
  error_code error;
  const int descriptor = socket.release(error);
  if (error) return;
  core::WorkerState& state = first().state();
  first().loop().BeginTurn();
  auto origin = addresses_.Find(peer, state.now);
  Newcomer client{descriptor, std::move(peer), tls, std::move(origin)};
  if (IsReserved(descriptor, kReservedForLinks)) {
    return Reject(client, "as few file descriptors are left, and they are for the upstream");
  }
  const size_t most = state.clients.max_per_address;
  if (most > 0 && client.origin != nullptr && client.origin->sessions() > most) {
    return Reject(client, "as " + std::to_string(most) +
                              " clients of its address are connected (--max-clients-per-address)");
  }
  if (newcomers_.empty() && HasRoom()) return Admit(std::move(client));
  if (newcomers_.size() >= kMostNewcomers) return Refuse(client);
  newcomers_.push_back(std::move(client));
  if (newcomers_.size() == 1) MakeRoom(0);
}

bool Acceptor::HasRoom() const {
  return clients_.load(std::memory_order_relaxed) < first().state().max_clients();
}

void Acceptor::Admit(Newcomer client) {
  clients_.fetch_add(1, std::memory_order_relaxed);
  // One after the other: connections are few and live long, so this is the fairest.
  Worker& worker = *workers_[next_worker_++ % workers_.size()];
  TlsContext::Pointer tls = client.tls ? tls_ : nullptr;
  if (&worker == &first()) {
    return worker.AddClient(client.descriptor, client.peer, std::move(tls),
                            std::move(client.origin));
  }
  worker.Post([&worker, client = std::move(client), tls = std::move(tls)] {
    worker.AddClient(client.descriptor, client.peer, tls, client.origin);
  });
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
    Admit(std::move(next));
  } else {
    Refuse(next);
  }
  if (!newcomers_.empty()) MakeRoom(0);
}

void Acceptor::Refuse(const Newcomer& client) {
  Reject(client, std::to_string(first().state().max_clients()) +
                     " clients are connected, as many as --max-clients allows, and all of them are "
                     "in use");
}

// By TLS it is told nothing: that would take a handshake.
void Acceptor::Reject(const Newcomer& client, std::string_view why) {
  first().loop().BeginTurn();
  first().state().metrics.counters.clients_refused.Add();
  if (const auto more = refused_.Pass(first().state().now)) {
    first().state().log(core::LogLevel::kWarn,
                        {"refused " + client.peer + ": " + std::string(why) + *more,
                         {{core::kLogClient, client.peer}}});
  }
  if (!client.tls) {
    ::send(client.descriptor, kTooManyClients.data(), kTooManyClients.size(),
           MSG_DONTWAIT | MSG_NOSIGNAL);
  }
  ::close(client.descriptor);
}

// The kernel gives the lowest number that is free, so a high one tells that few are left. The limit
// may have been changed from outside.
bool Acceptor::IsReserved(int descriptor, int reserve) {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return false;
  const auto all = static_cast<int64_t>(std::min<rlim_t>(limit.rlim_cur, INT32_MAX));
  return descriptor >= all - std::min<int64_t>(reserve, all / 8);
}

void Acceptor::OnStarved(bool starved, const core::Endpoint& endpoint) {
  first().loop().BeginTurn();
  core::WorkerState& state = first().state();
  if (!starved) {
    return state.log(core::LogLevel::kInfo, "clients are let in again at " + endpoint.ToString());
  }
  state.metrics.counters.accept_pauses.Add();
  if (const auto more = starved_.Pass(state.now)) {
    state.log(core::LogLevel::kError,
              "nobody can be let in at " + endpoint.ToString() +
                  ", as no file descriptor is left; raise the limit (ulimit -n, LimitNOFILE=), or "
                  "lower --max-clients" +
                  *more);
  }
}

void Acceptor::AcceptHttp(Socket socket, std::string peer, const Door& door) {
  HttpClients& clients = *first().http();
  error_code error;
  if (clients.size() >= kMaxHttpClients) clients.CloseIdle();
  const bool full = clients.size() >= kMaxHttpClients;
  const bool starves = IsReserved(socket.native_handle(), kReservedForLinks / 2);
  if (starves || clients.size() >= kMaxHttpClients + kHttpReserve) {
    first().state().metrics.counters.clients_refused.Add();
    if (door.tls()) return;
    socket.non_blocking(true, error);
    socket.write_some(asio::buffer(kTooManyHttpClients), error);
    return;
  }
  const int descriptor = socket.release(error);
  if (error) return;
  clients.Add(descriptor, std::move(peer), report_, *door.gate, full, door.tls() ? tls_ : nullptr);
}

}  // namespace keyhole::net
