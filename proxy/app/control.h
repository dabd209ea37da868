// What all workers share, and what is asked of them all: reports, what is dropped from their near
// caches, which keys are tracked. Knows threads by an interface only.
//
//     HTTP --MakeReport--> Control --On..()--> scraper: metrics, keys, slow commands
//                             |      .-------> worker 0 .. n: purge; the last one has the sum
//                             |      |
//          <------ done ------'------'   on worker 0
//
// Thread: that of worker 0, unless a function says otherwise. Outlives the workers.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "metrics/exporter.h"
#include "metrics/key_directory.h"
#include "metrics/key_tracker.h"
#include "metrics/snapshot.h"
#include "proxy/app/worker_state.h"
#include "proxy/config/config.h"
#include "proxy/http/http_exchange.h"
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

  // The counters of one more worker. All are there before any of what follows is called.
  metrics::WorkerMetrics& AddWorker();
  store::Store* store() const { return store_.get(); }
  NearShared* near() const { return near_.get(); }
  // In plain words: what answers the requests.
  std::string Describe() const;

  // done: called on worker 0, later.
  void MakeReport(const HttpReport& what, Done done);
  // To be called ten times a second, on the scraper's thread.
  void TrackKeys();

 private:
  std::string Report(const HttpReport& what);
  std::string SlowReport();
  void Purge(const PurgeQuery& query, Done done);
  metrics::Snapshot TakeSnapshot();
  store::EdgeTotals SumEdges() const;

  const Config& config_;
  Threads& threads_;
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<NearShared> near_;
  metrics::KeyDirectory directory_;
  metrics::KeyTracker tracker_{directory_};
  std::vector<std::unique_ptr<metrics::WorkerMetrics>> workers_;
  metrics::Exporter exporter_;
};

}  // namespace keyhole::core
