#include "proxy/app/lookout.h"

#include <utility>

namespace keyhole::core {
namespace {

// What was in the last minute is told to five seconds.
constexpr int kKeepEvery = 5;
constexpr size_t kKept = 60 / kKeepEvery;

}  // namespace

Lookout::Lookout(metrics::KeyDirectory& directory, std::function<metrics::Snapshot()> totals,
                 Place place)
    : totals_(std::move(totals)), place_(std::move(place)) {
  Watch(directory);
}

bool Lookout::Tick(Instant now, double unix_now) {
  const auto second = static_cast<int64_t>(unix_now);
  if (begun_ && second == second_) return false;
  metrics::Snapshot totals = totals_();
  const double seconds = std::chrono::duration<double>(now - looked_).count();
  looked_ = now;
  second_ = second;
  unix_now_ = unix_now;
  const bool first = !std::exchange(begun_, true);
  if (first) started_ = unix_now;
  if (!first) history_.Record(second, Compare(latest_, totals, seconds));
  if (totals.upstream_up) {
    away_since_ = 0;
  } else if (away_since_ == 0) {
    away_since_ = unix_now;
  }
  if (first || ++seconds_ % kKeepEvery == 0) last_.push_back(totals);
  if (last_.size() > kKept) last_.pop_front();
  latest_ = std::move(totals);
  keys_->Tick(now);
  return !first;
}

Overview Lookout::Look() const {
  return {.now = unix_now_,
          .started = started_,
          .max_clients = place_.max_clients,
          .store_evicts = place_.evicts,
          .behind = {place_.embedded, place_.behind, away_since_},
          .totals = latest_,
          .minute_ago = last_.empty() ? latest_ : last_.front(),
          .history = history_,
          .nodes = nodes_};
}

}  // namespace keyhole::core
