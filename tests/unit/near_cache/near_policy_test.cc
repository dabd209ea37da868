// What the near cache keeps and what goes, and that it keeps to its bytes.
#include <gtest/gtest.h>

#include <random>
#include <string>

#include "proxy/near_cache/near_ghost.h"
#include "proxy/near_cache/near_table.h"

namespace keyhole::core {
namespace {

constexpr size_t kBudget = 100'000;

NearEntry* Insert(NearTable& table, const std::string& key,
                  const std::string& reply = "$1\r\nx\r\n") {
  return table.Insert(resp::HashedKey(key), reply, false);
}

TEST(NearTable, KeepsKeyAndReply) {
  NearTable table(kBudget);
  const NearEntry* const entry = Insert(table, "key", "$5\r\nhello\r\n");
  ASSERT_NE(entry, nullptr);
  EXPECT_EQ(table.Find(resp::HashedKey("key")), entry);
  EXPECT_EQ(entry->key(), "key");
  EXPECT_EQ(entry->reply(), "$5\r\nhello\r\n");
  EXPECT_EQ(entry->value_size, 5u);
  EXPECT_EQ(table.Find(resp::HashedKey("other")), nullptr);
}

TEST(NearTable, ANewReplyTakesThePlaceOfTheOldOne) {
  NearTable table(kBudget);
  Insert(table, "key", "$1\r\n1\r\n");
  Insert(table, "key", "$1\r\n2\r\n");
  EXPECT_EQ(table.size(), 1u);
  EXPECT_EQ(table.Find(resp::HashedKey("key"))->reply(), "$1\r\n2\r\n");
}

TEST(NearTable, NeverTakesMoreThanItMay) {
  NearTable table(kBudget);
  std::minstd_rand random(7);
  for (int i = 0; i < 20'000; ++i) {
    const std::string key = "key:" + std::to_string(random() % 3000);
    if (NearEntry* const entry = table.Find(resp::HashedKey(key))) {
      NearTable::NoteUse(*entry);
      if (random() % 5 == 0) table.Erase(*entry);
    } else {
      Insert(table, key, std::string(random() % 900, 'x') + "\r\n");
    }
    ASSERT_LE(table.bytes(), kBudget);
  }
  EXPECT_GT(table.bytes(), kBudget * 8 / 10);
  EXPECT_GT(table.evictions(), 0u);
  table.Clear();
  EXPECT_EQ(table.bytes(), 0u);
}

TEST(NearTable, WhatIsTooLargePushesOutNobody) {
  NearTable table(kBudget);
  Insert(table, "small");
  EXPECT_EQ(Insert(table, "large", std::string(kBudget / 5, 'x')), nullptr);
  EXPECT_NE(table.Find(resp::HashedKey("small")), nullptr);
}

TEST(NearTable, WhatIsUsedOutlivesWhatIsNot) {
  NearTable table(kBudget);
  for (int i = 0; i < 5000; ++i) {
    Insert(table, "once:" + std::to_string(i));
    if (i == 0) Insert(table, "used");
    NearEntry* const used = table.Find(resp::HashedKey("used"));
    ASSERT_NE(used, nullptr) << i;
    if (i % 50 == 0) NearTable::NoteUse(*used);
  }
}

uint64_t Hash(const std::string& key) {
  return resp::HashedKey(key).hash;
}

TEST(NearGhost, LetsAKeyInWhenItHasBeenAskedForOftenEnough) {
  NearGhost ghost(64 * 1024, 3);
  EXPECT_FALSE(ghost.Touch(Hash("a")));
  EXPECT_FALSE(ghost.Touch(Hash("a")));
  EXPECT_FALSE(ghost.Touch(Hash("b")));
  EXPECT_TRUE(ghost.Touch(Hash("a")));
}

TEST(NearGhost, ForgetsKeysThatAreNotAskedForAgain) {
  NearGhost ghost(64 * 1024, 2);
  constexpr int kKeys = 100;
  for (int i = 0; i < kKeys; ++i) ghost.Touch(Hash("a:" + std::to_string(i)));
  for (int i = 0; i < 100'000; ++i) ghost.Touch(Hash("other:" + std::to_string(i)));
  int known = 0;
  for (int i = 0; i < kKeys; ++i) known += ghost.Touch(Hash("a:" + std::to_string(i))) ? 1 : 0;
  EXPECT_LE(known, 5) << "a few may be taken for others, as parts of hashes are compared";
}

TEST(NearGhost, AStayThatDidNotPayDoublesTheNumber) {
  NearGhost ghost(64 * 1024, 2);
  for (const int needed : {2, 4, 8, 16, 32, 64, 128, 255, 255}) {
    int touches = 1;
    while (!ghost.Touch(Hash("a"))) ++touches;
    EXPECT_EQ(touches, needed);
    ghost.EndStay(Hash("a"), NearGhost::kPaysOff - 1);
  }
}

TEST(NearGhost, OneThatPaidComesBackAtOnce) {
  NearGhost ghost(64 * 1024, 3);
  ghost.EndStay(Hash("a"), 0);
  ghost.EndStay(Hash("a"), NearGhost::kPaysOff);
  EXPECT_TRUE(ghost.Touch(Hash("a")));
}

TEST(NearGhost, TakesWhatItIsGiven) {
  EXPECT_EQ(NearGhost(64 * 1024, 2).bytes(), 64u * 1024);
  EXPECT_EQ(NearGhost(100'000, 2).bytes(), 65536u);
  EXPECT_EQ(NearGhost(1, 2).bytes(), 64u);
}

}  // namespace
}  // namespace keyhole::core
