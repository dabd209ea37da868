// Does it find the heavy keys? Lookups of a million keys on a simulated clock, counted exactly on
// the side; after two epochs at least 95 of the 100 keys that were looked up most must be tracked.
//
//   zipf s      a table full of keys that came first and never come again; then Zipf(s)
//   hot set     Zipf(1.0), and every minute the ranks belong to other keys
//
// Prints a table; the exit code is 1 if a bar is missed. Runs in seconds.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <memory>
#include <random>
#include <string>
#include <unordered_map>
#include <vector>

#include "metrics/key_stats.h"
#include "metrics/key_tracker.h"
#include "tests/bench/zipf.h"

namespace keyhole::metrics {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr uint64_t kKeys = 1'000'000;
constexpr size_t kTop = 100;
constexpr size_t kBar = 95;
constexpr size_t kWorkers = 2;
constexpr milliseconds kTick{100};

struct Result {
  size_t tracked = 0;   // of the true top, with a series
  size_t counting = 0;  // of those, past the zero hold
};

// A process with two workers and a clock that goes as fast as it can.
class Simulation {
 public:
  explicit Simulation(int per_second) : per_tick_(per_second / 10) {
    for (auto& worker : workers_) worker = std::make_unique<KeyStats>(directory_);
    for (size_t i = 0; i < directory_.capacity(); ++i) {
      workers_[0]->Record("first:" + std::to_string(i), true);
    }
    tracker_.Tick(now_, 0);
  }

  // shift: which key has rank 1.
  void Run(const test::Zipf& zipf, uint64_t shift, seconds time) {
    exact_.clear();
    for (milliseconds t{0}; t < time; t += kTick) {
      for (int i = 0; i < per_tick_; ++i) {
        const uint64_t number = (zipf(random_) + shift) % kKeys;
        ++exact_[number];
        workers_[random_() % kWorkers]->Record(KeyNumber(number), random_() % 4 != 0);
      }
      now_ += kTick;
      for (auto& worker : workers_) worker->CatchUp();
      tracker_.Tick(now_, 0);
      if (now_.time_since_epoch() % seconds(15) == seconds(0)) ReadKeys(directory_, true);
    }
  }

  // How many of the keys that Run() looked up most are tracked.
  Result Check() {
    std::vector<std::pair<uint64_t, uint64_t>> top;
    for (const auto& [number, count] : exact_) top.emplace_back(count, number);
    std::partial_sort(top.begin(), top.begin() + kTop, top.end(), std::greater<>());
    std::unordered_map<std::string, size_t> slots;
    for (const KeyCounts& key : ReadKeys(directory_, false).keys) slots[key.label] = key.slot;
    Result result;
    for (size_t i = 0; i < kTop; ++i) {
      const auto it = slots.find(KeyNumber(top[i].second));
      if (it == slots.end()) continue;
      ++result.tracked;
      if (directory_.slot(it->second).state == KeySlot::State::kCounting) ++result.counting;
    }
    return result;
  }

  uint64_t promotions() { return ReadKeys(directory_, false).promotions; }
  seconds epoch() const { return std::chrono::duration_cast<seconds>(directory_.options().epoch); }

 private:
  static std::string KeyNumber(uint64_t number) { return "key:" + std::to_string(number); }

  KeyDirectory directory_{KeyOptions{}};
  std::unique_ptr<KeyStats> workers_[kWorkers];
  KeyTracker tracker_{directory_};
  KeyTracker::Instant now_{};
  const int per_tick_;
  std::mt19937_64 random_{1};
  std::unordered_map<uint64_t, uint64_t> exact_;
};

bool ok = true;

void Show(const char* workload, int per_second, const char* when, Result result,
          uint64_t promotions) {
  const bool good = result.tracked >= kBar;
  ok = ok && good;
  std::printf("%-12s %7d/s  %-22s %3zu of %zu tracked, %3zu counting  %6lu promotions  %s\n",
              workload, per_second, when, result.tracked, kTop, result.counting, promotions,
              good ? "ok" : "MISSED");
}

void Steady(double s, int per_second) {
  Simulation simulation(per_second);
  const test::Zipf zipf(kKeys, s);
  char name[32];
  std::snprintf(name, sizeof(name), "zipf %.1f", s);
  // The half second is for what follows the end of an epoch.
  simulation.Run(zipf, 0, 2 * simulation.epoch() + seconds(1));
  Show(name, per_second, "after 2 epochs", simulation.Check(), simulation.promotions());
  const uint64_t before = simulation.promotions();
  simulation.Run(zipf, 0, std::chrono::minutes(3));
  Show(name, per_second, "in the next 3 minutes", simulation.Check(),
       simulation.promotions() - before);
}

void Moving(int per_second) {
  Simulation simulation(per_second);
  const test::Zipf zipf(kKeys, 1.0);
  for (uint64_t minute = 0; minute < 5; ++minute) {
    const uint64_t before = simulation.promotions();
    simulation.Run(zipf, minute * 50'021, 2 * simulation.epoch() + seconds(1));
    char when[32];
    std::snprintf(when, sizeof(when), "minute %lu, 2 epochs", minute + 1);
    Show("hot set", per_second, when, simulation.Check(), simulation.promotions() - before);
    simulation.Run(zipf, minute * 50'021, seconds(60) - 2 * simulation.epoch() - seconds(1));
  }
}

}  // namespace
}  // namespace keyhole::metrics

int main() {
  for (const int per_second : {10'000, 50'000}) {
    for (const double s : {0.9, 1.0, 1.2}) keyhole::metrics::Steady(s, per_second);
    keyhole::metrics::Moving(per_second);
  }
  return keyhole::metrics::ok ? 0 : 1;
}
