#include "resp/byte_queue.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace keyhole::resp {
namespace {

TEST(ByteQueue, TakesAndGivesInOrder) {
  ByteQueue queue;
  EXPECT_TRUE(queue.empty());
  queue.Append("hello ");
  queue.Append("");
  queue.Append("world");
  EXPECT_EQ(queue.Data(), "hello world");
  queue.Consume(6);
  EXPECT_EQ(queue.Data(), "world");
  EXPECT_EQ(queue.size(), 5u);
  queue.Clear();
  EXPECT_TRUE(queue.empty());
  EXPECT_EQ(queue.Data(), "");
}

TEST(ByteQueue, OnlyWhatIsCommittedIsThere) {
  ByteQueue queue;
  const std::span<char> room = queue.Prepare(100);
  ASSERT_GE(room.size(), 100u);
  std::memcpy(room.data(), "abc", 3);
  EXPECT_TRUE(queue.empty());
  queue.Commit(2);
  EXPECT_EQ(queue.Data(), "ab");
}

TEST(ByteQueue, WhatWasAppendedLastCanBeTakenBack) {
  ByteQueue queue;
  queue.Append("one two three");
  queue.Consume(4);
  queue.Truncate(3);
  EXPECT_EQ(queue.Data(), "two");
  queue.Append(" four");
  EXPECT_EQ(queue.Data(), "two four");
  queue.Truncate(queue.size());
  EXPECT_EQ(queue.Data(), "two four");
  queue.Truncate(0);
  EXPECT_TRUE(queue.empty());
}

TEST(ByteQueue, PrepareKeepsWhatIsThere) {
  ByteQueue queue;
  const std::string before(1000, 'x');
  queue.Append(before);
  queue.Consume(10);
  EXPECT_GE(queue.Prepare(1'000'000).size(), 1'000'000u);
  EXPECT_EQ(queue.Data(), std::string_view(before).substr(10));
}

// It is as long as what is in it, not as what has passed through.
TEST(ByteQueue, MemoryStaysBoundedHoweverMuchPasses) {
  ByteQueue queue;
  const std::string piece(700, 'x');
  queue.Append(piece);
  size_t most = 0;
  for (int i = 0; i < 10'000; ++i) {
    queue.Append(piece);
    queue.Consume(piece.size());
    most = std::max(most, queue.Prepare(1).size());
  }
  EXPECT_EQ(queue.Data(), piece);
  EXPECT_LE(most, 16u * 1024);
}

TEST(ByteQueue, WhatWasLargeGivesItsMemoryBackWhenEmpty) {
  ByteQueue queue;
  queue.Append(std::string(10'000'000, 'x'));
  queue.Consume(10'000'000);
  EXPECT_LE(queue.Prepare(1).size(), 64u * 1024);
}

TEST(ByteQueue, MayBeUsedAgainAfterRelease) {
  ByteQueue queue;
  queue.Append("abc");
  queue.Clear();
  queue.Release();
  queue.Append("def");
  EXPECT_EQ(queue.Data(), "def");
}

TEST(BufferPool, MemoryGoesFromHandToHand) {
  BufferPool pool;
  ByteQueue ann;
  ByteQueue bob;
  pool.Lend(ann);
  EXPECT_FALSE(ann.has_memory()) << "there is none yet";
  ann.Append("abc");
  const char* const memory = ann.Data().data();
  ann.Clear();
  pool.TakeBack(ann);
  EXPECT_FALSE(ann.has_memory());
  EXPECT_GT(pool.bytes(), 0U);
  pool.Lend(bob);
  bob.Append("de");
  EXPECT_EQ(bob.Data().data(), memory);
  EXPECT_EQ(pool.bytes(), 0U);
  ann.Append("f");
  EXPECT_EQ(ann.Data(), "f");
  EXPECT_EQ(bob.Data(), "de");
}

TEST(BufferPool, KeepsNoMoreThanAMegabyte) {
  BufferPool pool;
  std::vector<ByteQueue> queues(100);
  for (ByteQueue& queue : queues) queue.Append(std::string(40'000, 'x'));
  for (ByteQueue& queue : queues) {
    queue.Clear();
    pool.TakeBack(queue);
    EXPECT_FALSE(queue.has_memory());
  }
  EXPECT_GT(pool.bytes(), 900'000U);
  EXPECT_LE(pool.bytes(), 1024U * 1024);
}

TEST(ByteQueue, BehavesLikeAString) {
  ByteQueue queue;
  std::string model;
  std::minstd_rand random(7);
  for (int i = 0; i < 20'000; ++i) {
    const std::string piece(random() % 3000, static_cast<char>('a' + i % 26));
    queue.Append(piece);
    model += piece;
    const size_t taken = std::min<size_t>(model.size(), random() % 3100);
    queue.Consume(taken);
    model.erase(0, taken);
    ASSERT_EQ(queue.Data(), model) << "after step " << i;
  }
}

}  // namespace
}  // namespace keyhole::resp
