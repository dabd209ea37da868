// What links need of the worker that they belong to.
//
// Owner: the worker. Thread: the worker's.
#pragma once

#include <array>
#include <chrono>
#include <random>

#include "metrics/snapshot.h"
#include "proxy/base/clock.h"
#include "proxy/base/log.h"
#include "proxy/links/reply_observer.h"
#include "resp/command_table.h"

namespace keyhole::core {

struct LinkContext : Clock {
  explicit LinkContext(metrics::WorkerMetrics& metrics_in) : metrics(metrics_in) {}

  // Lookups of this command are counted.
  bool counts(const resp::CommandSpec& spec) const { return counted[static_cast<size_t>(spec.id)]; }

  // It is one for sure, of one key, by the rule in its row, and writes nothing: as most requests.
  bool is_plain_lookup(const resp::CommandSpec& spec) const {
    return plain_lookup[static_cast<size_t>(spec.id)];
  }

  // A request that has taken so long has to be looked at before it is forgotten: it may have a line
  // in the log.
  bool may_be_told(std::chrono::nanoseconds took) const { return took >= told_from_; }
  void SetLog(LogLevel level, const LogOptions& options) {
    logs_debug = level <= LogLevel::kDebug;
    slow = options.slow;
    told_share = options.requests;
    told_from_ = std::chrono::nanoseconds::max();
    if (slow.count() > 0) told_from_ = slow;
    if (told_share > 0) told_from_ = std::chrono::nanoseconds::min();
  }

  // A number from 0 to 1, for jitter.
  double Random() { return std::uniform_real_distribution<double>(0, 1)(random_); }

  metrics::WorkerMetrics& metrics;
  bool wants_master = false;          // each connection to Redis is asked for its role first
  ReplyObserver* observer = nullptr;  // null: nobody wants to know
  Log log = [](LogLevel, std::string_view) {};
  bool logs_debug = false;            // lines of that level are wanted
  std::chrono::milliseconds slow{0};  // see LogOptions
  double told_share = 0;              // the same
  std::array<bool, resp::kCommandCount> counted{};
  std::array<bool, resp::kCommandCount> plain_lookup{};

 private:
  std::chrono::nanoseconds told_from_ = std::chrono::nanoseconds::max();
  std::minstd_rand random_{std::random_device{}()};
};

}  // namespace keyhole::core
