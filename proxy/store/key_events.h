// Keyspace events: what clients are told of keys (notify-keyspace-events). A handler says what it
// has done to a key by Call::Emit(), in Redis' words and in Redis' order, after it has changed the
// key. Source: redis 7.0.15 notify.c and its callers.
//
//     handler --Emit--> queue --after the command--> __keyspace@0__:k   set
//     shard (expired, evicted, new) --^              __keyevent@0__:set k
//
// They are queued because a command may hold a part of the store only, and messages are delivered
// under all locks (Store::Finish). So a client that listens to its own doings hears of them after
// the reply; and with several workers the events of two keys may come in another order than the
// replies.
//
// Thread: wants() is read under any lock of the store; Add() is called under any, by several
// threads at a time; all else under all locks. Costs nothing but wants() while nobody asks.
#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace keyhole::store {

// A bit each; the letter is that of notify-keyspace-events.
enum class EventClass : uint32_t {
  kGeneric = 1 << 0,    // g
  kString = 1 << 1,     // $
  kList = 1 << 2,       // l
  kSet = 1 << 3,        // s
  kHash = 1 << 4,       // h
  kSortedSet = 1 << 5,  // z
  kExpired = 1 << 6,    // x
  kEvicted = 1 << 7,    // e
  kStream = 1 << 8,     // t
  kMiss = 1 << 9,       // m, not part of A
  kNew = 1 << 10,       // n, not part of A
  kModule = 1 << 11,    // d; there are none
  kByKey = 1 << 12,     // K: on the key's channel
  kByEvent = 1 << 13,   // E: on the event's channel
};

// The classes that these letters name; null if one names none.
std::optional<uint32_t> ParseEventClasses(std::string_view letters);
// The same in Redis' order.
std::string EventClassLetters(uint32_t classes);

class KeyEvents {
 public:
  // due: set when there is something to be delivered.
  explicit KeyEvents(std::atomic<bool>& due) : due_(due) {}

  void Configure(uint32_t classes);
  bool wants_any() const { return wanted_ != 0; }
  bool wants(EventClass kind) const { return (wanted_ & static_cast<uint32_t>(kind)) != 0; }

  // REQUIRES: wants() its class.
  void Add(int database, std::string_view event, std::string_view key);

  // Calls publish(channel, message) for all that have been added, in their order.
  template <typename F>
  void Deliver(F&& publish);

 private:
  struct Event {
    int database;
    std::string event;
    std::string key;
  };

  uint32_t classes_ = 0;
  uint32_t wanted_ = 0;  // the same, or none without a channel to tell it on
  std::atomic<bool>& due_;
  std::mutex mutex_;
  std::vector<Event> queue_;
};

template <typename F>
void KeyEvents::Deliver(F&& publish) {
  std::vector<Event> events;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    events.swap(queue_);
  }
  const auto on = [this](EventClass channel) {
    return (classes_ & static_cast<uint32_t>(channel)) != 0;
  };
  for (const Event& one : events) {
    const std::string place = std::to_string(one.database) + "__:";
    if (on(EventClass::kByKey)) publish("__keyspace@" + place + one.key, one.event);
    if (on(EventClass::kByEvent)) publish("__keyevent@" + place + one.event, one.key);
  }
}

}  // namespace keyhole::store
