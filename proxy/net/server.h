// The threads and the sockets of the process, and how they start and stop.
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
#include <utility>
#include <vector>

#include "proxy/app/control.h"
#include "proxy/config/config.h"
#include "proxy/net/acceptor.h"
#include "proxy/net/worker.h"

namespace keyhole::net {

class Server final : private core::Control::Threads {
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
  void TrackKeys();
  void OnScraper(std::function<void()> f) override;
  void OnWorker(size_t worker, std::function<void(core::WorkerState&)> f) override;

  const core::Config config_;
  const LogFunction log_;
  core::Control control_;
  std::vector<std::unique_ptr<Worker>> workers_;
  asio::thread_pool scraper_{1};
  ScraperTimer track_keys_{scraper_};  // this and the next on the scraper only
  bool tracking_ = true;
  Acceptor acceptor_{config_, workers_,
                     [this](const core::HttpReport& what, core::Control::Done done) {
                       control_.MakeReport(what, std::move(done));
                     }};
  std::unique_ptr<asio::basic_signal_set<Executor>> signals_;
  std::unique_ptr<Timer> grace_;
  std::atomic<size_t> drained_{0};  // workers still to stop
  bool stopping_ = false;
};

}  // namespace keyhole::net
