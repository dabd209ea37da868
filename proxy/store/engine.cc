#include "proxy/store/engine.h"

namespace keyhole::store {

namespace {

void Add(const ClientStats& more, ClientStats* sum) {
  sum->commands += more.commands;
  sum->errors += more.errors;
  sum->hits += more.hits;
  sum->misses += more.misses;
}

}  // namespace

Engine::Engine(const StoreOptions& options)
    : settings(options),
      log_(options.log),
      budget_(options.max_memory, options.eviction, options.workers > 1),
      objects_(Keyspace::MakePools(budget_, Keyspace::ShardsFor(options.workers))),
      sweep_next_(Keyspace::ShardsFor(options.workers)) {
  for (int i = 0; i < options.databases; ++i) {
    databases_.emplace_back(budget_, objects_);
  }
  ApplySettings();
  live_.idle_timeout = options.idle_timeout;
}

void Engine::Add(Client* client, UnixMillis now) {
  if (last_id_ == 0) started_ = now;
  client->id = ++last_id_;
  client->random = static_cast<uint64_t>(now) ^ client->id << 48;
  clients_.emplace(client->id, client);
  ++connections_;
}

void Engine::Remove(Client* client) {
  Unwatch(*client);
  waiting.Withdraw(*client);
  EndSubscriptions(*client);
  clients_.erase(client->id);
  store::Add(client->stats, &departed_);
}

void Engine::Unwatch(Client& client) {
  Transaction& transaction = client.transaction;
  for (const WatchedKey& watched : transaction.watched) {
    database(watched.database).Unwatch(watched.key, &transaction.watch_broken);
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

void Engine::EndSubscriptions(Client& client) {
  if (client.listening == nullptr) return;
  for (const Listening kind : {Listening::kChannel, Listening::kPattern, Listening::kShard}) {
    for (const std::string& name : client.names(kind)) {
      subscriptions.Remove(kind, name, &client);
    }
    client.names(kind).clear();
  }
  client.subscriptions = 0;
}

bool Engine::CheckPassword(std::string_view user, std::string_view password) const {
  return user == kUser && (!NeedsPassword() || password == settings.text(Setting::kRequirepass));
}

bool Engine::Sweep(size_t shard, UnixMillis now) {
  if (!debug.active_expire || debug.pause_upkeep) return false;
  size_t budget = 10'000;  // 200 us
  ObjectPool& objects = *(*objects_)[shard];
  size_t to_free = budget / 2;
  budget -= to_free;
  objects.FreeSome(&to_free);
  bool many_dead = !objects.empty();
  budget += to_free;
  objects.heap().Trim(4);
  int& next = sweep_next_[shard];
  for (int i = 0; i < database_count() && budget > 0; ++i) {
    Shard& swept = database(next).shard(shard);
    budget = swept.Sweep(now, budget);
    many_dead |= swept.many_dead();
    if (budget > 0) next = (next + 1) % database_count();
  }
  return many_dead;
}

bool Engine::Evict(size_t shard) {
  size_t slice = 256;
  ObjectPool& objects = *(*objects_)[shard];
  if (!objects.empty()) {
    objects.FreeSome(&slice);
    return true;
  }
  Shard* largest = nullptr;
  for (Keyspace& database : databases_) {
    Shard& one = database.shard(shard);
    if (one.size() == 0) continue;
    if (largest == nullptr || one.memory() > largest->memory()) largest = &one;
  }
  return largest != nullptr && largest->Evict();
}

size_t Engine::memory() const {
  size_t sum = 0;
  for (const Keyspace& database : databases_) sum += database.memory();
  for (const auto& pool : *objects_) sum += pool->memory();
  return sum;
}

size_t Engine::resident() const {
  size_t sum = 0;
  for (const Keyspace& database : databases_) {
    for (size_t i = 0; i < database.shard_count(); ++i) {
      sum += database.shard(i).resident() + database.shard(i).object_memory();
    }
  }
  for (const auto& pool : *objects_) {
    sum += pool->memory() + pool->heap().resident() - pool->heap().memory();
  }
  return sum;
}

size_t Engine::pending_objects() const {
  size_t sum = 0;
  for (const auto& pool : *objects_) sum += pool->pending();
  return sum;
}

Stats Engine::SinceStart() const {
  Stats sum;
  sum.clients = departed_;
  for (const auto& [id, client] : clients_) store::Add(client->stats, &sum.clients);
  sum.connections = connections_;
  for (const Keyspace& database : databases_) {
    sum.expired += database.expired();
  }
  sum.evicted = budget_.evicted();
  for (const auto& pool : *objects_) sum.freed_objects += pool->freed();
  return sum;
}

Stats Engine::stats() const {
  Stats sum = SinceStart();
  sum.clients.commands -= at_reset_.clients.commands;
  sum.clients.errors -= at_reset_.clients.errors;
  sum.clients.hits -= at_reset_.clients.hits;
  sum.clients.misses -= at_reset_.clients.misses;
  sum.connections -= at_reset_.connections;
  sum.expired -= at_reset_.expired;
  sum.evicted -= at_reset_.evicted;
  sum.freed_objects -= at_reset_.freed_objects;
  return sum;
}

void Engine::ApplySettings() {
  budget_.set_limit(settings.size(Setting::kMaxmemory));
  budget_.set_policy(settings.eviction());
  slow_log.Configure(settings.number(Setting::kSlowlogLogSlowerThan),
                     settings.size(Setting::kSlowlogMaxLen));
  collection_limits_ = {.listed_items = settings.size(Setting::kHashMaxListpackEntries),
                        .listed_bytes = settings.size(Setting::kHashMaxListpackValue),
                        .integers = settings.size(Setting::kSetMaxIntsetEntries)};
  list_limits_ = ListLimits::Of(settings.number(Setting::kListMaxListpackSize));
  live_.max_clients = settings.number(Setting::kMaxclients);
  live_.asks_password = NeedsPassword();
  // What the process was started with may have a fraction that the setting does not show.
  const int64_t timeout = settings.number(Setting::kTimeout);
  if (Settings::SecondsOf(live_.idle_timeout) != timeout) {
    live_.idle_timeout = timeout * 1000;
  }
}

void Engine::ResetStats() {
  at_reset_ = SinceStart();
}

}  // namespace keyhole::store
