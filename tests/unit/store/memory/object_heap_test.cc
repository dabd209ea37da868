#include "proxy/store/memory/object_heap.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "proxy/base/random.h"

namespace keyhole::store {
namespace {

struct Block {
  char* bytes;
  size_t size;
  char fill;
};

Block Make(ObjectHeap& heap, size_t size, char fill) {
  char* const bytes = heap.Allocate(size);
  std::fill(bytes, bytes + size, fill);
  return {bytes, size, fill};
}

bool IsWhole(const Block& block) {
  return std::string_view(block.bytes, block.size) == std::string(block.size, block.fill);
}

TEST(ObjectHeap, RoundsToEightBytes) {
  ObjectHeap heap;
  for (const auto& [size, cost] :
       {std::pair{0, 8}, {1, 8}, {8, 8}, {9, 16}, {31, 32}, {520, 520}}) {
    const auto bytes = static_cast<size_t>(size);
    char* const block = heap.Allocate(bytes);
    EXPECT_EQ(heap.Cost(block, bytes), static_cast<size_t>(cost)) << size;
    EXPECT_EQ(heap.memory(), static_cast<size_t>(cost));
    heap.Free(block, bytes);
  }
  EXPECT_EQ(heap.memory(), 0U);
}

TEST(ObjectHeap, BlocksOfCacheLinesBeginAtOne) {
  ObjectHeap heap;
  for (const size_t size : {64U, 128U, 512U}) {
    for (int i = 0; i < 300; ++i) {
      EXPECT_EQ(reinterpret_cast<uintptr_t>(heap.Allocate(size)) % 64, 0U);
    }
  }
}

TEST(ObjectHeap, KeepsWhatIsResized) {
  ObjectHeap heap;
  Block block = Make(heap, 10, 'x');
  for (const size_t size : {12U, 100U, 600U, 5000U, 700U, 20U, 9U}) {
    block.bytes = heap.Resize(block.bytes, block.size, size);
    block.size = size;
    EXPECT_EQ(std::string_view(block.bytes, 9), "xxxxxxxxx");
    EXPECT_EQ(heap.memory(), heap.Cost(block.bytes, block.size));
  }
  heap.Free(block.bytes, block.size);
}

TEST(ObjectHeap, BlocksDoNotOverlap) {
  ObjectHeap heap;
  std::vector<Block> blocks;
  uint64_t random = 1;
  size_t cost = 0;
  for (int i = 0; i < 50'000; ++i) {
    const bool grow = (i / 10'000) % 2 == 0;
    if (blocks.empty() || NextRandom(&random) % 4 < (grow ? 3U : 1U)) {
      blocks.push_back(
          Make(heap, NextRandom(&random) % 600, static_cast<char>(NextRandom(&random))));
      cost += heap.Cost(blocks.back().bytes, blocks.back().size);
      continue;
    }
    std::swap(blocks[NextRandom(&random) % blocks.size()], blocks.back());
    ASSERT_TRUE(IsWhole(blocks.back()));
    cost -= heap.Cost(blocks.back().bytes, blocks.back().size);
    heap.Free(blocks.back().bytes, blocks.back().size);
    blocks.pop_back();
    ASSERT_EQ(heap.memory(), cost);
  }
  for (const Block& block : blocks) {
    EXPECT_TRUE(IsWhole(block));
    heap.Free(block.bytes, block.size);
  }
  EXPECT_EQ(heap.memory(), 0U);
}

// Seven blocks in eight go; whoever owns the others shows them until nothing more is worth while.
TEST(ObjectHeap, OwnersWhoShowTheirBlocksEmptyPages) {
  ObjectHeap heap;
  std::vector<Block> blocks;
  for (int i = 0; i < 200'000; ++i) blocks.push_back(Make(heap, 24, static_cast<char>(i)));
  const size_t full = heap.resident();
  EXPECT_FALSE(heap.compactable());
  std::vector<Block> staying;
  uint64_t random = 7;
  for (const Block& block : blocks) {
    if (NextRandom(&random) % 8 == 0) {
      staying.push_back(block);
    } else {
      heap.Free(block.bytes, block.size);
    }
  }
  EXPECT_TRUE(heap.compactable());
  const size_t memory = heap.memory();
  int rounds = 0;
  for (; heap.compactable() && rounds < 20; ++rounds) {
    for (Block& block : staying) {
      if (char* const to = heap.Moved(block.bytes, block.size); to != nullptr) block.bytes = to;
    }
  }
  EXPECT_LT(rounds, 20);
  EXPECT_EQ(heap.memory(), memory);
  for (int i = 0; i < 2000; ++i) heap.Trim(1);
  EXPECT_LT(heap.resident(), full / 3);
  for (const Block& block : staying) {
    ASSERT_TRUE(IsWhole(block));
    heap.Free(block.bytes, block.size);
  }
}

}  // namespace
}  // namespace keyhole::store
