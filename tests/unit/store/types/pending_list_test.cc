// What is pending in a group, against a std::map.
#include "proxy/store/types/stream/pending_list.h"

#include <gtest/gtest.h>

#include <map>
#include <random>

#include "proxy/store/types/stream/consumer_group.h"

namespace keyhole::store {
namespace {

constexpr UnixMillis kNow = 1'700'000'000'000;

PendingEntry At(uint64_t ms, uint32_t consumer = 0) {
  return {{kNow + ms, ms % 3}, {.delivered = kNow, .deliveries = 1, .consumer = consumer}};
}

TEST(PendingListTest, AnEntryTakesLittle) {
  PendingList list;
  constexpr size_t kMany = 100'000;
  for (size_t i = 0; i < kMany; ++i) EXPECT_TRUE(list.Put(At(i, static_cast<uint32_t>(i % 3))));
  EXPECT_LE(list.memory(), kMany * 24);
  EXPECT_EQ(list.first(), At(0).id);
  EXPECT_EQ(list.last(), At(kMany - 1).id);
  for (size_t i = 0; i < kMany; ++i) EXPECT_TRUE(list.Erase(At(i).id));
  EXPECT_TRUE(list.empty());
  EXPECT_LE(list.memory(), 1024);
}

TEST(PendingListTest, OneConsumersEntries) {
  PendingList list;
  for (size_t i = 0; i < 5000; ++i) list.Put(At(i, i == 10 || i == 4000 ? 1 : 2));
  EXPECT_EQ(list.Next(kNoStreamId, 1)->id, At(10).id);
  EXPECT_EQ(list.Next(At(11).id, 1)->id, At(4000).id);
  EXPECT_FALSE(list.Next(At(4001).id, 1));
  EXPECT_FALSE(list.Next(kNoStreamId, 7));
  EXPECT_FALSE(list.Next(kNoStreamId, 65)) << "has the bit of 1, but is not it";
}

// Numbers that do not fit a narrow record.
TEST(PendingListTest, UnusualNumbers) {
  PendingList list;
  const std::vector<PendingEntry> entries = {
      {{1, 0}, {kNow, 1, 0}},
      {{2, kMaxStreamId.seq}, {0, 1, 0}},
      {{3, 0}, {kNow, 70'000, 0}},
      {{4, 0}, {kNow, 1, 70'000}},
      {{5, 0}, {std::numeric_limits<UnixMillis>::max(), 1, 0}},
      {{6, 0}, {std::numeric_limits<UnixMillis>::min(), kMaxStreamId.seq, 1}},
      {kMaxStreamId, {kNow, 1, 0}}};
  for (const PendingEntry& entry : entries) list.Put(entry);
  for (const PendingEntry& entry : entries) EXPECT_EQ(list.Find(entry.id), entry.pending);
  list.Put({{1, 0}, {0, 80'000, 90'000}});
  EXPECT_EQ(list.Find({1, 0}), (Pending{0, 80'000, 90'000}));
  EXPECT_EQ(list.size(), entries.size());
}

class PendingGame {
 public:
  explicit PendingGame(unsigned seed) : random_(seed) {}

  void Move() {
    const size_t phase = Below(10);
    if (phase < 4) {
      Put({{next_ms_ += Below(3), next_seq_++}, Any()});
    } else if (phase < 6) {
      Put({AnyId(), Any()});
    } else if (phase < 9) {
      const StreamId id = AnyId();
      ASSERT_EQ(list_.Erase(id), model_.erase(id) == 1);
    } else {
      Look();
    }
  }
  void CheckAll(const PendingList& list) const {
    ASSERT_EQ(list.size(), model_.size());
    StreamId from;
    for (const auto& [id, pending] : model_) {
      const auto next = list.Next(from);
      ASSERT_TRUE(next);
      ASSERT_EQ(*next, (PendingEntry{id, pending}));
      from = id;
      Increment(&from);
    }
    ASSERT_FALSE(list.Next(from));
    if (model_.empty()) return;
    ASSERT_EQ(list.first(), model_.begin()->first);
    ASSERT_EQ(list.last(), model_.rbegin()->first);
  }
  const PendingList& list() const { return list_; }

 private:
  size_t Below(size_t bound) { return random_() % bound; }
  Pending Any() {
    return {.delivered = static_cast<UnixMillis>(kNow + Below(1000)) * (Below(50) == 0 ? -1 : 1),
            .deliveries = Below(60) == 0 ? 100'000 : Below(5),
            .consumer = static_cast<uint32_t>(Below(4) * (Below(40) == 0 ? 64 : 1))};
  }
  StreamId AnyId() {
    StreamId id{Below(next_ms_ + 2), Below(next_seq_ + 2)};
    const auto it = model_.lower_bound(id);
    return Below(3) != 0 && it != model_.end() ? it->first : id;
  }
  void Put(const PendingEntry& entry) {
    ASSERT_EQ(list_.Put(entry), model_.count(entry.id) == 0);
    model_[entry.id] = entry.pending;
  }
  void Look() {
    const StreamId from = AnyId();
    const auto consumer = static_cast<uint32_t>(Below(4));
    auto it = model_.lower_bound(from);
    while (it != model_.end() && it->second.consumer != consumer) ++it;
    const auto next = list_.Next(from, consumer);
    ASSERT_EQ(next.has_value(), it != model_.end());
    if (next) {
      ASSERT_EQ(*next, (PendingEntry{it->first, it->second}));
    }
    const auto found = model_.find(from);
    ASSERT_EQ(list_.Find(from).has_value(), found != model_.end());
  }

  std::minstd_rand random_;
  uint64_t next_ms_ = 1;
  uint64_t next_seq_ = 0;
  PendingList list_;
  std::map<StreamId, Pending> model_;
};

TEST(PendingListTest, IsWhatAMapWouldBe) {
  for (unsigned seed = 1; seed <= 10; ++seed) {
    SCOPED_TRACE(seed);
    PendingGame game(seed);
    for (int i = 0; i < 6000; ++i) {
      game.Move();
      if (testing::Test::HasFatalFailure()) return;
      if (i % 500 == 0) game.CheckAll(game.list());
    }
    game.CheckAll(game.list());
    game.CheckAll(game.list().Clone());
    if (testing::Test::HasFatalFailure()) return;
  }
}

TEST(ConsumerGroupTest, NumbersAreGivenAgain) {
  ConsumerGroup group;
  const auto ann = group.Add("ann", kNow);
  const auto bob = group.Add("bob", kNow);
  for (uint64_t i = 0; i < 300; ++i) group.Assign(At(i, i % 2 == 0 ? ann : bob));
  group.Assign(At(1, ann));
  EXPECT_EQ(group.consumer(ann).pending, 151);
  EXPECT_EQ(group.consumer(bob).pending, 149);
  EXPECT_TRUE(group.Release(At(1).id));
  EXPECT_FALSE(group.Release(At(1).id));
  EXPECT_EQ(group.Remove("ann"), 150);
  EXPECT_EQ(group.pending().size(), 149);
  EXPECT_EQ(group.Find("ann"), nullptr);
  EXPECT_EQ(group.Add("cy", kNow), ann);
  EXPECT_EQ(group.consumer(ann).pending, 0);
  EXPECT_EQ(group.name(ann), "cy");

  const ConsumerGroup copy = group.Clone();
  EXPECT_EQ(copy.pending().size(), 149);
  EXPECT_EQ(copy.name(*copy.Find("bob")), "bob");
  EXPECT_EQ(copy.consumers(), 2);
}

}  // namespace
}  // namespace keyhole::store
