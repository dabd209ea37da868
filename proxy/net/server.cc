#include "proxy/net/server.h"

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/ip/host_name.hpp>
#include <csignal>
#include <thread>
#include <utility>

#include "proxy/base/machine_memory.h"
#include "proxy/base/version.h"
#include "proxy/config/config_values.h"
#include "proxy/near_cache/near_cache.h"

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
constexpr std::chrono::milliseconds kTrackKeys{100};
constexpr std::string_view kTooManyHttpClients =
    "HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";

store::StoreOptions StoreOptionsFor(const core::Config& config) {
  store::StoreOptions options;
  options.workers = config.workers;
  options.password = config.requirepass;
  options.max_memory = config.max_memory.Of(core::MachineMemory());
  options.eviction = config.eviction;
  options.max_clients = config.clients.max;
  options.idle_timeout = config.clients.idle_timeout.count();
  options.bind.clear();
  for (const core::Endpoint& endpoint : config.listen) {
    if (endpoint.kind != core::Endpoint::Kind::kTcp) continue;
    options.port = endpoint.port;
    options.bind.append(options.bind.empty() ? "" : " ").append(endpoint.host);
  }
  return options;
}

// What Redis' CLIENT LIST calls the shared links of a worker: "keyhole:web-1:0".
std::string LinkName(int worker) {
  error_code error;
  const std::string host = asio::ip::host_name(error);
  return "keyhole:" + (error ? "localhost" : host) + ":" + std::to_string(worker);
}

}  // namespace

Server::Server(core::Config config, LogFunction log)
    : config_(std::move(config)), log_(std::move(log)), directory_(config_.keys) {
  if (!config_.upstream.has_value()) {
    store_ = std::make_unique<store::Store>(StoreOptionsFor(config_));
  }
  if (config_.near.memory > 0) near_ = std::make_unique<core::NearShared>();
  for (int i = 0; i < config_.workers; ++i) {
    metrics_.push_back(std::make_unique<metrics::WorkerMetrics>(directory_));
    workers_.push_back(
        std::make_unique<Worker>(config_, *metrics_.back(), store_.get(), near_.get(), log_));
    workers_.back()->state().links.set_name(LinkName(i));
    workers_.back()->on_client_gone = [this] { clients_.fetch_sub(1, std::memory_order_relaxed); };
  }
  exporter_ = std::make_unique<metrics::Exporter>(
      [this] {
        std::vector<const metrics::WorkerMetrics*> all;
        for (const auto& one : metrics_) all.push_back(one.get());
        metrics::Snapshot snapshot = metrics::Take(all, directory_);
        if (store_ != nullptr) {
          const store::Store::Usage usage = store_->usage();
          snapshot.store = {usage.memory, usage.limit, usage.evicted};
        }
        return snapshot;
      },
      std::string(core::kVersion));
}

Server::~Server() {
  asio::post(scraper_, [this] {
    tracking_ = false;
    track_keys_.cancel();
  });
  scraper_.join();
}

bool Server::Open(std::string* problem) {
  asio::io_context& context = workers_[0]->loop().context();
  // From here on, before anybody is told that this process is there, a signal stops it gracefully.
  signals_ = std::make_unique<asio::basic_signal_set<Executor>>(context, SIGINT, SIGTERM);
  for (const core::Endpoint& endpoint : config_.listen) {
    listeners_.push_back(std::make_unique<Listener>(context, endpoint));
    Listener* listener = listeners_.back().get();
    listener->set_on_accept([this](Socket socket, std::string peer) {
      AcceptClient(std::move(socket), std::move(peer));
    });
    if (!listener->Open(problem)) return false;
  }
  return OpenHttp(problem);
}

bool Server::OpenHttp(std::string* problem) {
  using Serves = core::HttpGate::Serves;
  if (config_.http.listen.has_value()) {
    http_ = HttpListener(*config_.http.listen,
                         config_.http.metrics.has_value() ? Serves::kAllButMetrics : Serves::kAll);
    if (!http_->Open(problem)) return false;
  }
  if (!config_.http.metrics.has_value()) return true;
  metrics_door_ = HttpListener(*config_.http.metrics, Serves::kMetricsAndHealth);
  return metrics_door_->Open(problem);
}

std::unique_ptr<Listener> Server::HttpListener(const core::Endpoint& endpoint,
                                               core::HttpGate::Serves serves) {
  error_code ignored;  // without a name of its own the machine is called by its addresses
  gates_.push_back(std::make_unique<core::HttpGate>(config_.http, config_.ServesItems(), endpoint,
                                                    serves, asio::ip::host_name(ignored)));
  auto listener = std::make_unique<Listener>(workers_[0]->loop().context(), endpoint);
  listener->set_on_accept([this, gate = gates_.back().get()](Socket socket, std::string peer) {
    AcceptHttp(std::move(socket), std::move(peer), *gate);
  });
  return listener;
}

std::vector<core::Endpoint> Server::listening() const {
  std::vector<core::Endpoint> all;
  for (const auto& listener : listeners_) all.push_back(listener->endpoint());
  return all;
}

std::string Server::Describe() const {
  std::string text = "RESP on ";
  for (size_t i = 0; i < listeners_.size(); ++i) {
    if (i > 0) text += ", ";
    text += listeners_[i]->endpoint().ToString();
  }
  text += http_ == nullptr ? ", HTTP off" : ", HTTP on " + http_->endpoint().ToString();
  if (metrics_door_ != nullptr) text += ", metrics on " + metrics_door_->endpoint().ToString();
  if (config_.upstream.has_value()) return text + ", in front of " + config_.upstream->ToString();
  text += ", embedded store: data lives in memory and is gone when this process ends; ";
  const uint64_t limit = store_->usage().limit;
  if (limit == 0) return text + "it may take all the memory there is (--max-memory 0)";
  const uint64_t megabytes = std::max<uint64_t>(limit >> 20, 1);
  text += "up to " + std::to_string(megabytes) + " MiB of keys; beyond that, ";
  return text +
         (config_.eviction == store::Eviction::kNone
              ? "writes are refused"
              : "the least useful are evicted (" +
                    std::string(core::kEvictions[static_cast<size_t>(config_.eviction)]) + ")");
}

void Server::Run() {
  grace_ = std::make_unique<Timer>(workers_[0]->loop().context());
  for (const auto& worker : workers_) {
    worker->state().stop_process = [this] {
      workers_[0]->Post([this] {
        if (!std::exchange(stopping_, true)) BeginStop();
      });
    };
  }
  WaitForSignal();
  for (const auto& listener : listeners_) listener->Start();
  if (http_ != nullptr) http_->Start();
  if (metrics_door_ != nullptr) metrics_door_->Start();
  asio::post(scraper_, [this] { TrackKeys(); });
  std::vector<std::thread> threads;
  for (const auto& worker : workers_) worker->Post([&worker] { worker->Start(); });
  for (size_t i = 1; i < workers_.size(); ++i) {
    threads.emplace_back([&worker = *workers_[i]] { worker.Run(); });
  }
  workers_[0]->Run();
  for (std::thread& thread : threads) thread.join();
}

void Server::AcceptClient(Socket socket, std::string peer) {
  error_code error;
  const int descriptor = socket.release(error);
  if (error) return;
  if (newcomers_.empty() && HasRoom()) return Admit(descriptor, std::move(peer));
  if (newcomers_.size() >= kMostNewcomers) return Refuse(descriptor, peer);
  newcomers_.push_back({descriptor, std::move(peer)});
  if (newcomers_.size() == 1) MakeRoom(0);
}

bool Server::HasRoom() const {
  return clients_.load(std::memory_order_relaxed) < workers_[0]->state().max_clients();
}

void Server::Admit(int descriptor, std::string peer) {
  clients_.fetch_add(1, std::memory_order_relaxed);
  // One after the other: connections are few and live long, so this is the fairest.
  Worker& worker = *workers_[next_worker_++ % workers_.size()];
  if (&worker == workers_[0].get()) return worker.AddClient(descriptor, peer);
  worker.Post(
      [&worker, descriptor, peer = std::move(peer)] { worker.AddClient(descriptor, peer); });
}

// Whoever has not sent a whole request yet makes room for the first of the newcomers, who may do so
// now. The workers are asked one after the other, from the one on that would get it; `asked` are
// those that have nobody. One newcomer after the other: the one before may be who has to go.
void Server::MakeRoom(size_t asked) {
  Worker& worker = *workers_[(next_worker_ + asked) % workers_.size()];
  if (&worker == workers_[0].get()) return OnRoom(worker.CloseOldestStranger(), asked);
  worker.Post([this, &worker, asked] {
    const bool made = worker.CloseOldestStranger();
    workers_[0]->Post([this, made, asked] { OnRoom(made, asked); });
  });
}

void Server::OnRoom(bool made, size_t asked) {
  if (!made && asked + 1 < workers_.size()) return MakeRoom(asked + 1);
  Newcomer first = std::move(newcomers_.front());
  newcomers_.pop_front();
  if (HasRoom()) {
    Admit(first.descriptor, std::move(first.peer));
  } else {
    Refuse(first.descriptor, first.peer);
  }
  if (!newcomers_.empty()) MakeRoom(0);
}

void Server::Refuse(int descriptor, std::string_view peer) {
  workers_[0]->loop().BeginTurn();
  metrics_[0]->counters.clients_refused.Add();
  if (const auto more = refused_.Pass(workers_[0]->state().now)) {
    log_(core::LogLevel::kWarn,
         "refused " + std::string(peer) + ": " +
             std::to_string(workers_[0]->state().max_clients()) +
             " clients are connected, as many as --max-clients allows, and all of them are in use" +
             *more);
  }
  ::send(descriptor, kTooManyClients.data(), kTooManyClients.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
  ::close(descriptor);
}

void Server::AcceptHttp(Socket socket, std::string peer, const core::HttpGate& gate) {
  Worker& worker = *workers_[0];
  error_code error;
  if (worker.http_clients() >= kMaxHttpClients) worker.CloseIdleHttp();
  const bool full = worker.http_clients() >= kMaxHttpClients;
  if (worker.http_clients() >= kMaxHttpClients + kHttpReserve) {
    metrics_[0]->counters.clients_refused.Add();
    socket.non_blocking(true, error);
    socket.write_some(asio::buffer(kTooManyHttpClients), error);
    return;
  }
  const int descriptor = socket.release(error);
  if (error) return;
  worker.AddHttpClient(descriptor, std::move(peer), MakeReporter(), gate, full);
}

Reporter Server::MakeReporter() {
  return [this](const core::HttpReport& report, std::function<void(std::string)> done) {
    if (report.kind == core::HttpReport::Kind::kPurge) return Purge(report.purge, std::move(done));
    asio::post(scraper_, [this, report, done = std::move(done)]() mutable {
      std::string text = Report(report);
      workers_[0]->Post(
          [done = std::move(done), text = std::move(text)]() mutable { done(std::move(text)); });
    });
  };
}

std::string Server::Report(const core::HttpReport& report) {
  using Kind = core::HttpReport::Kind;
  const auto now = std::chrono::steady_clock::now();
  switch (report.kind) {
    case Kind::kMetrics:
      return exporter_->Render(metrics::Exporter::Format::kText);
    case Kind::kOpenMetrics:
      return exporter_->Render(metrics::Exporter::Format::kOpenMetrics);
    case Kind::kKeys:
      return core::KeysJson(tracker_.Table(now), report.keys);
    case Kind::kSlow:
    case Kind::kPurge:  // see Purge()
      break;
  }
  std::vector<metrics::TopEntry> big;
  std::vector<metrics::TopEntry> slow;
  for (const auto& worker : metrics_) {
    worker->big_values.AddTo(&big);
    worker->slow_commands.AddTo(&slow);
  }
  return core::SlowJson(std::move(big), std::move(slow), now);
}

// Each worker drops what it has; the last one to do so says how much that was in all.
void Server::Purge(const core::PurgeQuery& query, std::function<void(std::string)> done) {
  struct Purged {
    std::atomic<size_t> workers;
    std::atomic<size_t> entries{0};
    std::function<void(std::string)> done;
  };
  auto purged = std::make_shared<Purged>();
  purged->workers = workers_.size();
  purged->done = std::move(done);
  for (const auto& worker : workers_) {
    worker->Post([this, &worker, purged, query] {
      if (core::NearCache* const near = worker->state().near.get()) {
        purged->entries +=
            query.is_key ? near->PurgeKey(query.text) : near->PurgePrefix(query.text);
      }
      if (--purged->workers > 0) return;
      // `done` goes along: what it holds is worker 0's, whichever thread lets go of `purged` last.
      workers_[0]->Post([done = std::move(purged->done), entries = purged->entries.load()] {
        done(core::PurgeJson(entries));
      });
    });
  }
}

void Server::TrackKeys() {
  if (!tracking_) return;
  const auto unix_now = std::chrono::system_clock::now().time_since_epoch();
  tracker_.Tick(std::chrono::steady_clock::now(), std::chrono::duration<double>(unix_now).count());
  track_keys_.expires_after(kTrackKeys);
  track_keys_.async_wait([this](error_code error) {
    if (!error) TrackKeys();
  });
}

void Server::WaitForSignal() {
  signals_->async_wait([this](error_code error, int) {
    if (error) return;
    if (std::exchange(stopping_, true)) return StopNow();
    BeginStop();
    WaitForSignal();
  });
}

void Server::BeginStop() {
  for (const auto& listener : listeners_) listener->Close();
  if (http_ != nullptr) http_->Close();
  if (metrics_door_ != nullptr) metrics_door_->Close();
  log_(core::LogLevel::kInfo, "stopping: finishing what is in flight; once more to stop at once");
  grace_->expires_after(config_.shutdown_grace);
  grace_->async_wait([this](error_code error) {
    if (!error) StopNow();
  });
  drained_.store(workers_.size());
  for (const auto& worker : workers_) {
    worker->on_stopped = [this] {
      // The last one ends the waiting for signals and for the grace period.
      if (drained_.fetch_sub(1) == 1) workers_[0]->Post([this] { EndWaiting(); });
    };
    worker->Post([&worker] { worker->Drain(); });
  }
}

void Server::StopNow() {
  for (const auto& worker : workers_) worker->Post([&worker] { worker->Stop(); });
}

void Server::EndWaiting() {
  error_code ignored;
  signals_->cancel(ignored);
  grace_->cancel();
}

}  // namespace keyhole::net
