// A stream with a group. Each input is a list of operations, with IDs, fields and numbers as they
// come, and std::map says what must be there.
//
//   1. Entries are what was added and is not deleted, in their order, both ways.
//   2. A block ends where its entries end, and says how many live.
//   3. What is pending is what was assigned and not released, for each consumer.
//   4. A copy is equal, and memory is what its parts take.

#include <algorithm>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "proxy/store/types/stream/stream_object.h"
#include "tests/fuzz/fuzz_support.h"

namespace keyhole::fuzz {
namespace {

using store::ConsumerGroup;
using store::Pending;
using store::PendingEntry;
using store::StreamEntry;
using store::StreamId;
using store::StreamObject;
using store::StreamTrim;

class Input {
 public:
  explicit Input(std::string_view bytes) : bytes_(bytes) {}
  bool empty() const { return bytes_.empty(); }
  uint8_t Byte() {
    if (bytes_.empty()) return 0;
    const auto byte = static_cast<uint8_t>(bytes_.front());
    bytes_.remove_prefix(1);
    return byte;
  }
  // Small as a rule, anything at times.
  uint64_t Number() {
    const uint8_t byte = Byte();
    if (byte < 240) return byte;
    uint64_t number = 0;
    for (int i = 0; i < 8; ++i) number = number << 8 | Byte();
    return number;
  }
  std::string Text() {
    const size_t wanted = Byte() % 40;
    const size_t size = std::min(wanted, bytes_.size());
    std::string text(bytes_.substr(0, size));
    bytes_.remove_prefix(size);
    if (size == 39) text.append(5000, 'x');
    return text;
  }

 private:
  std::string_view bytes_;
};

using Fields = std::vector<std::string>;

class Game {
 public:
  explicit Game(Input input) : in_(input) {
    limits_ = {.entries = in_.Byte() % 16U, .bytes = size_t{in_.Byte()} * 8};
    stream_.AddGroup("group", {}, 0);
  }

  void Play() {
    while (!in_.empty()) (this->*kMoves[in_.Byte() % std::size(kMoves)])();
    CheckStream(stream_);
    CheckPending(stream_);
    const std::unique_ptr<store::Object> copy = stream_.Clone(store::MallocHeap());
    CheckStream(static_cast<const StreamObject&>(*copy));
    CheckPending(static_cast<const StreamObject&>(*copy));
  }

 private:
  using Move = void (Game::*)();

  // One that is there, if the input says so.
  StreamId AnyId() {
    const StreamId id{in_.Number(), in_.Number()};
    const auto it = model_.lower_bound(id);
    return in_.Byte() % 2 == 0 && it != model_.end() ? it->first : id;
  }

  void Append() {
    StreamId id = stream_.last_id;
    const uint64_t ms = in_.Number();
    if (ms == 0) {
      if (!Increment(&id)) return;
    } else {
      id = {id.ms + ms, in_.Number()};
      if (id <= stream_.last_id) return;
    }
    Fields fields;
    for (size_t pairs = 1 + in_.Byte() % 3U; pairs > 0; --pairs) {
      fields.push_back(in_.Byte() % 2 == 0 ? "name" : in_.Text());
      fields.push_back(in_.Text());
    }
    const std::vector<std::string_view> views(fields.begin(), fields.end());
    stream_.Append(id, views, limits_);
    model_[id] = fields;
  }
  void Delete() {
    const StreamId id = AnyId();
    Check(stream_.Delete(id) == (model_.erase(id) == 1), "what is deleted was there");
  }
  void Trim() {
    StreamTrim trim{.by = in_.Byte() % 2 == 0 ? StreamTrim::By::kLength : StreamTrim::By::kId,
                    .whole_blocks = in_.Byte() % 2 == 0};
    trim.length = in_.Number();
    trim.min_id = AnyId();
    trim.limit = trim.whole_blocks ? in_.Byte() : 0;
    for (uint64_t removed = stream_.Trim(trim); removed > 0; --removed) {
      model_.erase(model_.begin());
    }
    Check(stream_.size() == model_.size(), "a trim says how many it took");
  }
  // As XSETID does.
  void SetLastId() {
    const StreamId id = AnyId();
    if (model_.empty() || id >= model_.rbegin()->first) stream_.last_id = id;
  }
  void Assign() {
    const PendingEntry entry{AnyId(),
                             {.delivered = static_cast<store::UnixMillis>(in_.Number()),
                              .deliveries = in_.Number(),
                              .consumer = Consumer()}};
    stream_.ChangeGroup(*stream_.FindGroup("group"),
                        [&](ConsumerGroup& group) { group.Assign(entry); });
    pending_[entry.id] = entry.pending;
  }
  void Release() {
    const StreamId id = AnyId();
    bool released = false;
    stream_.ChangeGroup(*stream_.FindGroup("group"),
                        [&](ConsumerGroup& group) { released = group.Release(id); });
    Check(released == (pending_.erase(id) == 1), "what is released was pending");
  }
  void RemoveConsumer() {
    const std::string name(1, static_cast<char>('a' + in_.Byte() % 4));
    const ConsumerGroup& group = *stream_.FindGroup("group");
    const ConsumerGroup::Number* const number = group.Find(name);
    if (number == nullptr) return;
    std::erase_if(pending_, [n = *number](const auto& one) { return one.second.consumer == n; });
    stream_.ChangeGroup(group, [&](ConsumerGroup& changed) { changed.Remove(name); });
  }
  ConsumerGroup::Number Consumer() {
    const std::string name(1, static_cast<char>('a' + in_.Byte() % 4));
    const ConsumerGroup& group = *stream_.FindGroup("group");
    if (const ConsumerGroup::Number* const number = group.Find(name)) return *number;
    ConsumerGroup::Number number = 0;
    stream_.ChangeGroup(group, [&](ConsumerGroup& changed) { number = changed.Add(name, 0); });
    return number;
  }

  void CheckStream(const StreamObject& stream) const {
    auto expected = model_.begin();
    stream.ForEach(store::kNoStreamId, store::kMaxStreamId, [&](const StreamEntry& entry) {
      Check(expected != model_.end() && entry.id == expected->first, "an entry is the next one");
      size_t i = 0;
      entry.ForEachField([&](std::string_view name, std::string_view value) {
        Check(name == expected->second.at(i) && value == expected->second.at(i + 1),
              "its fields are those that were added");
        i += 2;
      });
      Check(i == expected->second.size(), "and all of them");
      ++expected;
      return true;
    });
    Check(expected == model_.end(), "all entries are there");
    auto back = model_.rbegin();
    stream.ForEachBackward(store::kNoStreamId, store::kMaxStreamId, [&](const StreamEntry& entry) {
      Check(back != model_.rend() && entry.id == back->first, "and on the way back");
      ++back;
      return true;
    });
    Check(back == model_.rend(), "all of them, too");
    Check(stream.size() == model_.size(), "size is their number");
    Check(stream.memory() >= sizeof(StreamObject), "memory is not negative");
    Check(stream.tree_nodes() >= stream.blocks(), "a tree has a node for each key");
  }

  void CheckPending(const StreamObject& stream) const {
    const ConsumerGroup& group = *stream.FindGroup("group");
    std::map<uint32_t, size_t> counts;
    StreamId from;
    for (const auto& [id, pending] : pending_) {
      const auto next = group.pending().Next(from);
      Check(next && *next == PendingEntry{id, pending}, "what is pending comes in order");
      from = id;
      Increment(&from);
      ++counts[pending.consumer];
    }
    Check(group.pending().size() == pending_.size(), "and no more of it");
    group.ForEachConsumer([&](std::string_view, ConsumerGroup::Number number) {
      Check(group.consumer(number).pending == counts[number], "each consumer has its number");
      size_t seen = 0;
      for (auto next = group.pending().Next({}, number); next; ++seen) {
        StreamId behind = next->id;
        if (!Increment(&behind)) {
          ++seen;
          break;
        }
        next = group.pending().Next(behind, number);
      }
      Check(seen == counts[number], "and finds as many");
    });
  }

  static constexpr Move kMoves[] = {&Game::Append, &Game::Append,    &Game::Append,
                                    &Game::Append, &Game::Delete,    &Game::Trim,
                                    &Game::Assign, &Game::Assign,    &Game::Release,
                                    &Game::Assign, &Game::SetLastId, &Game::RemoveConsumer};

  Input in_;
  store::StreamLimits limits_;
  StreamObject stream_;
  std::map<StreamId, Fields> model_;
  std::map<StreamId, Pending> pending_;
};

}  // namespace
}  // namespace keyhole::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), std::min<size_t>(size, 4096));
  keyhole::fuzz::Game(keyhole::fuzz::Input(bytes)).Play();
  return 0;
}
