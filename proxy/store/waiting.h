// Clients whose command waits for a key (BLPOP and its kind), each key with its line.
//
//     BLPOP a b  finds nothing, Call::Wait()      a: [ client 7, client 9 ]     b: [ client 7 ]
//     LPUSH a x  the bell of `a` rings, as a watch of `a` would break: `a` is ready
//     then       who stands first in the line of `a` has its command run again, before the next
//                command of anybody: client 7 has its reply, and leaves the lines of `a` and `b`
//
// First come, first served: a command that runs again and still finds nothing keeps its places.
// It must change nothing then; one that does change a key (BLMOVE) may make that key ready in turn.
//
// Thread: under all locks of the store, but for next_deadline(), which anybody may ask, and for the
// bells, which ring under the lock of their key. Clients must be withdrawn before they are gone.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "proxy/store/client.h"
#include "proxy/store/keyspace/keyspace.h"

namespace keyhole::store {

class Waiting {
 public:
  // due: set when a key with a line has changed.
  Waiting(std::vector<Keyspace>& databases, std::atomic<bool>& due)
      : databases_(databases), due_(due) {}
  ~Waiting();

  // The client comes to the end of the lines of these keys of its database. REQUIRES: it does not
  // wait yet. deadline: kNever if it waits for ever.
  void Add(Client& client, QueuedCommand command, std::span<const std::string_view> keys,
           UnixMillis deadline);
  // It leaves all lines. Nothing happens if it waits for nothing.
  void Withdraw(Client& client);

  size_t size() const { return count_; }
  // Those of them that do not wait for ever, by their moments.
  size_t deadlines() const { return deadlines_.size(); }
  // A bit for each shard in which a key has a line.
  uint64_t shards() const { return shards_; }
  // Until further notice it is as if one had in every shard: who changes keys holds all locks.
  void AttendAll(bool on) {
    always_ = on ? ~uint64_t{0} : 0;
    shards_ = always_;
    for (size_t i = 0; i < lines_in_.size(); ++i) shards_ |= uint64_t{lines_in_[i] > 0} << i;
  }

  // No client's time is up before this moment.
  UnixMillis next_deadline() const { return next_deadline_.load(std::memory_order_relaxed); }

  // Calls serve(client), which runs its command again, for the clients in the lines of the keys
  // that have changed and are there, the first one first. It withdraws a client that has its reply
  // and returns true; false leaves the client where it is.
  template <typename F>
  void Serve(UnixMillis now, F&& serve);

  // Calls end(client), which withdraws it, for those whose time is up.
  template <typename F>
  void EndOverdue(UnixMillis now, F&& end);

 private:
  using Place = std::pair<int, std::string>;  // database, key
  struct Line final : KeyBell {
    Line(Waiting& owner, Place where) : waiting(owner), place(std::move(where)) {}
    void Ring() override;

    Waiting& waiting;
    const Place place;
    std::deque<Client*> clients;
    bool is_ready = false;  // and in ready_
  };

  Line& LineOf(int database, std::string_view key);
  void Close(const Place& place, Line& line);
  // The key that became ready first; false if there is none.
  bool TakeReady(Place* place);
  // The client at this place of a line; null behind its end.
  Client* At(const Place& place, size_t index) const;
  std::vector<Client*> Overdue(UnixMillis now);

  std::vector<Keyspace>& databases_;
  std::atomic<bool>& due_;
  std::map<Place, std::unique_ptr<Line>> lines_;
  std::map<UnixMillis, std::vector<Client*>> deadlines_;
  size_t count_ = 0;
  uint64_t shards_ = 0;
  uint64_t always_ = 0;
  std::array<uint32_t, 64> lines_in_{};  // by shard
  std::atomic<UnixMillis> next_deadline_{kNever};

  std::mutex ready_mutex_;  // keys of several shards may change at a time
  std::deque<Line*> ready_;
};

template <typename F>
void Waiting::Serve(UnixMillis now, F&& serve) {
  Place place;
  while (TakeReady(&place)) {
    size_t index = 0;
    while (Client* const client = At(place, index)) {
      Keyspace& database = databases_[static_cast<size_t>(place.first)];
      if (database.Find(place.second, now, /*touch=*/false) == nullptr) break;
      if (!serve(*client)) ++index;  // the next one may want something else of the key
    }
  }
}

template <typename F>
void Waiting::EndOverdue(UnixMillis now, F&& end) {
  for (Client* const client : Overdue(now)) end(*client);
}

}  // namespace keyhole::store
