// What is seen of the process from outside: its history, the overview, one key. It looks once a
// second, whoever asks; what it makes of that it makes when it is asked.
//
//     counters --Tick()--> Snapshot, compared with the one before --> History --> reports
//                                                        keys ------> KeyHistory
//
// Thread: the scraper's.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "metrics/history.h"
#include "metrics/key_history.h"
#include "metrics/key_tracker.h"
#include "metrics/snapshot.h"
#include "proxy/http/http_exchange.h"
#include "proxy/http/overview.h"

namespace keyhole::core {

class Lookout {
 public:
  using Instant = std::chrono::steady_clock::time_point;
  // What does not change, or is read when it is asked for.
  struct Place {
    std::string behind;  // "Redis at 127.0.0.1:6379"
    bool embedded = false;
    bool evicts = true;
    int64_t max_clients = 0;
  };

  // totals: gives what has been counted by now. All outlive this.
  Lookout(metrics::KeyDirectory& directory, std::function<metrics::Snapshot()> totals, Place place);

  // What is behind the proxy, as somebody is about to look.
  void set_nodes(std::vector<NodeInfo> nodes) { nodes_ = std::move(nodes); }
  void set_place(Place place) { place_ = std::move(place); }
  // Keys are those of another directory, whose history begins now.
  void Watch(metrics::KeyDirectory& directory) { keys_.emplace(directory); }

  // To be called ten times a second; true: a second has been added, there is something to tell.
  // unix_now: seconds since 1970.
  bool Tick(Instant now, double unix_now);

  std::string OverviewText() const { return OverviewJson(Look()); }
  std::string EventText() const { return OverviewEvent(Look()); }
  std::string HistoryText(const HistoryQuery& query) const { return HistoryJson(history_, query); }
  std::string KeysText(const metrics::KeyTable& table, const KeysQuery& query) const {
    return KeysJson(table, *keys_, query, unix_now_);
  }
  const metrics::KeyHistory& keys() const { return *keys_; }
  double started() const { return started_; }  // seconds since 1970

 private:
  Overview Look() const;

  const std::function<metrics::Snapshot()> totals_;
  Place place_;
  metrics::History history_;
  std::optional<metrics::KeyHistory> keys_;  // always there
  bool begun_ = false;
  Instant looked_{};
  int64_t second_ = 0;  // since 1970, the last one that was looked at
  double unix_now_ = 0;
  double started_ = 0;
  double away_since_ = 0;               // 0: the upstream is there
  std::deque<metrics::Snapshot> last_;  // twelve of the last minute, five seconds apart
  metrics::Snapshot latest_;
  std::vector<NodeInfo> nodes_;
  int seconds_ = 0;
};

}  // namespace keyhole::core
