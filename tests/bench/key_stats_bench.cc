// What counting costs on the data path: KeyStats::Record, LatencyHistogram::Record, and a scrape.

#include <benchmark/benchmark.h>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "metrics/exporter.h"
#include "metrics/key_stats.h"
#include "metrics/key_tracker.h"
#include "metrics/latency.h"
#include "metrics/snapshot.h"

namespace keyhole::metrics {
namespace {

constexpr size_t kTracked = 1000;

// Distinct keys of `bytes` bytes each.
std::vector<std::string> MakeKeys(const std::string& prefix, size_t count, size_t bytes) {
  std::vector<std::string> keys;
  for (size_t i = 0; i < count; ++i) {
    std::string key = prefix + std::to_string(i * 7919);
    key.resize(bytes, '.');
    keys.push_back(std::move(key));
  }
  return keys;
}

void RecordAll(benchmark::State& state, KeyStats& stats, const std::vector<std::string>& keys) {
  size_t i = 0;
  for (auto _ : state) {
    stats.Record(keys[i], (i & 3) != 0);
    if (++i == keys.size()) i = 0;
  }
}

void BM_RecordTracked(benchmark::State& state) {
  KeyDirectory directory(kTracked);
  KeyStats stats(directory);
  const auto keys = MakeKeys("user:", kTracked, static_cast<size_t>(state.range(0)));
  for (const std::string& key : keys) stats.Record(key, true);
  RecordAll(state, stats, keys);
}
BENCHMARK(BM_RecordTracked)->Arg(12)->Arg(16)->Arg(40)->Arg(256)->Arg(1000);

void BM_RecordUntracked(benchmark::State& state) {
  KeyDirectory directory(kTracked);
  KeyStats stats(directory);
  const auto bytes = static_cast<size_t>(state.range(0));
  for (const std::string& key : MakeKeys("user:", kTracked, bytes)) stats.Record(key, true);
  RecordAll(state, stats, MakeKeys("item:", kTracked, bytes));
}
BENCHMARK(BM_RecordUntracked)->Arg(12)->Arg(16)->Arg(40)->Arg(256)->Arg(1000);

// The same where such lookups are many, so that only some are shown to the sketch.
void BM_RecordUntrackedBusy(benchmark::State& state) {
  KeyDirectory directory(kTracked);
  KeyStats stats(directory);
  const auto bytes = static_cast<size_t>(state.range(0));
  for (const std::string& key : MakeKeys("user:", kTracked, bytes)) stats.Record(key, true);
  directory.BeginEpoch(KeyTracker::kSampleEvery);
  stats.CatchUp();
  RecordAll(state, stats, MakeKeys("item:", kTracked, bytes));
}
BENCHMARK(BM_RecordUntrackedBusy)->Arg(12)->Arg(16)->Arg(40);

void BM_RecordNothingTracked(benchmark::State& state) {
  KeyDirectory directory(0);
  KeyStats stats(directory);
  RecordAll(state, stats, MakeKeys("user:", kTracked, 16));
}
BENCHMARK(BM_RecordNothingTracked);

void BM_RecordLatency(benchmark::State& state) {
  const auto latency = std::make_unique<LatencyHistogram>();
  std::chrono::nanoseconds duration(1000);
  for (auto _ : state) {
    latency->Record(duration);
    duration = std::chrono::nanoseconds((duration.count() * 5 + 12345) & 0xFFFFF);
  }
}
BENCHMARK(BM_RecordLatency);

void BM_Render(benchmark::State& state) {
  KeyDirectory directory(static_cast<size_t>(state.range(0)));
  const auto worker = std::make_unique<WorkerMetrics>(directory);
  for (const std::string& key : MakeKeys("user:", directory.capacity(), 16)) {
    worker->keys.Record(key, true);
  }
  const Exporter exporter(
      [&] {
        const WorkerMetrics* const workers[] = {worker.get()};
        return Take(workers, directory);
      },
      "0.0.0");
  for (auto _ : state) benchmark::DoNotOptimize(exporter.Render());
}
BENCHMARK(BM_Render)->Arg(0)->Arg(1000)->Arg(10000)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace keyhole::metrics
