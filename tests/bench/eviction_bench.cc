// Which share of requests each eviction policy answers, on traces made here: the store's own
// database with a bound on its bytes, asked as an application asks a cache (a miss is followed by a
// SET). All values have one size, so that "10%" is a tenth of the keys there are.
//
//     eviction_bench [requests]        3000000 if not given
#include <array>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <random>
#include <string>
#include <string_view>

#include "proxy/store/keyspace/keyspace.h"
#include "tests/bench/zipf.h"

namespace keyhole::store {
namespace {

using Trace = std::function<uint64_t()>;

std::string_view KeyOf(uint64_t number, std::array<char, 24>* room) {
  const int size = std::snprintf(room->data(), room->size(), "key:%014llu",
                                 static_cast<unsigned long long>(number));
  return {room->data(), static_cast<size_t>(size)};
}

// Bytes that so many keys take.
size_t WeightOf(uint64_t keys) {
  MemoryBudget budget;
  Keyspace all(budget, 1);
  std::array<char, 24> room;
  for (uint64_t i = 0; i < keys; ++i) all.Put(KeyOf(i, &room), std::string(32, 'v'), kNever);
  return all.memory();
}

double HitRatio(Eviction policy, size_t bytes, uint64_t requests, const Trace& next) {
  MemoryBudget budget(bytes, policy);
  Keyspace keys(budget, 1);
  const std::string value(32, 'v');
  std::array<char, 24> room;
  uint64_t hits = 0;
  const uint64_t warm = requests / 5;
  for (uint64_t i = 0; i < requests + warm; ++i) {
    const std::string_view key = KeyOf(next(), &room);
    if (keys.Find(key, 0) != nullptr) {
      hits += i >= warm ? 1 : 0;
      continue;
    }
    keys.Put(key, value, kNever);
    while (budget.over() && keys.shard(0).Evict()) {
    }
  }
  return static_cast<double>(hits) / static_cast<double>(requests);
}

struct Case {
  const char* name;
  uint64_t keys;  // that there are
  double share;   // of them that fits
  std::function<Trace()> make;
};

Trace ZipfTrace(uint64_t keys, double s) {
  return
      [zipf = test::Zipf(keys, s), random = std::mt19937_64(42)]() mutable { return zipf(random); };
}

// Zipf, and every so often somebody reads a run of keys that nobody wants otherwise.
Trace ScanTrace(uint64_t keys, double s) {
  return [zipf = test::Zipf(keys, s), random = std::mt19937_64(42), keys, cold = keys, left = 0,
          since = 0]() mutable -> uint64_t {
    if (left > 0) {
      --left;
      return ++cold;
    }
    if (++since == 100'000) {
      since = 0;
      left = 50'000;
    }
    return zipf(random);
  };
}

Trace LoopTrace(uint64_t keys) {
  return [keys, at = uint64_t{0}]() mutable { return ++at % keys; };
}

}  // namespace
}  // namespace keyhole::store

int main(int argc, char** argv) {
  using namespace keyhole::store;
  const uint64_t requests = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 3'000'000;
  constexpr uint64_t kKeys = 1'000'000;
  constexpr uint64_t kLoop = 100'000;
  const Case cases[] = {
      {"Zipf 0.9, 0.5%", kKeys, 0.005, [] { return ZipfTrace(kKeys, 0.9); }},
      {"Zipf 0.9, 1%", kKeys, 0.01, [] { return ZipfTrace(kKeys, 0.9); }},
      {"Zipf 0.9, 10%", kKeys, 0.1, [] { return ZipfTrace(kKeys, 0.9); }},
      {"Zipf 1.0, 1%", kKeys, 0.01, [] { return ZipfTrace(kKeys, 1.0); }},
      {"Zipf 1.0, 25%", kKeys, 0.25, [] { return ZipfTrace(kKeys, 1.0); }},
      {"Zipf 1.0 + scans, 1%", kKeys, 0.01, [] { return ScanTrace(kKeys, 1.0); }},
      {"Zipf 1.0 + scans, 5%", kKeys, 0.05, [] { return ScanTrace(kKeys, 1.0); }},
      {"loop, 50%", kLoop, 0.5, [] { return LoopTrace(kLoop); }},
      {"loop, 90%", kLoop, 0.9, [] { return LoopTrace(kLoop); }},
  };
  std::printf("%-24s%10s%10s\n", "hits of all requests", "s3-fifo", "lru");
  for (const Case& one : cases) {
    const size_t bytes = WeightOf(static_cast<uint64_t>(static_cast<double>(one.keys) * one.share));
    const double fifo = HitRatio(Eviction::kS3Fifo, bytes, requests, one.make());
    const double lru = HitRatio(Eviction::kLru, bytes, requests, one.make());
    std::printf("%-24s%9.1f%%%9.1f%%\n", one.name, 100 * fifo, 100 * lru);
    std::fflush(stdout);
  }
}
