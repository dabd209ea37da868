// The near cache's policy by itself: what it catches of keys by Zipf's law with a budget of 1 % of
// what all of them would take, beside LRU with the same bytes; and what a hit and a miss cost.
//
//     near_cache_bench                          a table
//     near_cache_bench --json 0.9 1000000 N     one line of it as JSON, after N requests
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <list>
#include <random>
#include <string>
#include <unordered_map>

#include "proxy/near_cache/near_ghost.h"
#include "proxy/near_cache/near_table.h"
#include "tests/bench/zipf.h"

namespace keyhole::core {
namespace {

constexpr size_t kKeyBytes = 16;  // key:000000000042, as redis-benchmark has them
constexpr size_t kValueBytes = 64;
constexpr size_t kGhostShare = 16;
constexpr uint32_t kMinReads = 3;

const std::string kReply = "$64\r\n" + std::string(kValueBytes, 'x') + "\r\n";

size_t OneEntry() {
  return NearEntry::BytesFor(kKeyBytes, kReply.size()) + sizeof(NearEntry*) + 1;
}

struct Key {
  explicit Key(uint64_t number) {
    std::snprintf(text, sizeof(text), "key:%012lu", number % 1'000'000'000'000);
  }
  char text[kKeyBytes + 1];
};

struct Caught {
  uint64_t reads = 0;
  uint64_t hits = 0;
  uint64_t fills = 0;
  double nanos = 0;  // per request
  double hit_ratio() const { return static_cast<double>(hits) / static_cast<double>(reads); }
};

// Of the second half of the requests.
Caught Near(double exponent, uint64_t keys, uint64_t requests, size_t budget) {
  NearGhost ghost(budget / kGhostShare, kMinReads);
  NearTable table(budget - ghost.bytes());
  const test::Zipf zipf(keys, exponent);
  std::mt19937_64 random(1);
  Caught caught;
  for (uint64_t i = 0; i < requests; ++i) {
    if (i == requests / 2) caught = {};
    const Key text(zipf(random) - 1);
    const resp::HashedKey key(std::string_view(text.text, kKeyBytes));
    ++caught.reads;
    if (NearEntry* const entry = table.Find(key)) {
      NearTable::NoteUse(*entry);
      ++caught.hits;
    } else if (ghost.Touch(key.hash)) {
      table.Insert(key, kReply, false);
      ++caught.fills;
    }
  }
  return caught;
}

Caught Lru(double exponent, uint64_t keys, uint64_t requests, size_t budget) {
  const size_t places = budget / OneEntry();
  std::list<uint64_t> order;
  std::unordered_map<uint64_t, std::list<uint64_t>::iterator> table;
  const test::Zipf zipf(keys, exponent);
  std::mt19937_64 random(1);
  Caught caught;
  for (uint64_t i = 0; i < requests; ++i) {
    if (i == requests / 2) caught = {};
    const uint64_t key = zipf(random);
    ++caught.reads;
    if (const auto it = table.find(key); it != table.end()) {
      order.splice(order.begin(), order, it->second);
      ++caught.hits;
      continue;
    }
    order.push_front(key);
    table[key] = order.begin();
    if (table.size() <= places) continue;
    table.erase(order.back());
    order.pop_back();
  }
  return caught;
}

double NanosPerRequest(uint64_t keys, bool all_near) {
  NearGhost ghost(1 << 20, kMinReads);
  NearTable table(size_t{64} << 20);
  for (uint64_t i = 0; all_near && i < keys; ++i) {
    const Key text(i);
    table.Insert(resp::HashedKey(std::string_view{text.text, kKeyBytes}), kReply, false);
  }
  std::vector<Key> asked;
  std::mt19937_64 random(1);
  for (int i = 0; i < 100'000; ++i) asked.emplace_back(random() % keys);
  uint64_t found = 0;
  const auto begin = std::chrono::steady_clock::now();
  for (int round = 0; round < 20; ++round) {
    for (const Key& text : asked) {
      const resp::HashedKey key(std::string_view(text.text, kKeyBytes));
      NearEntry* const entry = table.Find(key);
      if (entry != nullptr) NearTable::NoteUse(*entry);
      found += entry != nullptr || ghost.Touch(key.hash) ? 1U : 0U;
    }
  }
  const std::chrono::duration<double, std::nano> took = std::chrono::steady_clock::now() - begin;
  if (found == 0) std::puts("");
  return took.count() / (20.0 * static_cast<double>(asked.size()));
}

int Main(int argc, char** argv) {
  if (argc == 5 && std::strcmp(argv[1], "--json") == 0) {
    const double exponent = std::atof(argv[2]);
    const uint64_t keys = std::strtoull(argv[3], nullptr, 10);
    const uint64_t requests = std::strtoull(argv[4], nullptr, 10);
    const size_t budget = keys / 100 * OneEntry();
    std::printf("{\"budget\": %zu, \"value\": %zu, \"hit_ratio\": %.5f, \"lru\": %.5f}\n", budget,
                kValueBytes, Near(exponent, keys, requests, budget).hit_ratio(),
                Lru(exponent, keys, requests, budget).hit_ratio());
    return 0;
  }
  std::printf("1000000 keys, 1 %% of their bytes: hits, fills, hits of LRU\n");
  for (const double exponent : {0.7, 0.9, 1.0, 1.2}) {
    const size_t budget = 10'000 * OneEntry();
    const Caught near = Near(exponent, 1'000'000, 4'000'000, budget);
    const Caught lru = Lru(exponent, 1'000'000, 4'000'000, budget);
    std::printf("  Zipf %.1f  %5.2f %%  %5.2f %%  %5.2f %%\n", exponent, 100 * near.hit_ratio(),
                100.0 * static_cast<double>(near.fills) / static_cast<double>(near.reads),
                100 * lru.hit_ratio());
  }
  std::printf(
      "a hit among 10000 entries: %.0f ns with its hash; a miss of a million keys: %.0f ns\n",
      NanosPerRequest(10'000, true), NanosPerRequest(1'000'000, false));
  return 0;
}

}  // namespace
}  // namespace keyhole::core

int main(int argc, char** argv) {
  return keyhole::core::Main(argc, argv);
}
