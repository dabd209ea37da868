#include "proxy/base/fifo.h"

#include <gtest/gtest.h>

#include <deque>
#include <memory>
#include <random>
#include <string>

namespace keyhole::core {
namespace {

TEST(Fifo, FirstInFirstOut) {
  Fifo<std::string> fifo;
  EXPECT_TRUE(fifo.empty());
  fifo.Push("a");
  EXPECT_EQ(fifo.front(), "a");
  EXPECT_EQ(fifo.back(), "a");
  fifo.Push("b");
  fifo.Push("c");
  EXPECT_EQ(fifo.size(), 3u);
  EXPECT_EQ(fifo.front(), "a");
  EXPECT_EQ(fifo.back(), "c");
  EXPECT_EQ(fifo.Pop(), "a");
  EXPECT_EQ(fifo.Pop(), "b");
  EXPECT_EQ(fifo.Pop(), "c");
  EXPECT_TRUE(fifo.empty());
}

TEST(Fifo, FrontAndBackMayBeChanged) {
  Fifo<int> fifo;
  fifo.Push(1);
  fifo.Push(2);
  fifo.front() = 10;
  fifo.back() = 20;
  EXPECT_EQ(fifo.Pop(), 10);
  EXPECT_EQ(fifo.Pop(), 20);
}

TEST(Fifo, WhatIsTakenOutIsLetGo) {
  Fifo<std::shared_ptr<int>> fifo;
  const auto value = std::make_shared<int>(1);
  fifo.Push(value);
  EXPECT_EQ(value.use_count(), 2);
  fifo.Pop();
  EXPECT_EQ(value.use_count(), 1);
}

TEST(Fifo, TakesWhatCannotBeCopied) {
  Fifo<std::unique_ptr<int>> fifo;
  for (int i = 0; i < 100; ++i) fifo.Push(std::make_unique<int>(i));
  for (int i = 0; i < 100; ++i) EXPECT_EQ(*fifo.Pop(), i);
}

TEST(Fifo, BehavesLikeADeque) {
  Fifo<int> fifo;
  std::deque<int> model;
  std::minstd_rand random(7);
  for (int i = 0; i < 100'000; ++i) {
    // Grows, wraps around and runs empty, again and again.
    if (model.empty() || random() % 1000 < (i / 1000 % 2 == 0 ? 600u : 400u)) {
      fifo.Push(i);
      model.push_back(i);
    } else {
      ASSERT_EQ(fifo.Pop(), model.front());
      model.pop_front();
    }
    ASSERT_EQ(fifo.size(), model.size());
    if (model.empty()) continue;
    ASSERT_EQ(fifo.front(), model.front());
    ASSERT_EQ(fifo.back(), model.back());
  }
}

}  // namespace
}  // namespace keyhole::core
