// What all workers share, and what is asked of them all: reports, what is dropped from their near
// caches, which keys are tracked. Knows threads by an interface only.
//
//     HTTP --MakeReport--> Control --On..()--> scraper: metrics, keys, slow commands, history
//                             |      .-------> worker 0 .. n: purge, clients; the last one has all
//                             |      |
//          <------ done ------'------'   on worker 0
//
// Readers of a stream wait here for the next event: it is made once, on the scraper, and only if
// somebody waits.
//
// Thread: that of worker 0, unless a function says otherwise. Outlives the workers.
#pragma once

#include <atomic>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "metrics/exporter.h"
#include "metrics/key_books.h"
#include "metrics/key_tracker.h"
#include "metrics/snapshot.h"
#include "proxy/app/lookout.h"
#include "proxy/app/worker_state.h"
#include "proxy/config/config.h"
#include "proxy/config/reload.h"
#include "proxy/http/http_exchange.h"
#include "proxy/http/key_report.h"
#include "proxy/near_cache/near_shared.h"
#include "proxy/store/store.h"

namespace keyhole::core {

class Control {
 public:
  // Each calls f later, on a thread of its own. From any thread.
  class Threads {
   public:
    virtual void OnScraper(std::function<void()> f) = 0;
    virtual void OnWorker(size_t worker, std::function<void(WorkerState&)> f) = 0;

   protected:
    ~Threads() = default;
  };
  using Done = std::function<void(std::string)>;

  // Both outlive this. The store is there if there is no upstream, the near caches' part if they
  // are on.
  // log: for lines of the embedded store; called by any worker.
  Control(const Config& config, Threads& threads, Log log = {});
  ~Control();
  Control(const Control&) = delete;
  Control& operator=(const Control&) = delete;

  // The counters of one more worker, or of another that counts. Any thread; what follows is called
  // for those that are there.
  metrics::WorkerMetrics& AddWorker();
  store::Store* store() const { return store_.get(); }
  NearShared* near() const { return near_.get(); }
  // In plain words: what answers the requests.
  std::string Describe() const;
  // "12 clients; the upstream is up". Any thread.
  std::string Status() const;
  // The embedded store takes over what differs. On the thread of worker 0.
  void Configure(const Config& before, const Config& after);

  // Reads the options again, on the scraper's thread. To be set before anybody asks by HTTP, or on
  // that thread.
  void set_reload(std::function<ReloadReport()> reload);
  // done: called on worker 0, later; not at all after EndStreams(), if it waits for an event.
  void MakeReport(const HttpReport& what, Done done);
  // The same for callers inside the process: /metrics, and the counts of keys with their rates.
  // From any thread.
  std::string MetricsText() const { return exporter_.Render(metrics::Exporter::Format::kText); }
  metrics::KeyTable Keys() const { return books_.Table(std::chrono::steady_clock::now()); }
  // Lets go of all who wait for an event.
  void EndStreams();
  // To be called ten times a second, on the scraper's thread.
  void Tick();
  // Takes over what of the options can be changed, on the scraper's thread.
  void Reload(const Config& next);

 private:
  std::string Report(const HttpReport& what);
  void Look(std::function<void()> then);
  std::string ReloadText();
  std::string SlowReport();
  void TellOfKey(const HttpReport& what, Done done);
  std::string KeyText(KeyReport report);
  void Purge(const PurgeQuery& query, Done done);
  void ListClients(const HttpReport& what, Done done);
  void Answer(const HttpReport& what, Done done, std::string text);
  void TellReaders();
  metrics::Snapshot TakeSnapshot();
  store::EdgeTotals SumEdges() const;
  std::vector<const metrics::WorkerMetrics*> Workers() const;
  size_t worker_count() const;
  void AddStore(metrics::Snapshot* snapshot) const;

  const Config& config_;
  Threads& threads_;
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<NearShared> near_;
  metrics::KeyBooks books_;
  std::shared_ptr<metrics::KeyBook> watched_;  // by lookout_; the scraper's
  mutable std::mutex adding_;                  // guards workers_, which only grow
  std::vector<std::unique_ptr<metrics::WorkerMetrics>> workers_;
  metrics::Exporter exporter_;
  Lookout lookout_;
  std::function<ReloadReport()> reload_;  // the scraper's; null: cannot be done
  std::vector<Done> readers_;             // of streams, that wait for the next event; worker 0's
  std::atomic<size_t> readers_count_{0};  // for the scraper
  bool streams_end_ = false;
};

}  // namespace keyhole::core
