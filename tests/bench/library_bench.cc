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
#include "absl/strings/string_view.h"
#include "include/keyhole/keyhole.h"
#include "tests/support/redis_server.h"

namespace keyhole {
namespace {

constexpr size_t kKeys = 100'000;
const std::string kValue(64, 'v');

std::string KeyOf(size_t number) {
  char key[32];
  std::snprintf(key, sizeof(key), "product:%08zu", number);
  return key;
}

const std::vector<std::string>& Keys() {
  static const auto* const keys = [] {
    auto* const made = new std::vector<std::string>;
    for (size_t i = 0; i < kKeys; ++i) made->push_back(KeyOf(i));
    return made;
  }();
  return *keys;
}

// In an order that nobody guesses, the same for all. The bytes of a key are near when it is asked
// for, as those of somebody's request are.
class Order {
 public:
  explicit Order(int seed, const std::vector<std::string>& keys = Keys())
      : random_(static_cast<uint32_t>(seed) + 1), texts_(kMany * kSize, '\0') {
    for (size_t i = 0; i < kMany; ++i)
      keys[random_() % keys.size()].copy(&texts_[i * kSize], kSize);
  }
  std::string_view Next() {
    next_ = (next_ + 1) % kMany;
    return std::string_view(texts_).substr(next_ * kSize, kSize);
  }
  bool writes() { return random_() % 100 < 5; }

 private:
  static constexpr size_t kMany = 1 << 18;
  static constexpr size_t kSize = 16;
  std::minstd_rand random_;
  std::string texts_;
  size_t next_ = 0;
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
    const std::string_view key = order.Next();
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
  void Set(std::string_view key, const std::string& value, Clock::duration ttl) {
    const std::lock_guard lock(mutex_);
    map_[std::string(key)] = {value, Clock::now() + ttl};
  }
  std::optional<std::string> Get(std::string_view key) {
    const std::lock_guard lock(mutex_);
    const auto it = map_.find(absl::string_view(key.data(), key.size()));
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
    const std::string_view key = order.Next();
    if (order.writes()) {
      map.Set(key, kValue, std::chrono::hours(1));
    } else {
      benchmark::DoNotOptimize(map.Get(key));
    }
  }
}
BENCHMARK(FlatHashMap95Set5)->Threads(1)->Threads(2)->Threads(4)->UseRealTime();

// How it grows: from what the nearest caches of a processor hold to what none does.
template <typename Cache>
void Grown(benchmark::State& state, Cache& cache) {
  const auto count = static_cast<size_t>(state.range(0));
  std::vector<std::string> keys;
  for (size_t i = 0; i < count; ++i) {
    keys.push_back(KeyOf(i));
    cache.Set(keys.back(), kValue, std::chrono::hours(1));
  }
  Order order(0, keys);
  for (auto _ : state) benchmark::DoNotOptimize(cache.Get(order.Next()));
}

void KeyholeGetOf(benchmark::State& state) {
  Result<Instance> cache = Start(Options().Set("max-memory", "0"));
  Connection c = cache->Connect();
  Grown(state, c);
}
BENCHMARK(KeyholeGetOf)->RangeMultiplier(10)->Range(1000, 1'000'000);

void FlatHashMapGetOf(benchmark::State& state) {
  MapCache map;
  Grown(state, map);
}
BENCHMARK(FlatHashMapGetOf)->RangeMultiplier(10)->Range(1000, 1'000'000);

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
    const std::string_view key = order.Next();
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
