// The threads and the sockets of one instance, and how they start and stop.
//
//     worker 0: accepts for all, serves HTTP, and its share of clients
//     worker n: its share of clients
//     scraper:  one thread that renders /metrics and other reports, so that no client waits for
//               it, and decides which keys are tracked
#pragma once

#include <atomic>
#include <boost/asio/thread_pool.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "proxy/app/control.h"
#include "proxy/config/config.h"
#include "proxy/net/acceptor.h"
#include "proxy/net/certificates.h"
#include "proxy/net/snapshotter.h"
#include "proxy/net/worker.h"

namespace keyhole::net {

class Server final : private core::Control::Threads {
 public:
  using LogFunction = Worker::LogFunction;

  // certificates: loaded; they outlive this. log: called from any worker's thread. May throw, as
  // Start(): the system has no more threads or descriptors. Threads inherit the caller's signal
  // mask: see no_signals.h.
  Server(core::Config config, Certificates& certificates, LogFunction log);
  // REQUIRES: never started, or Wait() has returned.
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // Reads the snapshot, if there is one, and opens all listening sockets. sockets: some that listen
  // already, see GivenSockets. False: *problem is one line that says why not.
  bool Open(const std::vector<int>& sockets, std::string* problem);
  // One line in plain words: what listens where, and what is behind it.
  std::string Describe() const;
  // Serves, on threads of its own. To be called once, after Open().
  void Start();
  const Acceptor& acceptor() const { return acceptor_; }

  // ---- from any thread, once started
  // Finishes what is in flight, for so long at most, then stops. Asked again it may stop sooner,
  // never later.
  void Stop(std::chrono::milliseconds grace);
  // The same, as a client says it: SHUTDOWN, or SHUTDOWN NOSAVE.
  void ShutDown(bool save);
  // Takes over what a running server can of these options: PlanReload() has made them.
  // certificates: others that they name, loaded. Connections made from then on use them, those to
  // another upstream too.
  void Reload(const core::Config& next, std::optional<Certificates> certificates);
  // Reads the certificates again, for connections made from then on. Those that cannot be used are
  // logged, and those from before stay.
  void ReadCertificates();
  // True if all workers have come round since it was called last, or it is the first time, or they
  // are ending.
  bool Beat();
  // Returns when all has stopped, by Stop() or by SHUTDOWN. Not to be called on a thread of this.
  void Wait();
  // Called by the last worker that stops; set before Start().
  std::function<void()> on_stopped = [] {};
  size_t workers() const { return workers_.size(); }
  Worker& worker(size_t i) { return *workers_[i]; }
  core::Control& control() { return control_; }
  const core::Control& control() const { return control_; }

  // One more that counts, beside the workers, without a thread of the server's. make: gives what
  // calls a function with all it has, later, from any thread.
  using Tell = std::function<void(std::function<void(core::WorkerState&)>)>;
  void AddGuest(const std::function<Tell(metrics::WorkerMetrics&)>& make);

 private:
  using ScraperTimer = asio::basic_waitable_timer<std::chrono::steady_clock,
                                                  asio::wait_traits<std::chrono::steady_clock>,
                                                  asio::thread_pool::executor_type>;

  void BeginStop(std::chrono::milliseconds grace);
  void Announce(std::chrono::milliseconds grace);
  void Drain(std::chrono::milliseconds grace);
  // REQUIRES: certificates_mutex_, as LoadCertificates() does.
  void UseCertificates();
  void LoadCertificates();
  void LookAtCertificates();
  void StopNow();
  void EndWaiting();
  void TrackKeys();
  void OnScraper(std::function<void()> f) override;
  void OnWorker(size_t worker, std::function<void(core::WorkerState&)> f) override;

  core::Config config_;  // worker 0's, once it runs
  // Guards the next, and has workers told of them in order.
  std::mutex certificates_mutex_;
  Certificates& certificates_;
  std::chrono::steady_clock::time_point certificates_seen_{};
  const LogFunction log_;
  core::Control control_;
  ClientsMemory clients_memory_;
  std::vector<std::unique_ptr<Worker>> workers_;
  asio::thread_pool scraper_{1};
  ScraperTimer track_keys_{scraper_};  // this and the next on the scraper only
  bool tracking_ = true;
  Acceptor acceptor_{config_, workers_,
                     [this](const core::HttpReport& what, core::Control::Done done) {
                       control_.MakeReport(what, std::move(done));
                     }};
  std::unique_ptr<Timer> grace_;              // this, delay_, stopping_, draining_: worker 0's
  std::unique_ptr<Timer> delay_;              // of --drain-delay
  std::unique_ptr<Snapshotter> snapshotter_;  // null: there is an upstream
  bool save_at_end_ = true;                   // worker 0's
  std::atomic<size_t> drained_{0};            // workers still to stop
  std::atomic<size_t> awaited_{0};            // workers that are to come round, for Beat()
  std::atomic<bool> ending_{false};           // they need not
  bool stopping_ = false;
  bool draining_ = false;
  mutable std::mutex guests_mutex_;
  std::vector<Tell> guests_;
  std::mutex join_;  // guards threads_
  std::vector<std::thread> threads_;
};

}  // namespace keyhole::net
