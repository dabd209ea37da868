// What the embedded store takes for a request, from Store::Execute() to the reply's bytes: a
// million keys of 18 bytes with 32-byte values, asked for at random, so that the caches of the
// processor are of little help. With two threads the store is shared by two workers.
#include <benchmark/benchmark.h>

#include <array>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "proxy/base/random.h"
#include "proxy/store/store.h"

namespace keyhole::store {
namespace {

constexpr uint64_t kKeys = 1'000'000;

class Client {
 public:
  explicit Client(Store& store) : store_(store), client_(store.Connect("bench", 1)) {}

  // The key of a number; those from kKeys on are not there.
  std::string_view Key(uint64_t number) {
    const int size = std::snprintf(key_.data(), key_.size(), "key:%014llu",
                                   static_cast<unsigned long long>(number));
    return {key_.data(), static_cast<size_t>(size)};
  }
  size_t Ask(std::span<const std::string_view> args) {
    reply_.Clear();
    store_.Execute(*client_, resp::Find(args), args, 1, &reply_);
    return reply_.size();
  }

 private:
  Store& store_;
  Store::ClientPtr client_;
  std::array<char, 24> key_;
  resp::ByteQueue reply_;
};

const std::string kValue(32, 'v');

Store& Filled(int workers) {
  static std::unique_ptr<Store> stores[2];
  std::unique_ptr<Store>& store = stores[workers > 1 ? 1 : 0];
  if (store == nullptr) {
    store = std::make_unique<Store>(StoreOptions{.workers = workers});
    Client client(*store);
    for (uint64_t i = 0; i < kKeys; ++i) {
      const std::string_view args[] = {"set", client.Key(i), kValue};
      client.Ask(args);
    }
  }
  return *store;
}

// One kind of request on keys from `first` on.
template <typename F>
void Run(benchmark::State& state, int workers, uint64_t first, F&& ask) {
  static std::array<Store*, 3> stores{};
  if (state.thread_index() == 0) stores[static_cast<size_t>(workers)] = &Filled(workers);
  std::unique_ptr<Client> client;
  uint64_t random = static_cast<uint64_t>(state.thread_index()) + 7;
  for (auto _ : state) {
    if (client == nullptr) client = std::make_unique<Client>(*stores[static_cast<size_t>(workers)]);
    benchmark::DoNotOptimize(ask(*client, client->Key(first + NextRandom(&random) % kKeys)));
  }
  state.SetItemsProcessed(state.iterations());
}

size_t Get(Client& client, std::string_view key) {
  const std::string_view args[] = {"get", key};
  return client.Ask(args);
}

size_t Set(Client& client, std::string_view key) {
  const std::string_view args[] = {"set", key, kValue};
  return client.Ask(args);
}

// The key alone, to be taken off the others.
void BM_MakeKey(benchmark::State& state) {
  Store store({});
  Client client(store);
  uint64_t random = 7;
  for (auto _ : state) benchmark::DoNotOptimize(client.Key(NextRandom(&random) % kKeys));
}
BENCHMARK(BM_MakeKey);

void BM_GetHit(benchmark::State& state) {
  Run(state, 1, 0, Get);
}
BENCHMARK(BM_GetHit);
void BM_GetMiss(benchmark::State& state) {
  Run(state, 1, kKeys, Get);
}
BENCHMARK(BM_GetMiss);
void BM_Set(benchmark::State& state) {
  Run(state, 1, 0, Set);
}
BENCHMARK(BM_Set);

void BM_GetHitTwoWorkers(benchmark::State& state) {
  Run(state, 2, 0, Get);
}
BENCHMARK(BM_GetHitTwoWorkers)->Threads(1)->Threads(2)->UseRealTime();
void BM_SetTwoWorkers(benchmark::State& state) {
  Run(state, 2, 0, Set);
}
BENCHMARK(BM_SetTwoWorkers)->Threads(1)->Threads(2)->UseRealTime();

}  // namespace
}  // namespace keyhole::store
