#include "proxy/net/server.h"

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

constexpr std::chrono::milliseconds kTrackKeys{100};

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
    workers_.back()->on_client_gone = [this] { acceptor_.OnClientGone(); };
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
  // From here on, before anybody is told that this process is there, a signal stops it gracefully.
  signals_ = std::make_unique<asio::basic_signal_set<Executor>>(workers_[0]->loop().context(),
                                                                SIGINT, SIGTERM);
  return acceptor_.Open(problem);
}

std::string Server::Describe() const {
  std::string text = acceptor_.Describe();
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
  acceptor_.Start();
  asio::post(scraper_, [this] { TrackKeys(); });
  std::vector<std::thread> threads;
  for (const auto& worker : workers_) worker->Post([&worker] { worker->Start(); });
  for (size_t i = 1; i < workers_.size(); ++i) {
    threads.emplace_back([&worker = *workers_[i]] { worker.Run(); });
  }
  workers_[0]->Run();
  for (std::thread& thread : threads) thread.join();
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
  acceptor_.Close();
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
