#include "proxy/store/memory/arena.h"

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "proxy/base/random.h"

namespace keyhole::store {
namespace {

struct Block {
  char* bytes;
  size_t size;
};

Block Make(Arena& arena, size_t size, char fill) {
  char* const bytes = arena.Allocate(size);
  std::fill(bytes, bytes + size, fill);
  return {bytes, size};
}

bool Holds(Block block, char fill) {
  return std::string_view(block.bytes, block.size) == std::string(block.size, fill);
}

TEST(Arena, RoundsToEightBytes) {
  Arena arena;
  // 11 bytes of links come on top.
  for (const auto& [size, cost] : std::map<size_t, size_t>{{3, 16}, {53, 64}, {54, 72}, {61, 72}}) {
    char* const block = arena.Allocate(size);
    EXPECT_EQ(arena.Cost(block, size), cost) << size;
    EXPECT_EQ(arena.memory(), cost);
    arena.Free(block, size);
  }
  EXPECT_EQ(arena.memory(), 0U);
}

TEST(Arena, HandlesNameBlocksOfAnySize) {
  Arena arena;
  std::vector<Block> blocks;
  for (size_t size = 0; size < 2000; ++size) blocks.push_back(Make(arena, size, 'x'));
  for (const Block& block : blocks) {
    const Arena::Handle handle = arena.HandleOf(block.bytes, block.size);
    EXPECT_NE(handle, Arena::kNone);
    EXPECT_EQ(arena.At(handle), block.bytes);
  }
  for (const Block& block : blocks) arena.Free(block.bytes, block.size);
}

TEST(Arena, LinksStayWhenABlockIsResized) {
  Arena arena;
  Block block = Make(arena, 10, 'x');
  arena.StoreLinks(arena.HandleOf(block.bytes, block.size),
                   {.prev = 1, .next = 2, .use = 0xABCDEF});
  for (const size_t size : {12U, 100U, 600U, 5000U, 700U, 20U}) {
    block = {arena.Resize(block.bytes, block.size, size), size};
    const Arena::Links links = arena.LoadLinks(arena.HandleOf(block.bytes, block.size));
    EXPECT_EQ(links.prev, 1U);
    EXPECT_EQ(links.next, 2U);
    EXPECT_EQ(links.use, 0xABCDEFU);
    EXPECT_EQ(std::string_view(block.bytes, 10), "xxxxxxxxxx");
    EXPECT_EQ(arena.memory(), arena.Cost(block.bytes, block.size));
  }
  arena.Free(block.bytes, block.size);
}

// Random blocks come and go; each holds a byte of its own, so that an overlap is seen.
TEST(Arena, BlocksDoNotOverlap) {
  Arena arena;
  std::vector<std::pair<Block, char>> blocks;
  uint64_t random = 1;
  size_t cost = 0;
  for (int i = 0; i < 100'000; ++i) {
    const bool grow = (i / 10'000) % 2 == 0;
    if (blocks.empty() || NextRandom(&random) % 4 < (grow ? 3U : 1U)) {
      const char fill = static_cast<char>(NextRandom(&random));
      const Block block = Make(arena, NextRandom(&random) % 600, fill);
      cost += arena.Cost(block.bytes, block.size);
      blocks.emplace_back(block, fill);
      continue;
    }
    std::swap(blocks[NextRandom(&random) % blocks.size()], blocks.back());
    const auto [block, fill] = blocks.back();
    ASSERT_TRUE(Holds(block, fill));
    cost -= arena.Cost(block.bytes, block.size);
    arena.Free(block.bytes, block.size);
    blocks.pop_back();
    ASSERT_EQ(arena.memory(), cost);
  }
  for (const auto& [block, fill] : blocks) EXPECT_TRUE(Holds(block, fill));
  for (const auto& [block, fill] : blocks) arena.Free(block.bytes, block.size);
  EXPECT_EQ(arena.memory(), 0U);
}

// One block in ten stays, of sizes that nobody asks for any more.
TEST(Arena, CompactMakesRoomForOtherSizes) {
  Arena arena;
  std::map<char*, char> staying;
  constexpr size_t kSize = 53;
  for (int i = 0; i < 50'000; ++i) {
    const Block block = Make(arena, kSize, static_cast<char>(i));
    staying.emplace(block.bytes, static_cast<char>(i));
  }
  uint64_t random = 5;
  for (auto it = staying.begin(); it != staying.end();) {
    if (NextRandom(&random) % 10 == 0) {
      ++it;
    } else {
      arena.Free(it->first, kSize);
      it = staying.erase(it);
    }
  }
  const size_t full = arena.resident();
  EXPECT_TRUE(arena.fragmented());
  while (arena.fragmented()) {
    ASSERT_TRUE(arena.Compact([&](char* from, char* to) {
      const auto node = staying.extract(from);
      ASSERT_FALSE(node.empty());
      ASSERT_TRUE(Holds({to, kSize}, node.mapped()));
      staying.emplace(to, node.mapped());
    }));
  }
  EXPECT_EQ(arena.memory(), staying.size() * 64);
  EXPECT_EQ(arena.resident(), full) << "pages are kept for a while";
  std::vector<Block> others;
  while (others.size() < 4000) others.push_back(Make(arena, 480, 'y'));
  EXPECT_EQ(arena.resident(), full) << "and are used for what comes next";
  for (const Block& block : others) arena.Free(block.bytes, block.size);
  for (int i = 0; i < 1000; ++i) arena.Trim(1);
  EXPECT_LT(arena.resident(), full / 3) << "pages that nobody needs go back";
  for (const auto& [bytes, fill] : staying) EXPECT_TRUE(Holds({bytes, kSize}, fill));
}

TEST(Arena, CompactTellsOfLargeBlocksThatTheyStay) {
  Arena arena;
  std::vector<Block> blocks;
  for (int i = 0; i < 2000; ++i) {
    blocks.push_back(Make(arena, 600, 'x'));
    arena.StoreLinks(arena.HandleOf(blocks.back().bytes, 600), {.prev = static_cast<uint32_t>(i)});
  }
  for (size_t i = 0; i < blocks.size(); ++i) {
    if (i % 20 != 0) arena.Free(blocks[i].bytes, 600);
  }
  int told = 0;
  while (
      arena.Compact([&told](const char* from, const char* to) { told += from == to ? 1 : 1000; })) {
  }
  EXPECT_GT(told, 20);
  EXPECT_LE(told, 200);
  for (size_t i = 0; i < blocks.size(); i += 20) {
    const Arena::Handle handle = arena.HandleOf(blocks[i].bytes, 600);
    EXPECT_EQ(arena.LoadLinks(handle).prev, i);
    EXPECT_EQ(arena.At(handle), blocks[i].bytes);
    arena.Free(blocks[i].bytes, 600);
  }
  EXPECT_EQ(arena.memory(), 0U);
}

}  // namespace
}  // namespace keyhole::store
