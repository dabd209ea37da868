// What one worker counts of each node of a Redis Cluster behind the proxy.
//
// A node has a cell from the first time it is known until the process ends, so that its counters go
// on when it comes back; while the cluster does not have it, it is not shown. Nodes beyond kMost
// share one cell, `__other__`.
//
// Owner:  the worker's WorkerMetrics. A cell stays where it is for the owner's life.
// Thread: At() and the cells are the worker's; AddTo() may be called by any thread.
// Cost:   At() takes a lock and looks through a tree; a count in a cell is that of counters.h.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "metrics/counters.h"

namespace keyhole::metrics {

struct NodeCell {
  Gauge known;       // 1: the worker has links to it; 2: as a master and as a replica
  Gauge up;          // how many of these answer
  Gauge slots;       // that it serves
  Gauge latency_us;  // that answers have taken of late
  Counter requests;  // sent there, with those that were sent again
  Counter refusals;  // of these, such as it did not carry out; see RedirectKind
  Counter losses;    // times it answered no more
};

// Of all workers.
struct NodeCounts {
  std::string address;
  bool up = false;         // for all workers that know it
  int64_t slots = 0;       // as the worker sees it that knows of the most
  int64_t latency_us = 0;  // the longest
  uint64_t requests = 0;
  uint64_t refusals = 0;
  uint64_t losses = 0;
};

class NodeStats {
 public:
  static constexpr size_t kMost = 1000;

  NodeCell& At(std::string_view address);
  // Those that are known, in the order of their addresses. REQUIRES: `to` is in that order.
  void AddTo(std::vector<NodeCounts>* to) const;

 private:
  mutable std::mutex mutex_;  // guards the map, not what is in the cells
  std::map<std::string, std::unique_ptr<NodeCell>, std::less<>> cells_;
};

}  // namespace keyhole::metrics
