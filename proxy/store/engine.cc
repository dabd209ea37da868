#include "proxy/store/engine.h"

#include <algorithm>
#include <chrono>
#include <random>
#include <utility>

namespace keyhole::store {

namespace {

void Add(const ClientStats& more, ClientStats* sum) {
  sum->hits += more.hits;
  sum->misses += more.misses;
}

// 40 of them.
std::string RandomDigits() {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::random_device source;
  std::string digits;
  while (digits.size() < 40) digits.push_back(kDigits[source() % kDigits.size()]);
  return digits;
}

}  // namespace

Engine::Engine(const StoreOptions& options)
    : settings(options),
      log_(options.log),
      edge_(options.edge),
      run_id_(RandomDigits()),
      budget_(options.max_memory, options.eviction, options.workers > 1),
      objects_(Keyspace::MakePools(budget_, Keyspace::ShardsFor(options.workers))),
      sweep_next_(Keyspace::ShardsFor(options.workers)),
      can_save_(options.can_save),
      save_rules_(options.save_rules) {
  for (int i = 0; i < options.databases; ++i) {
    databases_.emplace_back(budget_, objects_);
  }
  ApplySettings();
  live_.idle_timeout = options.idle_timeout;
}

void Engine::Add(Client* client, UnixMillis now) {
  if (last_id_ == 0) {
    started_ = now;
    for (Rate* const rate : {&call_rate, &input_rate, &output_rate}) rate->Begin(now);
  }
  client->id = ++last_id_;
  client->random = static_cast<uint64_t>(now) ^ client->id << 48;
  clients_.emplace(client->id, client);
  ++connections_;
}

void Engine::Remove(Client* client) {
  Unwatch(*client);
  waiting.Withdraw(*client);
  EndSubscriptions(*client);
  StopTracking(*client);
  clients_.erase(client->id);
  TakeCalls(client);
  store::Add(client->stats, &departed_);
}

void Engine::TakeCalls(Client* client) {
  if (client->repeats == 0) return;
  command_stats.CountCalls(client->last_command->id, std::exchange(client->repeats, 0));
}

void Engine::GatherCalls() {
  for (const auto& [id, client] : clients_) TakeCalls(client);
  TakeCalls(&scripts.client());
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
  RemoveMonitor(&client);
  if (client.listening == nullptr) return;
  for (const Listening kind : {Listening::kChannel, Listening::kPattern, Listening::kShard}) {
    for (const std::string& name : client.names(kind)) {
      subscriptions.Remove(kind, name, &client);
    }
    client.names(kind).clear();
  }
  client.sources -= client.subscriptions;
  client.subscriptions = 0;
}

bool Engine::CheckPassword(std::string_view user, std::string_view password) const {
  return user == kUser && (!NeedsPassword() || password == settings.text(Setting::kRequirepass));
}

bool Engine::Sweep(size_t shard, UnixMillis now) {
  const auto began = std::chrono::steady_clock::now();
  size_t budget = 10'000;  // 200 us
  ObjectPool& objects = *(*objects_)[shard];
  size_t to_free = budget / 2;
  budget -= to_free;
  objects.FreeSome(&to_free);
  bool many_dead = !objects.empty();
  budget += to_free;
  objects.heap().Trim(4);
  if (!debug.active_expire || debug.pause_upkeep || budget_.frozen()) return many_dead;
  int& next = sweep_next_[shard];
  for (int i = 0; i < database_count() && budget > 0; ++i) {
    Shard& swept = database(next).shard(shard);
    budget = swept.Sweep(now, budget);
    many_dead |= swept.many_dead();
    if (budget > 0) next = (next + 1) % database_count();
  }
  if (latency.enabled()) {
    const auto took = std::chrono::steady_clock::now() - began;
    latency.Add("expire-cycle", now / 1000,
                std::chrono::duration_cast<std::chrono::milliseconds>(took).count());
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
  if (budget_.policy() == Eviction::kNone) return false;
  Shard* largest = nullptr;
  int database = 0;
  for (int i = 0; i < database_count(); ++i) {
    Shard& one = this->database(i).shard(shard);
    if (one.size() == 0) continue;
    if (largest != nullptr && one.memory() <= largest->memory()) continue;
    largest = &one;
    database = i;
  }
  if (largest == nullptr) return false;
  const std::optional<uint64_t> hash = largest->Evict();
  if (hash.has_value()) evicted.Note(*hash, database, budget_.seconds());
  return hash.has_value();
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

size_t Engine::peak_memory() {
  const size_t now = memory();
  if (now > peak_memory_.load(std::memory_order_relaxed)) peak_memory_ = now;
  return peak_memory_;
}

void Engine::EmitIfWanted(EventClass kind, int database, std::string_view event,
                          std::string_view key) {
  if (events.wants(kind)) events.Add(database, event, key);
}

void Engine::OnChanged(int, std::string_view key) {
  if (tracking.active()) tracking.Changed(key, writer);
}

void Engine::OnAdded(int database, std::string_view key) {
  EmitIfWanted(EventClass::kNew, database, "new", key);
}

void Engine::OnExpired(int database, std::string_view key) {
  EmitIfWanted(EventClass::kExpired, database, "expired", key);
}

void Engine::OnPartsEnded(int database, std::string_view key, bool whole) {
  EmitIfWanted(EventClass::kHash, database, "hexpired", key);
  if (whole) EmitIfWanted(EventClass::kGeneric, database, "del", key);  // layering: not a command
}

void Engine::OnEvicted(int database, std::string_view key) {
  EmitIfWanted(EventClass::kEvicted, database, "evicted", key);
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
  if (edge_) sum.edge = edge_();
  return sum;
}

Stats Engine::stats() const {
  Stats sum = SinceStart();
  sum.clients.hits -= at_reset_.clients.hits;
  sum.clients.misses -= at_reset_.clients.misses;
  sum.connections -= at_reset_.connections;
  sum.expired -= at_reset_.expired;
  sum.evicted -= at_reset_.evicted;
  sum.freed_objects -= at_reset_.freed_objects;
  sum.edge.bytes_in -= at_reset_.edge.bytes_in;
  sum.edge.bytes_out -= at_reset_.edge.bytes_out;
  sum.edge.refused -= at_reset_.edge.refused;
  return sum;
}

void Engine::Observe() {
  listens_ = events.wants(EventClass::kExpired) || events.wants(EventClass::kEvicted) ||
             events.wants(EventClass::kNew);
  const bool attentive = events.wants(EventClass::kNew) || tracking.active();
  for (int i = 0; i < database_count(); ++i) {
    database(i).SetListener(listens_ || attentive ? this : nullptr, i, attentive);
  }
  const bool timed =
      slow_log.enabled() || latency.enabled() || settings.number(Setting::kLatencyTracking) != 0;
  exclusive_ = pause.active() || !monitors.empty();
  observed_ = timed || exclusive_ || listens_ || tracking.active();
  waiting.AttendAll(exclusive_ || tracking.active());
  budget_.Freeze(pause.active() || scripts.busy());
}

void Engine::StartTracking(Client& client, const TrackingState& wanted,
                           const std::vector<std::string_view>& prefixes) {
  TrackingState state = wanted;
  if (client.tracking != nullptr) {
    state.prefixes = client.tracking->prefixes;
  } else {
    client.tracking = std::make_unique<TrackingState>();
    tracking.Started();
    ++client.sources;
  }
  for (const std::string_view prefix : prefixes) {
    if (state.prefixes.emplace(prefix).second) tracking.CountPrefix();
  }
  *client.tracking = std::move(state);
  Observe();
}

void Engine::StopTracking(Client& client) {
  if (client.tracking == nullptr) return;
  tracking.Stopped(*client.tracking);
  client.tracking = nullptr;
  --client.sources;
  Observe();
}

void Engine::AddMonitor(Client* client) {
  if (std::exchange(client->monitors, true)) return;
  monitors.push_back(client);
  ++client->sources;
  Observe();
}

void Engine::RemoveMonitor(Client* client) {
  if (!std::exchange(client->monitors, false)) return;
  std::erase(monitors, client);
  --client->sources;
  Observe();
}

void Engine::ScriptPaused(bool on) {
  budget_.Freeze(on || pause.active());
  if (!on) due_ = true;  // what a pause has held may go on
}

void Engine::TellScriptMemory() {
  script_memory_ = budget_.Report(script_memory_, scripts.memory());
}

void Engine::BeginPause(UnixMillis until, bool all) {
  pause.Begin(until, all);
  Observe();
}

void Engine::EndPause() {
  pause.End();
  Observe();
  due_ = true;
}

void Engine::ApplySettings() {
  budget_.set_limit(settings.size(Setting::kMaxmemory));
  budget_.set_policy(settings.eviction());
  // A quarter of what keys may take, for which keys make room once the script has ended.
  constexpr size_t kLeast = size_t{1} << 20;
  const size_t limit = settings.size(Setting::kMaxmemory);
  scripts.SetLimit(limit == 0 ? 0 : std::max(limit / 4, kLeast));
  slow_log.Configure(settings.number(Setting::kSlowlogLogSlowerThan),
                     settings.size(Setting::kSlowlogMaxLen));
  latency.Configure(settings.number(Setting::kLatencyMonitorThreshold));
  tracking.set_most_keys(settings.size(Setting::kTrackingTableMaxKeys));
  collection_limits_ = {.listed_items = settings.size(Setting::kHashMaxListpackEntries),
                        .listed_bytes = settings.size(Setting::kHashMaxListpackValue),
                        .integers = settings.size(Setting::kSetMaxIntsetEntries)};
  list_limits_ = ListLimits::Of(settings.number(Setting::kListMaxListpackSize));
  sorted_set_limits_ = {.members = settings.size(Setting::kZsetMaxListpackEntries),
                        .bytes = settings.size(Setting::kZsetMaxListpackValue)};
  stream_limits_ = {.entries = settings.size(Setting::kStreamNodeMaxEntries),
                    .bytes = settings.size(Setting::kStreamNodeMaxBytes)};
  events.Configure(static_cast<uint32_t>(settings.number(Setting::kNotifyKeyspaceEvents)));
  Observe();
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
  GatherCalls();
  command_stats.Reset();
  peak_memory_ = memory();
}

}  // namespace keyhole::store
