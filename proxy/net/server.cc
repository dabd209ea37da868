#include "proxy/net/server.h"

#include <algorithm>
#include <boost/asio/ip/host_name.hpp>
#include <utility>

namespace keyhole::net {
namespace {

constexpr std::chrono::milliseconds kTrackKeys{100};
constexpr std::chrono::seconds kLookAtCertificates{1};
// How long clients are waited for at the end until they are quiet.
constexpr std::chrono::milliseconds kPatience{2500};

// What Redis' CLIENT LIST calls the shared links of a worker: "keyhole:web-1:0".
std::string LinkName(int worker) {
  error_code error;
  const std::string host = asio::ip::host_name(error);
  return "keyhole:" + (error ? "localhost" : host) + ":" + std::to_string(worker);
}

}  // namespace

Server::Server(core::Config config, Certificates& certificates, LogFunction log)
    : config_(std::move(config)),
      certificates_(certificates),
      log_(std::move(log)),
      control_(config_, *this, log_),
      clients_memory_(static_cast<size_t>(config_.workers)) {
  for (int i = 0; i < config_.workers; ++i) {
    workers_.push_back(std::make_unique<Worker>(config_, control_.AddWorker(), control_.store(),
                                                control_.near(), log_));
    workers_.back()->state().links.set_name(LinkName(i));
    workers_.back()->set_clients_memory(&clients_memory_, static_cast<size_t>(i));
    workers_.back()->on_client_gone = [this] { acceptor_.OnClientGone(); };
  }
}

Server::~Server() {
  asio::post(scraper_, [this] {
    tracking_ = false;
    track_keys_.cancel();
  });
  scraper_.join();
}

bool Server::Open(const std::vector<int>& sockets, std::string* problem) {
  GivenSockets given(sockets);
  if (store::Store* const store = control_.store()) {
    snapshotter_ = std::make_unique<Snapshotter>(config_.snapshots, *store,
                                                 workers_[0]->loop().context(), log_);
    if (!snapshotter_->Load(problem)) return false;
  }
  if (!acceptor_.Open(given, problem)) return false;
  for (const std::string& place : given.Left()) {
    log_(core::LogLevel::kWarn, "a socket that listens on " + place +
                                    " was given and is closed, as no --listen or --http names it");
  }
  return true;
}

std::string Server::Describe() const {
  return acceptor_.Describe() + ", " + control_.Describe();
}

void Server::Start() {
  grace_ = std::make_unique<Timer>(workers_[0]->loop().context());
  delay_ = std::make_unique<Timer>(workers_[0]->loop().context());
  for (const auto& worker : workers_) {
    worker->state().stop_process = [this](bool save) { ShutDown(save); };
  }
  {
    const std::lock_guard lock(certificates_mutex_);
    UseCertificates();
  }
  acceptor_.Start();
  if (snapshotter_ != nullptr) workers_[0]->Post([this] { snapshotter_->Start(); });
  asio::post(scraper_, [this] { TrackKeys(); });
  for (const auto& worker : workers_) worker->Post([&worker] { worker->Start(); });
  for (const auto& worker : workers_) {
    threads_.emplace_back([&worker = *worker] { worker.Run(); });
  }
}

void Server::ShutDown(bool save) {
  workers_[0]->Post([this, save] {
    save_at_end_ = save || (stopping_ && save_at_end_);
    BeginStop(config_.shutdown_grace);
  });
}

void Server::Stop(std::chrono::milliseconds grace) {
  workers_[0]->Post([this, grace] { BeginStop(grace); });
}

void Server::Wait() {
  const std::lock_guard lock(join_);
  for (std::thread& thread : threads_) {
    if (thread.joinable()) thread.join();
  }
  if (threads_.empty()) return;
  threads_.clear();
  if (snapshotter_ != nullptr) snapshotter_->SaveLast(save_at_end_);
}

void Server::OnScraper(std::function<void()> f) {
  asio::post(scraper_, std::move(f));
}

void Server::OnWorker(size_t worker, std::function<void(core::WorkerState&)> f) {
  if (worker >= workers_.size()) {
    Tell tell;
    {
      const std::lock_guard lock(guests_mutex_);
      tell = guests_[worker - workers_.size()];
    }
    return tell(std::move(f));
  }
  workers_[worker]->Post([&state = workers_[worker]->state(), f = std::move(f)] { f(state); });
}

void Server::AddGuest(const std::function<Tell(metrics::WorkerMetrics&)>& make) {
  const std::lock_guard lock(guests_mutex_);
  guests_.push_back(make(control_.AddWorker()));
}

void Server::Reload(const core::Config& next, std::optional<Certificates> certificates) {
  const std::lock_guard lock(certificates_mutex_);
  if (certificates.has_value()) {
    // Before they move: links to another upstream are not to be made with those from before.
    certificates_ = *std::move(certificates);
    UseCertificates();
  }
  workers_[0]->Post([this, next] {
    control_.Configure(config_, next);
    config_ = next;
    acceptor_.OnReload();
  });
  for (const auto& worker : workers_) worker->Post([&worker, next] { worker->Reload(next); });
  {
    const std::lock_guard guests(guests_mutex_);
    for (const Tell& tell : guests_) {
      tell([next](core::WorkerState& guest) { guest.Reload(next); });
    }
  }
  asio::post(scraper_, [this, next] { control_.Reload(next); });
}

bool Server::Beat() {
  if (ending_) return true;
  if (awaited_ > 0) return false;
  awaited_ = workers_.size();
  for (const auto& worker : workers_) worker->Post([this] { --awaited_; });
  return true;
}

void Server::TrackKeys() {
  if (!tracking_) return;
  control_.Tick();
  {
    const std::lock_guard lock(guests_mutex_);
    for (const Tell& tell : guests_) {
      tell([](core::WorkerState& guest) { guest.metrics.keys.CatchUp(); });
    }
  }
  LookAtCertificates();
  track_keys_.expires_after(kTrackKeys);
  track_keys_.async_wait([this](error_code error) {
    if (!error) TrackKeys();
  });
}

// Connections that are there keep what they began with.
void Server::UseCertificates() {
  workers_[0]->Post([this, tls = certificates_.clients()] { acceptor_.SetTls(tls); });
  for (const auto& worker : workers_) {
    worker->Post([&worker, tls = certificates_.upstream()] { worker->SetUpstreamTls(tls); });
  }
}

void Server::LoadCertificates() {
  std::string problem;
  if (!certificates_.Load(&problem)) {
    return log_(core::LogLevel::kError,
                "the new certificates cannot be used, those from before stay: " + problem);
  }
  UseCertificates();
  log_(core::LogLevel::kInfo, "certificates read again, for connections made from now on");
}

void Server::ReadCertificates() {
  asio::post(scraper_, [this] {
    const std::lock_guard lock(certificates_mutex_);
    if (certificates_.any()) return LoadCertificates();
    log_(core::LogLevel::kInfo, "there are no certificates to be read again");
  });
}

// Whether their files have changed, now and then.
void Server::LookAtCertificates() {
  const auto now = std::chrono::steady_clock::now();
  const std::lock_guard lock(certificates_mutex_);
  if (!certificates_.any() || now - certificates_seen_ < kLookAtCertificates) return;
  certificates_seen_ = now;
  if (certificates_.HaveChanged()) LoadCertificates();
}

void Server::BeginStop(std::chrono::milliseconds grace) {
  const bool first = !std::exchange(stopping_, true);
  if (first && config_.drain_delay.count() > 0) return Announce(grace);
  Drain(grace);
}

// Load balancers hear that no more clients are to come, and clients are served meanwhile.
void Server::Announce(std::chrono::milliseconds grace) {
  log_(core::LogLevel::kInfo, "stopping: /readyz is 503 from now on, clients are served for " +
                                  std::to_string(config_.drain_delay.count()) +
                                  " ms more (--drain-delay)");
  workers_[0]->state().stopping = true;
  delay_->expires_after(config_.drain_delay);
  delay_->async_wait([this, grace](error_code error) {
    if (!error) Drain(grace);
  });
}

void Server::Drain(std::chrono::milliseconds grace) {
  const bool first = !std::exchange(draining_, true);
  delay_->cancel();
  const auto end = Timer::clock_type::now() + grace;
  if (first || end < grace_->expiry()) {
    grace_->expires_at(end);
    grace_->async_wait([this](error_code error) {
      if (!error) StopNow();
    });
  }
  if (!first) return;
  ending_ = true;
  acceptor_.Close();
  control_.EndStreams();
  log_(core::LogLevel::kInfo, "stopping: finishing what is in flight");
  drained_.store(workers_.size());
  for (const auto& worker : workers_) {
    worker->on_stopped = [this] {
      // The last one ends the waiting for the grace period. It may be any of them.
      if (drained_.fetch_sub(1) != 1) return;
      workers_[0]->Post([this] { EndWaiting(); });
      on_stopped();
    };
    worker->Post([&worker, grace] { worker->Drain(std::min(grace / 2, kPatience)); });
  }
}

void Server::StopNow() {
  for (const auto& worker : workers_) worker->Post([&worker] { worker->Stop(); });
}

void Server::EndWaiting() {
  grace_->cancel();
  if (snapshotter_ != nullptr) snapshotter_->Stop();
}

}  // namespace keyhole::net
