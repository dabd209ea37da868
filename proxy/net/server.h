// The whole process: acceptor, workers, the store, the metrics, and how they start and stop.
//
//     worker 0: accepts for all, serves HTTP, and its share of clients
//     worker n: its share of clients
//     scraper:  one thread that renders /metrics and other reports, so that no client waits for
//               it, and decides which keys are tracked
#pragma once

#include <atomic>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/thread_pool.hpp>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "metrics/exporter.h"
#include "metrics/key_tracker.h"
#include "metrics/snapshot.h"
#include "proxy/config/config.h"
#include "proxy/near_cache/near_shared.h"
#include "proxy/net/acceptor.h"
#include "proxy/net/worker.h"
#include "proxy/store/store.h"

namespace keyhole::net {

class Server {
 public:
  using LogFunction = Worker::LogFunction;

  // log: called from any worker's thread.
  Server(core::Config config, LogFunction log);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // Opens all listening sockets. False: *problem is one line that says why not.
  bool Open(std::string* problem);
  // One line in plain words: what listens where, and what is behind it.
  std::string Describe() const;
  // Serves until SIGTERM or SIGINT, then stops gracefully; a second signal stops at once.
  void Run();

 private:
  using ScraperTimer = asio::basic_waitable_timer<std::chrono::steady_clock,
                                                  asio::wait_traits<std::chrono::steady_clock>,
                                                  asio::thread_pool::executor_type>;

  void WaitForSignal();
  void BeginStop();
  void StopNow();
  void EndWaiting();
  Reporter MakeReporter();
  std::string Report(const core::HttpReport& report);
  void Purge(const core::PurgeQuery& query, std::function<void(std::string)> done);
  void TrackKeys();

  const core::Config config_;
  const LogFunction log_;
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<core::NearShared> near_;  // null: no near cache
  metrics::KeyDirectory directory_;
  metrics::KeyTracker tracker_{directory_};
  std::vector<std::unique_ptr<metrics::WorkerMetrics>> metrics_;
  std::vector<std::unique_ptr<Worker>> workers_;
  std::unique_ptr<metrics::Exporter> exporter_;
  asio::thread_pool scraper_{1};
  ScraperTimer track_keys_{scraper_};  // this and the next on the scraper only
  bool tracking_ = true;
  Acceptor acceptor_{config_, workers_, MakeReporter()};
  std::unique_ptr<asio::basic_signal_set<Executor>> signals_;
  std::unique_ptr<Timer> grace_;
  std::atomic<size_t> drained_{0};  // workers still to stop
  bool stopping_ = false;
};

}  // namespace keyhole::net
