// Lists: the deque of chunks beside a plain vector, and lists in a store: which way they are kept,
// and what that costs. That their replies are Redis' is shown by tests/conformance.
#include "proxy/store/types/list.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include "proxy/store/types/list_object.h"
#include "tests/unit/store/store_client.h"

namespace keyhole::store {
namespace {

using Texts = std::vector<std::string>;

// From the front, and the same from the back.
Texts Read(const ListObject& list, ListEnd towards = ListEnd::kBack) {
  Texts texts;
  if (list.size() == 0) return texts;
  ListObject::Place place = list.At(towards == ListEnd::kBack ? 0 : list.size() - 1);
  for (size_t i = 0; i < list.size(); ++i) {
    if (i > 0) place = towards == ListEnd::kBack ? list.Next(place) : list.Previous(place);
    texts.emplace_back(PackedReader(list.From(place)).Next());
  }
  return texts;
}

Texts Numbers(int first, int last) {
  Texts texts;
  for (int i = first; i <= last; ++i) texts.push_back("element " + std::to_string(i));
  return texts;
}

void PushAll(ListObject* list, const Texts& texts) {
  for (const std::string& text : texts) list->Push(ListEnd::kBack, text);
}

TEST(ListObject, IsADeque) {
  ListObject list{ListLimits()};
  list.Push(ListEnd::kBack, "b");
  list.Push(ListEnd::kFront, "a");
  list.Push(ListEnd::kBack, "-17");
  EXPECT_EQ(Read(list), Texts({"a", "b", "-17"}));
  EXPECT_EQ(Read(list, ListEnd::kFront), Texts({"-17", "b", "a"}));
  list.Erase(0, 1);
  list.Erase(1, 1);
  EXPECT_EQ(Read(list), Texts({"b"}));
  list.Erase(0, 1);
  EXPECT_EQ(list.size(), 0U);
  list.Push(ListEnd::kFront, "again");
  EXPECT_EQ(Read(list), Texts({"again"}));
}

TEST(ListObject, AChunkIsFullAtItsLimit) {
  ListObject list(ListLimits::Of(3));
  PushAll(&list, Numbers(1, 7));
  EXPECT_EQ(list.chunk_count(), 3U);
  list.Push(ListEnd::kFront, "x");
  EXPECT_EQ(list.chunk_count(), 4U);
  ListObject by_size(ListLimits::Of(-1));
  const std::string large(1000, 'x');
  PushAll(&by_size, Texts(8, large));
  EXPECT_EQ(by_size.chunk_count(), 2U);
}

// However large: it has a chunk to itself, and its neighbours are found from both sides.
TEST(ListObject, ElementsMayBeLargerThanAChunk) {
  ListObject list{ListLimits()};
  Texts texts;
  for (const size_t size : {0U, 1U, 126U, 127U, 128U, 16383U, 16384U, 70000U, 3000000U}) {
    texts.emplace_back(size, 'x');
    texts.emplace_back("small");
  }
  PushAll(&list, texts);
  EXPECT_EQ(Read(list), texts);
  std::reverse(texts.begin(), texts.end());
  EXPECT_EQ(Read(list, ListEnd::kFront), texts);
}

TEST(ListObject, InsertingIntoAFullChunkSplitsIt) {
  ListObject list(ListLimits::Of(4));
  PushAll(&list, {"a", "b", "c", "d", "e"});
  list.Insert(2, "x");
  EXPECT_EQ(Read(list), Texts({"a", "b", "x", "c", "d", "e"}));
  list.Insert(5, "y");  // between two chunks
  list.Insert(0, "0");
  list.Insert(list.size(), "9");
  EXPECT_EQ(Read(list), Texts({"0", "a", "b", "x", "c", "d", "y", "e", "9"}));
}

TEST(ListObject, RemovesFromEitherEnd) {
  ListObject list(ListLimits::Of(2));
  PushAll(&list, {"a", "b", "a", "a", "b", "a"});
  EXPECT_EQ(list.Remove("a", 1, ListEnd::kFront), 1U);
  EXPECT_EQ(list.Remove("a", 2, ListEnd::kBack), 2U);
  EXPECT_EQ(Read(list), Texts({"b", "a", "b"}));
  EXPECT_EQ(list.Remove("b", 100, ListEnd::kBack), 2U);
  EXPECT_EQ(list.Remove("b", 1, ListEnd::kFront), 0U);
  EXPECT_EQ(list.Remove("a", 1, ListEnd::kBack), 1U);
  EXPECT_EQ(list.size(), 0U);
  EXPECT_EQ(list.chunk_count(), 0U);
}

TEST(ListObject, AnIntegerIsItsText) {
  ListObject list{ListLimits()};
  PushAll(&list, {"12", "012", "-1", "9223372036854775808"});
  EXPECT_EQ(list.Remove("12", 9, ListEnd::kFront), 1U);
  EXPECT_TRUE(list.Has("012"));
  EXPECT_FALSE(list.Has("12"));
}

// One of everything that may come, beside a vector.
class RandomList {
 public:
  RandomList(const ListLimits& limits, unsigned seed) : list_(limits), random_(seed) {}

  void Step() {
    const std::string text = Text();
    const size_t size = model_.size();
    const auto at = [this](size_t i) { return model_.begin() + static_cast<ptrdiff_t>(i); };
    switch (size == 0 ? random_() % 2 : random_() % 9) {
      case 0:
        list_.Push(ListEnd::kBack, text);
        model_.push_back(text);
        break;
      case 1:
        list_.Push(ListEnd::kFront, text);
        model_.insert(model_.begin(), text);
        break;
      case 2:
        list_.Erase(0, 1);
        model_.erase(model_.begin());
        break;
      case 3:
        list_.Erase(size - 1, 1);
        model_.pop_back();
        break;
      case 4: {
        const size_t index = random_() % (size + 1);
        list_.Insert(index, text);
        model_.insert(at(index), text);
        break;
      }
      case 5: {
        const size_t index = random_() % size;
        list_.Replace(index, text);
        model_[index] = text;
        break;
      }
      case 6: {
        const size_t first = random_() % size;
        const size_t count = std::min<size_t>(random_() % 4, size - first);
        list_.Erase(first, count);
        model_.erase(at(first), at(first + count));
        break;
      }
      case 7: {
        const size_t index = random_() % size;
        EXPECT_EQ(PackedReader(list_.From(list_.At(index))).Next(), model_[index]);
        break;
      }
      default:
        Remove(text, random_() % 3, random_() % 2 == 0);
    }
  }

  void Check() {
    ASSERT_EQ(Read(list_), model_);
    Texts reversed(model_.rbegin(), model_.rend());
    ASSERT_EQ(Read(list_, ListEnd::kFront), reversed);
  }
  const ListObject& list() const { return list_; }

 private:
  void Remove(const std::string& text, size_t most, bool front) {
    size_t expected = 0;
    for (; expected < most; ++expected) {
      if (front) {
        const auto it = std::find(model_.begin(), model_.end(), text);
        if (it == model_.end()) break;
        model_.erase(it);
      } else {
        const auto it = std::find(model_.rbegin(), model_.rend(), text);
        if (it == model_.rend()) break;
        model_.erase(std::next(it).base());
      }
    }
    EXPECT_EQ(list_.Remove(text, most, front ? ListEnd::kFront : ListEnd::kBack), expected);
  }
  std::string Text() {
    if (random_() % 2 == 0) return std::to_string(static_cast<int>(random_() % 20) - 5);
    if (random_() % 50 == 0) return std::string(random_() % 10'000, 'y');
    return std::string(random_() % 200, 'x');
  }

  ListObject list_;
  Texts model_;
  std::minstd_rand random_;
};

TEST(ListObject, IsWhatAVectorIs) {
  for (const int64_t setting : {1, 2, 5, 100, -1, -2, -5}) {
    RandomList list(ListLimits::Of(setting), static_cast<unsigned>(setting + 100));
    for (int i = 0; i < 6000; ++i) {
      list.Step();
      if (i % 50 == 0) {
        ASSERT_NO_FATAL_FAILURE(list.Check()) << setting << " " << i;
      }
    }
    const std::unique_ptr<Object> copy = list.list().Clone(MallocHeap());
    EXPECT_EQ(Read(static_cast<const ListObject&>(*copy)), Read(list.list()));
    size_t budget = 1;
    while (!copy->FreeSome(&budget)) budget = 1;
    EXPECT_LT(copy->memory(), 16'384U);
  }
}

// What goes in at one end and out at the other takes no more with time.
TEST(ListObject, AQueueKeepsItsSize) {
  for (const ListEnd in : {ListEnd::kFront, ListEnd::kBack}) {
    ListObject list{ListLimits()};
    for (int i = 0; i < 1000; ++i) list.Push(in, std::string(32, 'x'));
    const size_t before = list.memory();
    for (int i = 0; i < 100'000; ++i) {
      list.Push(in, std::string(32, 'x'));
      list.Erase(in == ListEnd::kBack ? 0 : list.size() - 1, 1);
    }
    EXPECT_LT(list.memory(), before + 3 * 8192);
    list.Erase(0, 990);
    EXPECT_LT(list.memory(), 2048U);
  }
}

TEST(ListObject, AnElementCostsTwoBytesAndItsText) {
  ListObject list{ListLimits()};
  constexpr size_t kCount = 200'000;
  for (size_t i = 0; i < kCount; ++i) list.Push(ListEnd::kFront, std::string(32, 'x'));
  EXPECT_LT(list.memory(), kCount * 345 / 10);
}

}  // namespace
}  // namespace keyhole::store

namespace keyhole::test {
namespace {

class Lists : public testing::Test {
 protected:
  std::string Ask(const std::string& line) { return client_.Ask(line); }
  int64_t MemoryOf(const std::string& key) {
    return std::stoll(Ask("MEMORY USAGE " + key).substr(1));
  }
  int64_t UsedMemory() {
    const std::string info = Ask("INFO memory");
    return std::stoll(info.substr(info.find("used_memory:") + 12));
  }
  void Push(const std::string& key, size_t count) {
    std::vector<std::string> args = {"RPUSH", key};
    for (size_t i = 0; i < count; ++i) args.emplace_back(32, 'x');
    client_.Ask(args);
  }

  TestStore store_;
  TestClient client_{store_};
};

TEST_F(Lists, AreSmallWhileTheyAreShort) {
  for (int i = 0; i < 10; ++i) Ask("RPUSH list:0000001 fifteen-letters");
  EXPECT_LT(MemoryOf("list:0000001"), 215);
}

TEST_F(Lists, ComeBackIntoOneBlock) {
  Ask("RPUSH small 1 2 3");
  const int64_t small = MemoryOf("small");
  Push("k", 500);
  EXPECT_GT(MemoryOf("k"), 16'000);
  Ask("LTRIM k 0 2");
  EXPECT_LT(MemoryOf("k"), small + 120);
  Ask("RPUSH k y");
  EXPECT_EQ(Ask("LLEN k"), ":4\r\n");
}

// Its memory comes back when the sweeper passes by. That it is no reason to evict anything:
// large_value_test.cc.
TEST_F(Lists, ALargeOneIsFreedInParts) {
  const int64_t before = UsedMemory();
  Push("k", 200'000);
  EXPECT_EQ(Ask("DEL k"), ":1\r\n");
  EXPECT_GT(UsedMemory(), before + 6'000'000);
  int sweeps = 0;
  while (store_.store.Sweep(store_.now)) ASSERT_LT(++sweeps, 100);
  EXPECT_LT(UsedMemory(), before + 100'000);
}

TEST_F(Lists, ALargeHashIsFreedInPartsToo) {
  std::vector<std::string> args = {"HSET", "k"};
  for (int i = 0; i < 20'000; ++i) {
    args.push_back("field " + std::to_string(i));
    args.emplace_back("value");
  }
  client_.Ask(args);
  Ask("SET k string");
  EXPECT_GT(UsedMemory(), 700'000);
  int sweeps = 0;
  while (store_.store.Sweep(store_.now)) ASSERT_LT(++sweeps, 1000);
  EXPECT_GT(sweeps, 5);
  EXPECT_LT(UsedMemory(), 500'000);
}

}  // namespace
}  // namespace keyhole::test
