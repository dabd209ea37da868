// Cells found by hash: like a map, whatever is put in and taken out, however hashes collide.
#include "metrics/key_cells.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <set>
#include <string>

namespace keyhole::metrics {
namespace {

TEST(KeyCellsTest, AKeyIsKnownByAllItsBytes) {
  KeyCells cells(4);
  const std::string texts[] = {"", "a", std::string(20, 'x'), std::string(21, 'x'),
                               std::string(264, 'x')};
  for (const std::string& text : texts) {
    cells.Set(7, 1, text);
    KeyCell* const cell = cells.Find(7);
    ASSERT_NE(cell, nullptr);
    EXPECT_EQ(cells.SlotOf(*cell), 1U);
    for (const std::string& other : texts) EXPECT_EQ(cell->IsFor(other), other == text) << other;
    EXPECT_FALSE(cell->awaited());
    cells.Forget(7);
    EXPECT_EQ(cells.Find(7), nullptr);
    EXPECT_FALSE(cell->IsFor(text));
  }
}

TEST(KeyCellsTest, AnAwaitedKeyCountsForNobody) {
  KeyCells cells(4);
  cells.Await(9, 2);
  KeyCell* const cell = cells.Find(9);
  ASSERT_NE(cell, nullptr);
  EXPECT_TRUE(cell->awaited());
  EXPECT_FALSE(cell->IsFor(""));
  cell->set_met();
  EXPECT_FALSE(cell->awaited());
  EXPECT_FALSE(cell->IsFor(""));
  cells.Set(9, 2, "now");
  EXPECT_TRUE(cells.Find(9)->IsFor("now"));
}

TEST(KeyCellsTest, WhatWasCountedStaysWhenAKeyIsForgotten) {
  KeyCells cells(2);
  cells.Set(1, 0, "a");
  cells[0].hits.Add(3);
  cells.Forget(1);
  EXPECT_EQ(cells[0].hits.Load(), 3U);
}

TEST(KeyCellsTest, LikeAMap) {
  constexpr size_t kSlots = 64;
  KeyCells cells(kSlots);
  std::map<uint64_t, size_t> known;
  std::set<size_t> free;
  for (size_t i = 0; i < kSlots; ++i) free.insert(i);
  std::mt19937_64 random(20261125);
  for (int i = 0; i < 200'000; ++i) {
    // Few places and few tags, so that runs are long, wrap around and tags mislead.
    const uint64_t hash = random() % 64 | (random() % 2) << 40 | (random() % 2) << 60;
    if (const auto it = known.find(hash); it != known.end()) {
      if (random() % 2 == 0) continue;
      cells.Forget(hash);
      free.insert(it->second);
      known.erase(it);
    } else if (!free.empty()) {
      const size_t slot = *free.begin();
      free.erase(slot);
      cells.Set(hash, slot, std::to_string(hash));
      known.emplace(hash, slot);
    }
    for (int look = 0; look < 4; ++look) {
      const uint64_t sought = random() % 64 | (random() % 2) << 40 | (random() % 2) << 60;
      const auto it = known.find(sought);
      const KeyCell* const cell = cells.Find(sought);
      ASSERT_EQ(cell != nullptr, it != known.end()) << i;
      if (cell == nullptr) continue;
      ASSERT_EQ(cells.SlotOf(*cell), it->second);
      ASSERT_TRUE(cell->IsFor(std::to_string(sought)));
    }
  }
}

}  // namespace
}  // namespace keyhole::metrics
