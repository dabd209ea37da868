// What commands on a value cost as it grows, from a hundred elements to a million: by
// Store::Execute(), so without the connection around it. Those that look for an element by what it
// is (LINSERT) and those that sort (SORT) grow with it in Redis as well; no other may by more than
// its logarithm and the processor's caches. DEL is what its client waits; the rest is freed in the
// background.
//
//     COLLECTION_BENCH_MOST=10000000 collection_bench      takes gigabytes and minutes
#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "proxy/base/random.h"
#include "proxy/store/store.h"

namespace keyhole::store {
namespace {

constexpr int64_t kFewest = 100;
constexpr int64_t kMany = 1'000'000;
const int64_t kMost = [] {
  const char* const most = std::getenv("COLLECTION_BENCH_MOST");
  return most == nullptr ? kMany : std::max<int64_t>(kFewest, std::atoll(most));
}();
constexpr UnixMillis kNow = 1'700'000'000'000;

using Words = std::vector<std::string>;

// A store with one key, "k".
class Value {
 public:
  explicit Value(uint64_t size) : size_(size) {}

  uint64_t size() const { return size_; }
  uint64_t Random() { return NextRandom(&random_) % size_; }
  resp::ByteQueue& Ask(const Words& words) {
    views_.assign(words.begin(), words.end());
    reply_.Clear();
    store_.Execute(*client_, resp::Find(views_), views_, kNow, &reply_);
    return reply_;
  }
  // Until all that has been deleted is freed.
  void Free() {
    while (store_.Sweep(kNow)) {
    }
  }

 private:
  Store store_{{}};
  Store::ClientPtr client_ = store_.Connect("bench", kNow);
  resp::ByteQueue reply_;
  std::vector<std::string_view> views_;
  const uint64_t size_;
  uint64_t random_ = 7;
};

std::string Named(const char* what, uint64_t number) {
  char text[40];
  std::snprintf(text, sizeof(text), "%s:%012llu", what, static_cast<unsigned long long>(number));
  return text;
}

void FillSet(Value& value) {
  for (uint64_t i = 0; i < value.size(); ++i) value.Ask({"SADD", "k", Named("member", i)});
}
void FillBoard(Value& value) {
  for (uint64_t i = 0; i < value.size(); ++i) {
    const std::string score = std::to_string(value.Random()) + ".5";
    value.Ask({"ZADD", "k", score, Named("member", i)});
  }
}
void FillList(Value& value) {
  for (uint64_t i = 0; i < value.size(); ++i) value.Ask({"RPUSH", "k", Named("element", i)});
}
void FillStream(Value& value) {
  for (uint64_t i = 1; i <= value.size(); ++i) {
    value.Ask({"XADD", "k", std::to_string(i), "name", Named("value", i)});
  }
  value.Ask({"XGROUP", "CREATE", "k", "group", "0"});
}

// The last one that was made, if it is the same: filling takes longer than asking.
Value& ValueOf(const benchmark::State& state, void (*fill)(Value&)) {
  static std::unique_ptr<Value> value;
  static void (*filled_by)(Value&) = nullptr;
  const auto size = static_cast<uint64_t>(state.range(0));
  if (value == nullptr || value->size() != size || filled_by != fill) {
    value.reset();
    value = std::make_unique<Value>(size);
    fill(*value);
    filled_by = fill;
  }
  return *value;
}

void Zadd(benchmark::State& state) {
  Value& value = ValueOf(state, FillBoard);
  for (auto _ : state) {
    const std::string score = std::to_string(value.Random()) + ".25";
    value.Ask({"ZADD", "k", score, Named("member", value.Random())});
  }
}
BENCHMARK(Zadd)->RangeMultiplier(10)->Range(kFewest, kMost);

void Zrank(benchmark::State& state) {
  Value& value = ValueOf(state, FillBoard);
  for (auto _ : state) value.Ask({"ZRANK", "k", Named("member", value.Random())});
}
BENCHMARK(Zrank)->RangeMultiplier(10)->Range(kFewest, kMost);

void Lindex(benchmark::State& state) {
  Value& value = ValueOf(state, FillList);
  for (auto _ : state) value.Ask({"LINDEX", "k", std::to_string(value.Random())});
}
BENCHMARK(Lindex)->RangeMultiplier(10)->Range(kFewest, kMost);

// In the middle; and what was inserted is taken out again, so this is two walks to the middle.
void LinsertAndLrem(benchmark::State& state) {
  Value& value = ValueOf(state, FillList);
  const std::string middle = Named("element", value.size() / 2);
  for (auto _ : state) {
    value.Ask({"LINSERT", "k", "BEFORE", middle, "new"});
    value.Ask({"LREM", "k", "1", "new"});
  }
}
BENCHMARK(LinsertAndLrem)->RangeMultiplier(10)->Range(kFewest, kMany);

void XrangeOfTen(benchmark::State& state) {
  Value& value = ValueOf(state, FillStream);
  for (auto _ : state) {
    value.Ask({"XRANGE", "k", std::to_string(value.Random() + 1), "+", "COUNT", "10"});
  }
}
BENCHMARK(XrangeOfTen)->RangeMultiplier(10)->Range(kFewest, kMost);

// Of one entry, which stays pending until there are no more and the group begins anew.
void Xreadgroup(benchmark::State& state) {
  Value& value = ValueOf(state, FillStream);
  uint64_t left = 0;
  for (auto _ : state) {
    if (left-- == 0) {
      state.PauseTiming();
      value.Ask({"XGROUP", "DESTROY", "k", "group"});
      value.Ask({"XGROUP", "CREATE", "k", "group", "0"});
      left = value.size() - 1;
      state.ResumeTiming();
    }
    value.Ask({"XREADGROUP", "GROUP", "group", "me", "COUNT", "1", "STREAMS", "k", ">"});
  }
}
BENCHMARK(Xreadgroup)->RangeMultiplier(10)->Range(kFewest, kMost);

void SortOfAll(benchmark::State& state) {
  Value& value = ValueOf(state, FillList);
  for (auto _ : state) value.Ask({"SORT", "k", "ALPHA", "DESC", "LIMIT", "0", "10"});
}
BENCHMARK(SortOfAll)->RangeMultiplier(10)->Range(kFewest, kMany)->Unit(benchmark::kMicrosecond);

void Del(benchmark::State& state, void (*fill)(Value&)) {
  using Clock = std::chrono::steady_clock;
  Value value(static_cast<uint64_t>(state.range(0)));
  double longest = 0;
  for (auto _ : state) {
    fill(value);
    const Clock::time_point begin = Clock::now();
    value.Ask({"DEL", "k"});
    const double seconds = std::chrono::duration<double>(Clock::now() - begin).count();
    state.SetIterationTime(seconds);
    longest = std::max(longest, seconds);
    value.Free();
  }
  state.counters["longest_us"] = longest * 1e6;
}
#define DEL_OF(what, fill)           \
  BENCHMARK_CAPTURE(Del, what, fill) \
      ->RangeMultiplier(10)          \
      ->Range(kFewest, kMany)        \
      ->Iterations(3)                \
      ->UseManualTime()              \
      ->Unit(benchmark::kMicrosecond)
DEL_OF(set, FillSet);
DEL_OF(sorted_set, FillBoard);
DEL_OF(list, FillList);
DEL_OF(stream, FillStream);

}  // namespace
}  // namespace keyhole::store
