// What the handlers share: the databases, the clients, the settings, the counts that INFO shows.
//
// Thread: under the store's lock, if there is one.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <string_view>

#include "proxy/core/store/keyspace.h"
#include "proxy/core/store/settings.h"
#include "proxy/core/store/store.h"
#include "proxy/core/store/subscriptions.h"

namespace keyhole::store {

// The version of Redis that the store behaves like.
inline constexpr std::string_view kRedisVersion = "7.0.15";
// The one user there is.
inline constexpr std::string_view kUser = "default";

// Since the start, or since CONFIG RESETSTAT.
struct Stats {
  uint64_t connections = 0;
  uint64_t commands = 0;
  uint64_t errors = 0;
  uint64_t hits = 0;
  uint64_t misses = 0;
  uint64_t expired_before = 0;  // what the databases had counted at the reset
};

class Engine {
 public:
  explicit Engine(const StoreOptions& options);

  Keyspace& database(int index) { return databases_[static_cast<size_t>(index)]; }
  int database_count() const { return static_cast<int>(databases_.size()); }

  void Add(Client* client, UnixMillis now);  // gives it its id
  void Remove(Client* client);
  const std::map<uint64_t, Client*>& clients() const { return clients_; }

  // Ends the client's watches.
  void Unwatch(Client& client);
  // Ends its transaction, and its watches.
  void Discard(Client& client);

  bool NeedsPassword() const { return !settings.password().empty(); }
  // True if the two are those of the user; AUTH and HELLO ask.
  bool CheckPassword(std::string_view user, std::string_view password) const;

  void Sweep(UnixMillis now);
  size_t memory() const;
  uint64_t expired() const;
  UnixMillis started() const { return started_; }

  Settings settings;
  Stats stats;
  Subscriptions subscriptions;
  uint64_t random = 0x5EED;  // state for NextRandom()

 private:
  std::deque<Keyspace> databases_;
  std::map<uint64_t, Client*> clients_;
  uint64_t last_id_ = 0;
  UnixMillis started_ = 0;
  int sweep_next_ = 0;  // the database with which the next sweep begins
};

}  // namespace keyhole::store
