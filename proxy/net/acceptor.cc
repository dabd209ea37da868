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
// Clients that have been accepted and wait for room; a worker makes some in a turn of its loop.
constexpr size_t kMostNewcomers = 1024;
constexpr std::string_view kTooManyHttpClients =
    "HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";

}  // namespace

bool Acceptor::Open(std::string* problem) {
  for (const core::Endpoint& endpoint : config_.listen) {
    listeners_.push_back(std::make_unique<Listener>(first().loop().context(), endpoint));
    Listener* listener = listeners_.back().get();
    listener->set_on_accept([this](Socket socket, std::string peer) {
      AcceptClient(std::move(socket), std::move(peer));
    });
    if (!listener->Open(problem)) return false;
  }
  return OpenHttp(problem);
}

bool Acceptor::OpenHttp(std::string* problem) {
  using Serves = core::HttpGate::Serves;
  if (config_.http.has_value()) {
    http_ = HttpListener(*config_.http,
                         config_.metrics.has_value() ? Serves::kAllButMetrics : Serves::kAll);
    if (!http_->Open(problem)) return false;
  }
  if (!config_.metrics.has_value()) return true;
  metrics_door_ = HttpListener(*config_.metrics, Serves::kMetricsAndHealth);
  return metrics_door_->Open(problem);
}

std::unique_ptr<Listener> Acceptor::HttpListener(const core::Endpoint& endpoint,
                                                 core::HttpGate::Serves serves) {
  error_code ignored;  // without a name of its own the machine is called by its addresses
  gates_.push_back(
      std::make_unique<core::HttpGate>(config_, endpoint, serves, asio::ip::host_name(ignored)));
  auto listener = std::make_unique<Listener>(first().loop().context(), endpoint);
  listener->set_on_accept([this, gate = gates_.back().get()](Socket socket, std::string peer) {
    AcceptHttp(std::move(socket), std::move(peer), *gate);
  });
  return listener;
}

void Acceptor::Start() {
  for (const auto& listener : listeners_) listener->Start();
  if (http_ != nullptr) http_->Start();
  if (metrics_door_ != nullptr) metrics_door_->Start();
}

void Acceptor::Close() {
  for (const auto& listener : listeners_) listener->Close();
  if (http_ != nullptr) http_->Close();
  if (metrics_door_ != nullptr) metrics_door_->Close();
}

std::vector<core::Endpoint> Acceptor::listening() const {
  std::vector<core::Endpoint> all;
  for (const auto& listener : listeners_) all.push_back(listener->endpoint());
  return all;
}

std::string Acceptor::Describe() const {
  std::string text = "RESP on ";
  for (size_t i = 0; i < listeners_.size(); ++i) {
    if (i > 0) text += ", ";
    text += listeners_[i]->endpoint().ToString();
  }
  text += http_ == nullptr ? ", HTTP off" : ", HTTP on " + http_->endpoint().ToString();
  if (metrics_door_ != nullptr) text += ", metrics on " + metrics_door_->endpoint().ToString();
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
  if (worker.http_clients() >= kMaxHttpClients && !worker.CloseIdleHttp()) {
    worker.state().metrics.counters.clients_refused.Add();
    socket.non_blocking(true, error);
    socket.write_some(asio::buffer(kTooManyHttpClients), error);
    return;
  }
  const int descriptor = socket.release(error);
  if (error) return;
  worker.AddHttpClient(descriptor, std::move(peer), report_, gate);
}

}  // namespace keyhole::net
