#include "proxy/store/store.h"

#include <algorithm>
#include <bit>
#include <cassert>
#include <utility>

#include "proxy/store/client.h"
#include "proxy/store/commands/direct.h"
#include "proxy/store/commands/dispatch.h"
#include "proxy/store/commands/observers.h"
#include "proxy/store/commands/script_turn.h"
#include "proxy/store/engine.h"
#include "proxy/store/rdb/snapshot_reader.h"
#include "resp/command_rights.h"

namespace keyhole::store {

// Holds some stripes. With one worker there is nothing to hold.
class Store::Lock {
 public:
  Lock(Store& store, Stripes wanted) : store_(store), held_(store.shared() ? wanted : 0) {
    if (held_ != 0) ForEach([](Stripe& stripe) { stripe.mutex.lock(); });
  }
  ~Lock() {
    if (held_ != 0) ForEach([](Stripe& stripe) { stripe.mutex.unlock(); });
  }
  Lock(const Lock&) = delete;
  Lock& operator=(const Lock&) = delete;

  // Lets go of what it holds and takes everything, unless it holds that.
  void TakeAll() {
    if (!store_.shared() || held_ == kAll) return;
    ForEach([](Stripe& stripe) { stripe.mutex.unlock(); });
    held_ = kAll;
    ForEach([](Stripe& stripe) { stripe.mutex.lock(); });
  }
  bool holds_any(Stripes stripes) const { return (held_ & stripes) != 0; }

 private:
  template <typename F>
  void ForEach(F&& f) {
    for (Stripes left = held_; left != 0; left &= left - 1) {
      const auto i = static_cast<size_t>(std::countr_zero(left));
      if (i >= store_.stripes_.size()) return;
      f(store_.stripes_[i]);
    }
  }

  Store& store_;
  Stripes held_;
};

Store::Store(const StoreOptions& options)
    : engine_(std::make_unique<Engine>(options)), stripes_(Keyspace::ShardsFor(options.workers)) {}

Store::~Store() {
  EndScriptTurn(*engine_);
}

Store::Stripes Store::StripeOf(std::string_view key) const {
  return Stripes{1} << Keyspace::ShardOf(EntryTable::Hash(key), stripes_.size());
}

Store::Stripes Store::StripesOf(std::span<const resp::HashedKey> keys) const {
  Stripes wanted = 0;
  for (const resp::HashedKey& key : keys) {
    wanted |= Stripes{1} << Keyspace::ShardOf(key.hash, stripes_.size());
  }
  return wanted;
}

// The channel of SPUBLISH is a key to COMMAND, but is none of the store's. Who may come to wait for
// a key changes what is everybody's.
Store::Stripes Store::StripesOf(const resp::CommandSpec& spec,
                                std::span<const std::string_view> args) const {
  if ((spec.flags & (resp::kPubSub | resp::kBlocking | resp::kScripts)) != 0) return kAll;
  const bool names_all_keys = !spec.has(resp::kMovableKeys) ||
                              !resp::RightsOf(spec.id).has(resp::kPatternKeys);  // SORT does not
  if (!names_all_keys) return kAll;
  Stripes wanted = 0;
  resp::ForEachKey(spec, args, [&](std::string_view key) { wanted |= StripeOf(key); });
  return wanted == 0 ? kAll : wanted;
}

Store::Stripes Store::StripesFor(const Client& client, const resp::CommandSpec& spec,
                                 std::span<const std::string_view> args) const {
  if (!shared()) return kAll;
  const Transaction& transaction = client.transaction;
  if (spec.effect == resp::Effect::kExec) {
    Stripes wanted = 1;
    for (const WatchedKey& watched : transaction.watched) wanted |= StripeOf(watched.key);
    std::vector<std::string_view> views;
    for (const QueuedCommand& queued : transaction.queue) {
      views.assign(queued.args.begin(), queued.args.end());
      wanted |= StripesOf(*queued.spec, views);
    }
    return wanted;
  }
  if (transaction.open && IsQueued(spec)) return 1;
  return StripesOf(spec, args);
}

Store::ClientPtr Store::Connect(std::string_view address, UnixMillis now, Doorbell* doorbell) {
  ClientPtr client(new Client, &Store::Disconnect);
  client->store = this;
  client->doorbell = doorbell;
  client->address = address;
  client->connected = now;
  client->last_command_at = now;
  const Lock lock(*this, kAll);
  client->authenticated = !engine_->NeedsPassword();
  engine_->Add(client.get(), now);
  return client;
}

void Store::Disconnect(Client* client) {
  {
    const Lock lock(*client->store, kAll);
    Engine& engine = *client->store->engine_;
    client->doorbell = nullptr;
    if (engine.scripts.busy() && engine.scripts.request().client == client) {
      return engine.scripts.Adopt(client);
    }
    engine.Remove(client);
  }
  delete client;
}

// Takes keys from the stripes by turns, so that all grow old alike. False if there is still too
// much and nothing to take.
bool Store::MakeRoom() {
  constexpr int kBatch = 16;  // keys to a lock
  MemoryBudget& budget = engine_->budget();
  if (budget.frozen()) return false;
  size_t empty = 0;  // so many stripes in a row
  while (budget.over() && empty < stripes_.size()) {
    const size_t index = next_victim_.fetch_add(1, std::memory_order_relaxed) % stripes_.size();
    const Lock lock(*this, Stripes{1} << index);
    int evicted = 0;
    while (evicted < kBatch && budget.over() && engine_->Evict(index)) ++evicted;
    empty = evicted > 0 ? 0 : empty + 1;
  }
  return !budget.over();
}

Outcome Store::Execute(Client& client, const resp::CommandSpec& spec,
                       std::span<const std::string_view> args, UnixMillis now, resp::ByteQueue* out,
                       const resp::HashedKey& first) {
  engine_->budget().set_time(now);
  // Before the command, as in Redis: what it holds in its hands must not go while it runs.
  const bool full = engine_->budget().over() && !MakeRoom();
  Lock lock(*this, StripesFor(client, spec, args));
  // Who waits for a key is served before anybody else can take what is put there.
  const Waiting& waiting = engine_->waiting;
  const bool attended = lock.holds_any(waiting.shards());
  if (attended && (!spec.has(resp::kRead) || engine_->exclusive())) [[unlikely]]
    lock.TakeAll();
  client.BeginOutput(out);
  const size_t before = out->size();
  Dispatch(*engine_, client, {spec, args, full, first}, now, out);
  if (engine_->due()) [[unlikely]] {
    lock.TakeAll();
    Finish(now);
  }
  if (out->size() > before) return Outcome::kReplied;
  return client.wait == nullptr ? Outcome::kSilent : Outcome::kWaiting;
}

Outcome Store::Look(Client& client, const resp::CommandSpec& spec,
                    std::span<const std::string_view> args, UnixMillis now, resp::ByteQueue* out) {
  assert(!spec.has(resp::kWrite));
  Lock lock(*this, StripesFor(client, spec, args));
  const size_t before_reply = out->size();
  const bool no_touch = std::exchange(client.no_touch, true);
  const ClientStats before = client.stats;
  Dispatch(*engine_, client, {spec, args, /*full=*/false}, now, out);
  client.stats.hits = before.hits;
  client.stats.misses = before.misses;
  client.no_touch = no_touch;
  if (engine_->due()) [[unlikely]] {
    lock.TakeAll();
    Finish(now);
  }
  if (out->size() > before_reply) return Outcome::kReplied;
  return client.wait == nullptr ? Outcome::kSilent : Outcome::kWaiting;
}

bool Store::Direct(Client& client, resp::DirectCommand* command) {
  if (engine_->budget().over()) return false;
  engine_->budget().set_time(command->earliest);
  Lock lock(*this, shared() ? StripesOf(command->keys) : 0);
  // Who waits for a key may be served by a write.
  if (command->writes() && lock.holds_any(engine_->waiting.shards())) return false;
  if (!RunDirect(*engine_, client, command)) return false;
  if (engine_->due()) [[unlikely]] {
    lock.TakeAll();
    Finish(command->latest);
  }
  return true;
}

// What one thing brings about may bring about another: a client that is served takes an element, of
// which others want to hear.
void Store::Finish(UnixMillis now) {
  while (!engine_->scripts.busy() && engine_->TakeDue()) {
    ReleaseHeld(*engine_, now);
    DeliverEvents(*engine_);
    DeliverInvalidations(*engine_);
    engine_->waiting.Serve(now, [&](Client& client, std::string_view key) {
      return Resume(*engine_, client, key, now);
    });
  }
}

UnixMillis Store::next_deadline() const {
  return engine_->scripts.busy() ? 0 : engine_->waiting.next_deadline();
}

void Store::EndWaits(UnixMillis now) {
  if (next_deadline() > now) return;
  const Lock lock(*this, kAll);
  if (engine_->scripts.busy()) {
    ContinueScriptTurn(*engine_);
    Finish(now);
  }
  engine_->waiting.EndOverdue(now, [&](Client& client) { EndWait(*engine_, client); });
}

void Store::EndPause(UnixMillis now) {
  const Lock lock(*this, kAll);
  if (engine_->pause.until > now) return;
  engine_->EndPause();
  Finish(now);
}

// Only where nobody else may change the tables meanwhile: the lock would cost more than it saves.
void Store::Prefetch(const Client& client, std::span<const resp::HashedKey> keys) {
  if (!shared()) engine_->database(client.database).Prefetch(keys);
}

bool Store::TakeMessages(Client& client, resp::ByteQueue* out) {
  const Lock lock(*this, 1);
  client.BeginOutput(out);
  return client.wait == nullptr;
}

void Store::SetUser(Client& client, std::string_view name) {
  const Lock lock(*this, kAll);
  client.user = name;
}

void Store::Configure(const StoreOptions& before, const StoreOptions& after) {
  const Lock lock(*this, kAll);
  engine_->settings.TakeOver(before, after);
  engine_->ApplySettings();
}

uint64_t Store::IdOf(const Client& client) {
  return client.id;
}

std::vector<Section> Store::TakePushed(Client& client) {
  return std::exchange(client.in_output, {});
}

bool Store::Closing(const Client& client) {
  return client.closing.load(std::memory_order_relaxed);
}

bool Store::Listens(const Client& client) {
  return client.sources > 0;
}

bool Store::LoggedIn(const Client& client) {
  return client.authenticated || !client.store->live().asks_password;
}

resp::Protocol Store::ProtocolOf(const Client& client) {
  return client.protocol;
}

bool Store::Sweep(UnixMillis now) {
  if (engine_->budget().over()) MakeRoom();  // CONFIG SET has lowered the limit
  if (engine_->pause.active() && engine_->pause.until <= now) EndPause(now);
  const size_t index = next_swept_.fetch_add(1, std::memory_order_relaxed) % stripes_.size();
  Lock lock(*this, Stripes{1} << index);
  const bool more = engine_->Sweep(index, now);
  if (engine_->due()) {
    lock.TakeAll();
    Finish(now);
  }
  return more;
}

const LiveSettings& Store::live() const {
  return engine_->live();
}

Store::Usage Store::usage() const {
  const MemoryBudget& budget = engine_->budget();
  return {.memory = budget.used(),
          .limit = budget.limit(),
          .evicted = budget.evicted(),
          .expired = budget.expired()};
}

std::optional<uint32_t> Store::EvictedAt(std::string_view key, int database) const {
  return engine_->evicted.Find(EntryTable::Hash(key), database);
}

// ---- Snapshots

// Stripe after stripe. Keys that have been flushed are given by the sweeper, before it frees them.
void Store::Walk() {
  constexpr size_t kBytes = 32 * 1024;
  size_t budget = kBytes;
  for (size_t seen = 0; budget > 0 && seen < stripes_.size(); ++seen) {
    const Lock lock(*this, Stripes{1} << walked_);
    budget = engine_->WalkSnapshot(walked_, budget);
    if (budget > 0) walked_ = (walked_ + 1) % stripes_.size();
  }
}

Store::SnapshotStep Store::StepSnapshot(UnixMillis now, size_t backlog) {
  constexpr size_t kMostBacklog = size_t{8} << 20;
  Snapshot& snapshot = engine_->snapshot;
  if (snapshot.phase() == Snapshot::Phase::kIdle && engine_->NextSnapshot() <= now) {
    const Lock lock(*this, kAll);
    if (snapshot.phase() == Snapshot::Phase::kIdle && engine_->SnapshotIsDue(now)) {
      engine_->BeginSnapshot(now);
    }
  }
  SnapshotStep step;
  if (snapshot.phase() == Snapshot::Phase::kIdle) return step;
  step.state = SnapshotStep::State::kAwaitingEnd;
  if (snapshot.phase() == Snapshot::Phase::kWriting) return step;
  step.state = SnapshotStep::State::kMaking;
  if (backlog < kMostBacklog || snapshot.dropped()) Walk();
  step.bytes = snapshot.Take(backlog, &step.last);
  step.dropped = snapshot.dropped();
  return step;
}

void Store::BeginSnapshot(UnixMillis now) {
  const Lock lock(*this, kAll);
  engine_->BeginSnapshot(now);
}

void Store::EndSnapshot(bool written, UnixMillis now) {
  const Lock lock(*this, kAll);
  engine_->snapshot.End(written, now);
  for (const uint64_t id : std::exchange(engine_->snapshot.savers, {})) {
    const auto it = engine_->clients().find(id);
    if (it == engine_->clients().end() || it->second->wait == nullptr) continue;
    Resume(*engine_, *it->second, /*key=*/"", now);
  }
}

Store::LoadStep Store::Load(std::string_view bytes, bool last, bool skip_unknown, UnixMillis now) {
  using State = rdb::SnapshotReader::State;
  // More than fits goes while it is read, not with somebody's first command.
  if (engine_->budget().over()) MakeRoom();
  const Lock lock(*this, kAll);
  if (load_ == nullptr) {
    load_ = std::make_unique<rdb::SnapshotReader>(engine_->databases(), engine_->read_limits(), now,
                                                  skip_unknown);
  }
  engine_->budget().set_time(now);
  State state = load_->Read(bytes);
  if (last) state = load_->End();
  LoadStep step;
  step.error = load_->error();
  step.keys = load_->counts().keys;
  step.expired = load_->counts().expired;
  step.skipped = load_->counts().skipped;
  if (state == State::kReading) return step;
  step.state = state == State::kDone ? LoadStep::State::kDone : LoadStep::State::kFailed;
  engine_->NoteLoaded(step.keys, step.expired);
  load_ = nullptr;
  return step;
}

Store::SnapshotStatus Store::snapshot_status() const {
  const Snapshot& snapshot = engine_->snapshot;
  return {.last_saved = snapshot.last_saved(),
          .last_took = snapshot.last_took(),
          .saved = snapshot.saved(),
          .failed = snapshot.failed()};
}

}  // namespace keyhole::store
