// What a call inside the process costs, beside what people write by hand and beside a Redis over
// loopback, in one run: keys of 16 bytes, values of 64, 100 000 of them.
//
//     build/bench/tests/bench/library_bench --benchmark_min_time=0.5
#include <benchmark/benchmark.h>
#include <hiredis/hiredis.h>

#include <chrono>
#include <cstdio>
#include <fstream>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "include/keyhole/keyhole.h"
#include "tests/support/redis_server.h"

namespace keyhole {
namespace {

constexpr size_t kKeys = 100'000;
const std::string kValue(64, 'v');

const std::vector<std::string>& Keys() {
  static const auto* const keys = [] {
    auto* const made = new std::vector<std::string>;
    char key[32];
    for (size_t i = 0; i < kKeys; ++i) {
      std::snprintf(key, sizeof(key), "product:%08zu", i);
      made->emplace_back(key);
    }
    return made;
  }();
  return *keys;
}

// In an order that no prefetcher guesses, the same for all.
class Order {
 public:
  explicit Order(int seed) : random_(static_cast<uint32_t>(seed) + 1) {}
  const std::string& Next() { return Keys()[random_() % kKeys]; }
  bool writes() { return random_() % 100 < 5; }

 private:
  std::minstd_rand random_;
};

Instance& Cache() {
  static auto* const cache = [] {
    auto* const started = new Result<Instance>(Start());
    Connection c = (*started)->Connect();
    for (const std::string& key : Keys()) c.Set(key, kValue, std::chrono::hours(1));
    return started;
  }();
  return **cache;
}

void KeyholeGet(benchmark::State& state) {
  Connection c = Cache().Connect();
  Order order(state.thread_index());
  c.Call({"PING"});
  for (auto _ : state) benchmark::DoNotOptimize(c.Get(order.Next()));
}
BENCHMARK(KeyholeGet)->Threads(1)->Threads(2)->Threads(4)->UseRealTime();

void KeyholeCallGet(benchmark::State& state) {
  Connection c = Cache().Connect();
  Order order(state.thread_index());
  for (auto _ : state) benchmark::DoNotOptimize(c.Call({"GET", order.Next()}));
}
BENCHMARK(KeyholeCallGet)->Threads(1)->Threads(2)->Threads(4)->UseRealTime();

void KeyholeGet95Set5(benchmark::State& state) {
  Connection c = Cache().Connect();
  Order order(state.thread_index());
  c.Call({"PING"});
  for (auto _ : state) {
    const std::string& key = order.Next();
    if (order.writes()) {
      benchmark::DoNotOptimize(c.Set(key, kValue, std::chrono::hours(1)));
    } else {
      benchmark::DoNotOptimize(c.Get(key));
    }
  }
}
BENCHMARK(KeyholeGet95Set5)->Threads(1)->Threads(2)->Threads(4)->UseRealTime();

// What people write by hand: a map under a mutex, with a time to live that is looked at.
class MapCache {
 public:
  using Clock = std::chrono::steady_clock;
  void Set(const std::string& key, const std::string& value, Clock::duration ttl) {
    const std::lock_guard lock(mutex_);
    map_[key] = {value, Clock::now() + ttl};
  }
  std::optional<std::string> Get(const std::string& key) {
    const std::lock_guard lock(mutex_);
    const auto it = map_.find(key);
    if (it == map_.end() || it->second.ends < Clock::now()) return std::nullopt;
    return it->second.value;
  }

 private:
  struct Entry {
    std::string value;
    Clock::time_point ends;
  };
  std::mutex mutex_;
  absl::flat_hash_map<std::string, Entry> map_;
};

MapCache& Map() {
  static auto* const map = [] {
    auto* const made = new MapCache;
    for (const std::string& key : Keys()) made->Set(key, kValue, std::chrono::hours(1));
    return made;
  }();
  return *map;
}

void FlatHashMapGet(benchmark::State& state) {
  Order order(state.thread_index());
  MapCache& map = Map();
  for (auto _ : state) benchmark::DoNotOptimize(map.Get(order.Next()));
}
BENCHMARK(FlatHashMapGet)->Threads(1)->Threads(2)->Threads(4)->UseRealTime();

void FlatHashMap95Set5(benchmark::State& state) {
  Order order(state.thread_index());
  MapCache& map = Map();
  for (auto _ : state) {
    const std::string& key = order.Next();
    if (order.writes()) {
      map.Set(key, kValue, std::chrono::hours(1));
    } else {
      benchmark::DoNotOptimize(map.Get(key));
    }
  }
}
BENCHMARK(FlatHashMap95Set5)->Threads(1)->Threads(2)->Threads(4)->UseRealTime();

void RedisOverLoopback(benchmark::State& state) {
  static auto* const redis = new test::RedisServer;
  redisContext* const context = redisConnect("127.0.0.1", redis->port());
  for (const std::string& key : Keys()) {
    redisAppendCommand(context, "SET %s %s", key.c_str(), kValue.c_str());
  }
  for (size_t i = 0; i < kKeys; ++i) {
    void* reply = nullptr;
    redisGetReply(context, &reply);
    freeReplyObject(reply);
  }
  Order order(0);
  for (auto _ : state) {
    const std::string& key = order.Next();
    freeReplyObject(redisCommand(context, "GET %b", key.data(), key.size()));
  }
  redisFree(context);
}
BENCHMARK(RedisOverLoopback)->UseRealTime();

void StartToFirstAnswer(benchmark::State& state) {
  for (auto _ : state) {
    const Result<Instance> cache = Start(Options().Set("listen", "127.0.0.1:0"));
    redisContext* const context = redisConnect("127.0.0.1", cache->port());
    freeReplyObject(redisCommand(context, "PING"));
    state.PauseTiming();
    redisFree(context);
    state.ResumeTiming();
  }
}
BENCHMARK(StartToFirstAnswer)->UseRealTime()->Unit(benchmark::kMillisecond);

long ResidentKiB() {
  std::ifstream statm("/proc/self/statm");
  long size = 0;
  long resident = 0;
  statm >> size >> resident;
  return resident * 4;
}

// Resident memory of an instance that nobody has used, of eight after a first one.
void EmptyInstance(benchmark::State& state) {
  const Result<Instance> first = Start();
  for (auto _ : state) {
    const long before = ResidentKiB();
    std::vector<Result<Instance>> many;
    for (int i = 0; i < 8; ++i) many.push_back(Start());
    state.counters["KiB"] = static_cast<double>(ResidentKiB() - before) / 8;
  }
}
BENCHMARK(EmptyInstance)->Iterations(1);

}  // namespace
}  // namespace keyhole
