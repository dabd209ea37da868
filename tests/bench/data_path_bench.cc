// The pieces of a request's way by the clock, and all of it but the kernel's part.
#include <benchmark/benchmark.h>

#include "tests/bench/pieces.h"
#include "tests/bench/wire.h"

namespace keyhole::bench {
namespace {

template <typename Piece, typename Argument>
void Run(benchmark::State& state, Argument argument) {
  Piece piece(argument);
  for (auto _ : state) piece();
}

void BM_ParseGet(benchmark::State& state) {
  Run<ParseRequest>(state, kGet);
}
void BM_ParseSet(benchmark::State& state) {
  Run<ParseRequest>(state, kSet);
}
void BM_ScanValue(benchmark::State& state) {
  Run<ScanReply>(state, kValue);
}
void BM_ScanOk(benchmark::State& state) {
  Run<ScanReply>(state, kOk);
}
void BM_FindGet(benchmark::State& state) {
  Run<FindCommand>(state, "GET");
}
void BM_CountTracked(benchmark::State& state) {
  Run<CountKey>(state, true);
}
void BM_CountUntracked(benchmark::State& state) {
  Run<CountKey>(state, false);
}
BENCHMARK(BM_ParseGet);
BENCHMARK(BM_ParseSet);
BENCHMARK(BM_ScanValue);
BENCHMARK(BM_ScanOk);
BENCHMARK(BM_FindGet);
BENCHMARK(BM_CountTracked);
BENCHMARK(BM_CountUntracked);

// GETs from client to Redis and back. Arguments: clients, and how many each sends at once. The
// figure that counts is the time per item.
void WholeRequest(benchmark::State& state, Behind behind) {
  Wire wire(static_cast<int>(state.range(0)), static_cast<int>(state.range(1)), behind);
  for (auto _ : state) wire.Turn();
  state.SetItemsProcessed(state.iterations() * wire.requests_per_turn());
}
void BM_Proxy(benchmark::State& state) {
  WholeRequest(state, Behind::kRedis);
}
void BM_Embedded(benchmark::State& state) {
  WholeRequest(state, Behind::kStore);
}
BENCHMARK(BM_Proxy)->Args({1, 1})->Args({50, 1})->Args({50, 16});
// The last has 100 000 keys: more than the processor keeps near.
BENCHMARK(BM_Embedded)->Args({1, 1})->Args({50, 1})->Args({50, 16})->Args({6250, 16});

}  // namespace
}  // namespace keyhole::bench
