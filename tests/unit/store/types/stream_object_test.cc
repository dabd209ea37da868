// Streams by themselves: blocks, trimming, ranges, against a std::map of entries.
#include "proxy/store/types/stream/stream_object.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <string>
#include <vector>

namespace keyhole::store {
namespace {

using Fields = std::vector<std::string>;
using Model = std::map<StreamId, Fields>;

void Append(StreamObject* stream, StreamId id, const Fields& fields, StreamLimits limits = {}) {
  const std::vector<std::string_view> views(fields.begin(), fields.end());
  stream->Append(id, views, limits);
}

Fields FieldsOf(const StreamEntry& entry) {
  Fields fields;
  entry.ForEachField([&fields](std::string_view name, std::string_view value) {
    fields.emplace_back(name);
    fields.emplace_back(value);
  });
  return fields;
}

std::vector<std::pair<StreamId, Fields>> Range(const StreamObject& stream, StreamId from,
                                               StreamId to, bool backward = false) {
  std::vector<std::pair<StreamId, Fields>> entries;
  const auto add = [&entries](const StreamEntry& entry) {
    entries.emplace_back(entry.id, FieldsOf(entry));
    return true;
  };
  if (backward) {
    stream.ForEachBackward(from, to, add);
  } else {
    stream.ForEach(from, to, add);
  }
  return entries;
}

TEST(StreamIdTest, NextAndPrevious) {
  StreamId id{5, kMaxStreamId.seq};
  EXPECT_TRUE(Increment(&id));
  EXPECT_EQ(StreamIdText(id).view(), "6-0");
  EXPECT_TRUE(Decrement(&id));
  EXPECT_EQ(StreamIdText(id).view(), "5-18446744073709551615");
  id = kMaxStreamId;
  EXPECT_FALSE(Increment(&id));
  EXPECT_EQ(id, kNoStreamId);
  EXPECT_FALSE(Decrement(&id));
  EXPECT_EQ(StreamIdText(id).view(), "18446744073709551615-18446744073709551615");
}

TEST(StreamBlockTest, AnEntryTakesLittle) {
  const StreamId first{1'700'000'000'000, 0};
  StreamBlock block(first, 2,
                    std::string_view("\x01"
                                     "a"
                                     "\x01"
                                     "b"),
                    0);
  const std::string values =
      std::string("\x10") + std::string(16, 'x') + "\x10" + std::string(16, 'y');
  block.Append(first, 0, values, 0);
  const size_t before = block.end();
  block.Append({first.ms + 1000, 0}, 0, values, 0);
  EXPECT_EQ(block.end() - before, 39);
}

// The same as lpBytes() of redis 7.0.15 for these.
TEST(StreamBlockTest, KnowsTheBytesOfAListpack) {
  EXPECT_EQ(ListpackBytes(int64_t{0}), 2);
  EXPECT_EQ(ListpackBytes(int64_t{127}), 2);
  EXPECT_EQ(ListpackBytes(int64_t{128}), 3);
  EXPECT_EQ(ListpackBytes(int64_t{-1}), 3);
  EXPECT_EQ(ListpackBytes(int64_t{-4096}), 3);
  EXPECT_EQ(ListpackBytes(int64_t{-4097}), 4);
  EXPECT_EQ(ListpackBytes(int64_t{32768}), 5);
  EXPECT_EQ(ListpackBytes(int64_t{1} << 30), 6);
  EXPECT_EQ(ListpackBytes(int64_t{1} << 31), 10);
  EXPECT_EQ(ListpackBytes(""), 2);
  EXPECT_EQ(ListpackBytes("127"), 2);
  EXPECT_EQ(ListpackBytes("0127"), 6);
  EXPECT_EQ(ListpackBytes("-1"), 3);
  EXPECT_EQ(ListpackBytes(std::string(63, 'x')), 65);
  EXPECT_EQ(ListpackBytes(std::string(64, 'x')), 67);
  EXPECT_EQ(ListpackBytes(std::string(125, 'x')), 128);
  EXPECT_EQ(ListpackBytes(std::string(126, 'x')), 130);
  EXPECT_EQ(ListpackBytes(std::string(4096, 'x')), 4103);
}

TEST(StreamObjectTest, ASmallStreamIsSmall) {
  StreamObject stream;
  for (uint64_t i = 0; i < 10; ++i) {
    Append(&stream, {1'700'000'000'000 + i * 7, 0},
           {"f1", std::string(16, 'x'), "f2", std::string(16, 'y')});
  }
  EXPECT_LE(stream.memory(), 600);
  EXPECT_EQ(stream.blocks(), 1);
  EXPECT_EQ(stream.tree_nodes(), 2);
}

TEST(StreamObjectTest, FieldsComeBackAsTheyWere) {
  StreamObject stream;
  Model model;
  const std::vector<Fields> all = {{"a", "1", "b", "two"},
                                   {"a", "-300", "b", ""},
                                   {"b", "1", "a", "2"},
                                   {"a", "1"},
                                   {"", ""},
                                   {"a", std::string(70'000, 'x'), "a", "01"},
                                   {"a", "9223372036854775807", "b", "12345678901234567890"}};
  uint64_t ms = 0;
  for (const Fields& fields : all) {
    const StreamId id{ms += 1 + ms * 300, ms % 3 == 0 ? kMaxStreamId.seq : ms % 5};
    Append(&stream, id, fields);
    model[id] = fields;
  }
  EXPECT_EQ(Range(stream, kNoStreamId, kMaxStreamId),
            (std::vector<std::pair<StreamId, Fields>>(model.begin(), model.end())));
}

// XSETID may lower the last ID below entries that are deleted.
TEST(StreamObjectTest, ANewEntryMayBeOlderThanADeletedOne) {
  StreamObject stream;
  Append(&stream, {1, 0}, {"a", "1"});
  Append(&stream, {9, 0}, {"a", "2"});
  stream.Delete({9, 0});
  stream.last_id = {2, 0};
  Append(&stream, {3, 0}, {"a", "3"});
  EXPECT_EQ(Range(stream, {2, 0}, {9, 0}).size(), 1);
  EXPECT_EQ(Range(stream, {4, 0}, {9, 0}).size(), 0);
  EXPECT_EQ(Range(stream, kNoStreamId, kMaxStreamId, /*backward=*/true).front().first,
            (StreamId{3, 0}));
  EXPECT_TRUE(stream.Has({3, 0}));
  EXPECT_FALSE(stream.Has({9, 0}));
}

TEST(StreamObjectTest, TreeNodes) {
  const StreamLimits one_each{.entries = 1, .bytes = 0};
  StreamObject stream;
  EXPECT_EQ(stream.tree_nodes(), 1);
  Append(&stream, {0, 1}, {"a", "1"}, one_each);
  EXPECT_EQ(stream.tree_nodes(), 2);
  Append(&stream, {0, 2}, {"a", "1"}, one_each);  // 15 bytes in common, a fork, two ends
  EXPECT_EQ(stream.tree_nodes(), 4);
  Append(&stream, {0, 258}, {"a", "1"}, one_each);  // 14, a fork, 2 of: a fork's byte ...
  EXPECT_EQ(stream.tree_nodes(), 7);
  for (const StreamId id : {StreamId{0, 1}, {0, 2}}) stream.Delete(id);
  EXPECT_EQ(stream.tree_nodes(), 2);
  stream.Delete({0, 258});
  EXPECT_EQ(stream.tree_nodes(), 1);
}

class StreamGame {
 public:
  explicit StreamGame(unsigned seed) : random_(seed) {
    limits_ = {.entries = Below(3) == 0 ? 0 : 1 + Below(12), .bytes = 40 + Below(400)};
  }

  void Move() {
    switch (Below(8)) {
      case 0:
      case 1:
      case 2:
      case 3:
        return Add();
      case 4:
      case 5:
        return Delete();
      case 6:
        return Trim();
      default:
        return Look();
    }
  }
  void CheckAll(const StreamObject& stream) const {
    ASSERT_EQ(stream.size(), model_.size());
    const auto entries = Range(stream, kNoStreamId, kMaxStreamId);
    ASSERT_EQ(entries, (std::vector<std::pair<StreamId, Fields>>(model_.begin(), model_.end())));
    auto backward = Range(stream, kNoStreamId, kMaxStreamId, /*backward=*/true);
    std::reverse(backward.begin(), backward.end());
    ASSERT_EQ(backward, entries);
    ASSERT_EQ(stream.first_id(), model_.empty() ? kNoStreamId : model_.begin()->first);
    ASSERT_EQ(stream.newest(), model_.empty() ? kNoStreamId : model_.rbegin()->first);
  }
  const StreamObject& stream() const { return stream_; }

 private:
  size_t Below(size_t bound) { return random_() % bound; }
  StreamId AnyId() {
    StreamId id{Below(stream_.last_id.ms + 2), Below(4)};
    if (Below(3) != 0 && !model_.empty()) {
      const auto it = model_.lower_bound(id);
      if (it != model_.end()) id = it->first;
    }
    return id;
  }
  void Add() {
    StreamId id = stream_.last_id;
    id.seq += 1;
    if (Below(3) != 0) id = {id.ms + 1 + Below(400), Below(3)};
    Fields fields = {"name", std::to_string(Below(100'000)), "text", std::string(Below(40), 'x')};
    if (Below(5) == 0) fields[0] = "other";
    if (Below(7) == 0) fields.resize(2);
    Append(&stream_, id, fields, limits_);
    model_[id] = fields;
  }
  void Delete() {
    const StreamId id = AnyId();
    ASSERT_EQ(stream_.Delete(id), model_.erase(id) == 1);
  }
  void Trim() {
    StreamTrim trim{.by = Below(2) == 0 ? StreamTrim::By::kLength : StreamTrim::By::kId};
    trim.whole_blocks = Below(2) == 0;
    trim.length = Below(model_.size() + 3);
    trim.min_id = AnyId();
    if (trim.whole_blocks) trim.limit = Below(20);
    const size_t blocks = stream_.blocks();
    const size_t before = model_.size();
    const uint64_t removed = stream_.Trim(trim);
    for (uint64_t i = 0; i < removed; ++i) model_.erase(model_.begin());
    ASSERT_EQ(stream_.size(), before - removed);
    if (trim.limit != 0) {
      ASSERT_LE(removed, trim.limit);
    }
    if (trim.whole_blocks) {
      // At least what was asked for stays.
      if (trim.by == StreamTrim::By::kLength) {
        ASSERT_GE(stream_.size(), std::min<size_t>(before, trim.length));
      }
      ASSERT_TRUE(removed == 0 || stream_.blocks() < blocks);
    } else if (trim.by == StreamTrim::By::kLength) {
      ASSERT_EQ(stream_.size(), std::min<size_t>(before, trim.length));
    } else {
      ASSERT_TRUE(model_.empty() || model_.begin()->first >= trim.min_id);
    }
  }
  void Look() {
    const StreamId from = AnyId();
    const StreamId to = AnyId();
    const auto expected_from = model_.lower_bound(from);
    std::vector<std::pair<StreamId, Fields>> expected;
    for (auto it = expected_from; it != model_.end() && it->first <= to; ++it) {
      expected.push_back(*it);
    }
    ASSERT_EQ(Range(stream_, from, to), expected);
    std::reverse(expected.begin(), expected.end());
    ASSERT_EQ(Range(stream_, from, to, /*backward=*/true), expected);
    ASSERT_EQ(stream_.Has(from), model_.count(from) == 1);
  }

  std::minstd_rand random_;
  StreamLimits limits_;
  StreamObject stream_;
  Model model_;
};

TEST(StreamObjectTest, IsWhatAMapWouldBe) {
  for (unsigned seed = 1; seed <= 40; ++seed) {
    SCOPED_TRACE(seed);
    StreamGame game(seed);
    for (int i = 0; i < 600; ++i) {
      game.Move();
      if (testing::Test::HasFatalFailure()) return;
      if (i % 20 == 0) game.CheckAll(game.stream());
    }
    game.CheckAll(game.stream());
    const std::unique_ptr<Object> copy = game.stream().Clone(MallocHeap());
    game.CheckAll(static_cast<const StreamObject&>(*copy));
    if (testing::Test::HasFatalFailure()) return;
  }
}

}  // namespace
}  // namespace keyhole::store
