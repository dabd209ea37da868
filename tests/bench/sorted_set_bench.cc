// What a large sorted set costs as it grows, without the request around it: 100 to a million
// members of 19 bytes with scores that are no integers, asked for at random. `bytes` is what a
// member takes.
#include <benchmark/benchmark.h>

#include <cstdio>
#include <memory>
#include <string>

#include "proxy/base/random.h"
#include "proxy/store/memory/object_heap.h"
#include "proxy/store/types/sorted_set_object.h"

namespace keyhole::store {
namespace {

constexpr int64_t kFewest = 100;
constexpr int64_t kMost = 1'000'000;

class Board {
 public:
  explicit Board(int64_t members) : members_(static_cast<uint64_t>(members)) {
    for (uint64_t i = 0; i < members_; ++i) set_.Add(Member(i), RandomScore());
  }

  std::string_view Member(uint64_t number) {
    const int size = std::snprintf(member_, sizeof(member_), "member:%012llu",
                                   static_cast<unsigned long long>(number));
    return {member_, static_cast<size_t>(size)};
  }
  Item* RandomItem() { return set_.Find(Member(NextRandom(&random_) % members_)); }
  size_t RandomRank(size_t below) { return NextRandom(&random_) % below; }
  double RandomScore() { return static_cast<double>(NextRandom(&random_) % 1'000'003) + 0.5; }
  SortedSetObject& set() { return set_; }
  double BytesOfMember() const {
    return static_cast<double>(set_.memory()) / static_cast<double>(members_);
  }

 private:
  const uint64_t members_;
  uint64_t random_ = 7;
  ObjectHeap heap_;
  SortedSetObject set_{heap_};
  char member_[32];
};

// The board of a size is made once.
Board& BoardOf(benchmark::State& state) {
  static std::unique_ptr<Board> board;
  static int64_t members = 0;
  if (members != state.range(0)) {
    members = state.range(0);
    board.reset();
    board = std::make_unique<Board>(members);
  }
  state.counters["bytes"] = board->BytesOfMember();
  return *board;
}

void Score(benchmark::State& state) {
  Board& board = BoardOf(state);
  for (auto _ : state) benchmark::DoNotOptimize(ScoreOf(*board.RandomItem()));
}
BENCHMARK(Score)->RangeMultiplier(10)->Range(kFewest, kMost);

void Rank(benchmark::State& state) {
  Board& board = BoardOf(state);
  for (auto _ : state) benchmark::DoNotOptimize(board.set().tree().RankOf(*board.RandomItem()));
}
BENCHMARK(Rank)->RangeMultiplier(10)->Range(kFewest, kMost);

void RangeOfTen(benchmark::State& state) {
  Board& board = BoardOf(state);
  const RankTree& tree = board.set().tree();
  for (auto _ : state) {
    tree.Visit(board.RandomRank(tree.size() - 10), 10, /*downwards=*/false,
               [](Item item) { benchmark::DoNotOptimize(ScoreOf(item)); });
  }
}
BENCHMARK(RangeOfTen)->RangeMultiplier(10)->Range(kFewest, kMost);

void CountBelow(benchmark::State& state) {
  Board& board = BoardOf(state);
  for (auto _ : state) {
    const double bound = board.RandomScore();
    benchmark::DoNotOptimize(
        board.set().tree().CountByScore([bound](double score) { return score < bound; }));
  }
}
BENCHMARK(CountBelow)->RangeMultiplier(10)->Range(kFewest, kMost);

void Rescore(benchmark::State& state) {
  Board& board = BoardOf(state);
  for (auto _ : state) board.set().Rescore(*board.RandomItem(), board.RandomScore());
}
BENCHMARK(Rescore)->RangeMultiplier(10)->Range(kFewest, kMost);

void PopFirstAndAdd(benchmark::State& state) {
  Board& board = BoardOf(state);
  for (auto _ : state) {
    const std::string member(board.set().tree().At(0).key());
    board.set().Remove(board.set().Find(member));
    board.set().Add(member, board.RandomScore());
  }
}
BENCHMARK(PopFirstAndAdd)->RangeMultiplier(10)->Range(kFewest, kMost);

}  // namespace
}  // namespace keyhole::store
