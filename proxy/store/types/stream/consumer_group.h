// A consumer group of a stream: how far it has been read, by whom, and what they have not
// acknowledged yet.
//
// A consumer has a number, which its pending entries bear; the number of one that is deleted is
// given again. Owned by its stream; changed by StreamObject::ChangeGroup(), which weighs it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/store/types/stream/pending_list.h"

namespace keyhole::store {

inline constexpr int64_t kUnknownCount = -1;

struct Consumer {
  UnixMillis seen = 0;
  size_t pending = 0;
};

class ConsumerGroup {
 public:
  using Number = uint32_t;

  StreamId last_id;                      // given to a consumer last
  int64_t entries_read = kUnknownCount;  // of the stream, up to there

  // Null if there is none.
  const Number* Find(std::string_view name) const;
  // REQUIRES: there is none of this name.
  Number Add(std::string_view name, UnixMillis now);
  // With what is pending for it. Returns how many entries that was.
  size_t Remove(std::string_view name);
  void Seen(Number consumer, UnixMillis now) { consumers_[consumer].seen = now; }
  const Consumer& consumer(Number number) const { return consumers_[number]; }
  std::string_view name(Number number) const { return *names_[number]; }
  size_t consumers() const { return by_name_.size(); }
  // Calls f(std::string_view name, Number) for all, in the order of their names.
  template <typename F>
  void ForEachConsumer(F&& f) const {
    for (const auto& [name, number] : by_name_) f(std::string_view(name), number);
  }

  const PendingList& pending() const { return pending_; }
  // The entry is this consumer's, whoever's it was.
  void Assign(const PendingEntry& entry);
  // It is nobody's any more. False if it was not pending.
  bool Release(StreamId id);

  size_t memory() const;
  ConsumerGroup Clone() const;

 private:
  std::map<std::string, Number, std::less<>> by_name_;
  std::vector<Consumer> consumers_;        // by number
  std::vector<const std::string*> names_;  // the same; null: free
  std::vector<Number> free_;
  size_t name_bytes_ = 0;
  PendingList pending_;
};

}  // namespace keyhole::store
