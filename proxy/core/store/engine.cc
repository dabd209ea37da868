#include "proxy/core/store/engine.h"

#include "proxy/core/store/client.h"
#include "proxy/core/store/handlers.h"

namespace keyhole::store {

Engine::Engine(const StoreOptions& options)
    : settings(options), databases_(static_cast<size_t>(options.databases)) {}

void Engine::Add(Client* client, UnixMillis now) {
  if (last_id_ == 0) {
    started_ = now;
    random ^= static_cast<uint64_t>(now);
  }
  client->id = ++last_id_;
  clients_.emplace(client->id, client);
  ++stats.connections;
}

void Engine::Remove(Client* client) {
  Unwatch(*client);
  EndSubscriptions(*this, *client);
  clients_.erase(client->id);
}

void Engine::Unwatch(Client& client) {
  Transaction& transaction = client.transaction;
  for (const WatchedKey& watched : transaction.watched) {
    database(watched.database).watches().Remove(watched.key, &transaction.watch_broken);
  }
  transaction.watched.clear();
  transaction.watch_broken = false;
}

void Engine::Discard(Client& client) {
  Unwatch(client);
  client.transaction.open = false;
  client.transaction.failed = false;
  client.transaction.queue.clear();
}

bool Engine::CheckPassword(std::string_view user, std::string_view password) const {
  return user == kUser && (!NeedsPassword() || password == settings.password());
}

void Engine::Sweep(UnixMillis now) {
  size_t budget = 2000;  // memory accesses of about 100 ns: 200 us
  for (int i = 0; i < database_count() && budget > 0; ++i) {
    budget = database(sweep_next_).Sweep(now, budget);
    if (budget > 0) sweep_next_ = (sweep_next_ + 1) % database_count();
  }
}

size_t Engine::memory() const {
  size_t sum = 0;
  for (const Keyspace& database : databases_) sum += database.memory();
  return sum;
}

uint64_t Engine::expired() const {
  uint64_t sum = 0;
  for (const Keyspace& database : databases_) sum += database.expired();
  return sum - stats.expired_before;
}

}  // namespace keyhole::store
