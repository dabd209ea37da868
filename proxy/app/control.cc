#include "proxy/app/control.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <iterator>
#include <string_view>
#include <utility>

#include "proxy/base/machine_memory.h"
#include "proxy/base/version.h"
#include "proxy/http/clients_report.h"
#include "proxy/http/gzip.h"
#include "proxy/http/reports.h"
#include "proxy/near_cache/near_cache.h"
#include "proxy/page/page.h"

namespace keyhole::core {
namespace {

store::StoreOptions StoreOptionsFor(const Config& config, Log log) {
  store::StoreOptions options;
  options.workers = config.workers + config.callers;
  options.password = config.requirepass;
  options.max_memory = config.max_memory.Of(MachineMemory());
  options.eviction = config.eviction;
  options.max_clients = config.clients.max;
  options.idle_timeout = config.clients.idle_timeout.count();
  options.output_limit = config.clients.output_limit;
  options.debug_command = config.debug_command;
  options.can_save = !config.snapshots.path.empty();
  options.save_rules = config.snapshots.every;
  if (log) {
    options.log = [log = std::move(log)](const std::string& line) { log(LogLevel::kInfo, line); };
  }
  options.bind.clear();
  for (const Endpoint& endpoint : config.listen) {
    if (endpoint.kind != Endpoint::Kind::kTcp) continue;
    options.port = endpoint.port;
    options.bind.append(options.bind.empty() ? "" : " ").append(endpoint.host);
  }
  return options;
}

// More would keep their worker from its work for too long.
constexpr size_t kMostClients = 10000;

double UnixNow() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

// Its labels are of another book, and may show what is to be hidden now. At the end of time all of
// them are too old.
void Clear(metrics::TopList& list, const metrics::KeyStats& keys) {
  list.Offer(resp::CommandId::kUnknown, std::nullopt, 0, metrics::TopList::Instant::max(),
             keys.directory());
}

Lookout::Place PlaceOf(const Config& config) {
  Lookout::Place place;
  place.embedded = !config.upstream.has_value();
  place.behind = place.embedded
                     ? "The embedded store"
                     : (config.upstream->is_cluster() ? "Redis Cluster at " : "Redis at ") +
                           config.upstream->endpoint.ToString();
  place.evicts = config.eviction != store::Eviction::kNone;
  place.max_clients = config.clients.max;
  return place;
}

}  // namespace

Control::Control(const Config& config, Threads& threads, Log log)
    : config_(config),
      threads_(threads),
      books_(config.keys),
      watched_(books_.now()),
      exporter_([this] { return TakeSnapshot(); }, std::string(kVersion)),
      lookout_(
          *watched_->directory,
          [this] {
            metrics::Snapshot totals = metrics::TakeTotals(Workers(), *books_.now()->directory);
            AddStore(&totals);
            return totals;
          },
          PlaceOf(config)) {
  if (!config.upstream.has_value()) {
    store::StoreOptions options = StoreOptionsFor(config, std::move(log));
    options.edge = [this] { return SumEdges(); };
    store_ = std::make_unique<store::Store>(std::move(options));
  }
  if (config.near.memory > 0) near_ = std::make_unique<NearShared>();
}

Control::~Control() = default;

metrics::WorkerMetrics& Control::AddWorker() {
  // Held until the worker has followed: a reload and a Tick() may let go of a book that nobody has
  // joined yet.
  const std::shared_ptr<metrics::KeyBook> book = books_.now();
  auto metrics = std::make_unique<metrics::WorkerMetrics>(*book->directory);
  metrics::WorkerMetrics& added = *metrics;
  {
    const std::lock_guard lock(adding_);
    workers_.push_back(std::move(metrics));
  }
  books_.Follow(added.keys);  // there may be another book since
  return added;
}

size_t Control::worker_count() const {
  const std::lock_guard lock(adding_);
  return workers_.size();
}

store::EdgeTotals Control::SumEdges() const {
  store::EdgeTotals sum;
  for (const metrics::WorkerMetrics* one : Workers()) {
    sum.bytes_in += one->counters.client_bytes_in.Load();
    sum.bytes_out += one->counters.client_bytes_out.Load();
    sum.refused += one->counters.clients_refused.Load();
  }
  return sum;
}

std::vector<const metrics::WorkerMetrics*> Control::Workers() const {
  std::vector<const metrics::WorkerMetrics*> all;
  const std::lock_guard lock(adding_);
  for (const auto& one : workers_) all.push_back(one.get());
  return all;
}

void Control::AddStore(metrics::Snapshot* snapshot) const {
  if (store_ == nullptr) return;
  const store::Store::Usage usage = store_->usage();
  snapshot->store = {usage.memory, usage.limit, usage.evicted, usage.expired};
  const store::Store::SnapshotStatus snapshots = store_->snapshot_status();
  constexpr double kMillis = 1000;
  snapshot->store.last_saved_seconds = static_cast<double>(snapshots.last_saved) / kMillis;
  snapshot->store.last_save_took_seconds = static_cast<double>(snapshots.last_took) / kMillis;
  snapshot->store.saves = snapshots.saved;
  snapshot->store.failed_saves = snapshots.failed;
}

metrics::Snapshot Control::TakeSnapshot() {
  const std::shared_ptr<metrics::KeyBook> book = books_.now();
  metrics::Snapshot snapshot = metrics::Take(Workers(), *book->directory);
  book->Date(&snapshot);
  AddStore(&snapshot);
  return snapshot;
}

void Control::MakeReport(const HttpReport& what, Done done) {
  using Kind = HttpReport::Kind;
  if (what.kind == Kind::kPurge) return Purge(what.purge, std::move(done));
  if (what.kind == Kind::kKey) return TellOfKey(what, std::move(done));
  if (what.kind == Kind::kClients) return ListClients(what, std::move(done));
  if (what.kind == Kind::kNextEvent) {
    if (streams_end_) return;
    readers_.push_back(std::move(done));
    readers_count_ = readers_.size();
    if (readers_.size() == 1 && config_.upstream.has_value()) Look([] {});
    return;
  }
  auto answer = [this, what, done = std::move(done)]() mutable {
    Answer(what, std::move(done), Report(what));
  };
  const bool of_nodes = what.kind == Kind::kOverview || what.kind == Kind::kEvent;
  of_nodes ? Look(std::move(answer)) : threads_.OnScraper(std::move(answer));
}

// Calls f on the scraper's thread, when it knows what worker 0 has to say of the nodes.
void Control::Look(std::function<void()> then) {
  if (!config_.upstream.has_value()) return threads_.OnScraper(std::move(then));
  threads_.OnWorker(0, [this, then = std::move(then)](WorkerState& worker) mutable {
    threads_.OnScraper([this, nodes = worker.links.Nodes(), then = std::move(then)]() mutable {
      lookout_.set_nodes(std::move(nodes));
      then();
    });
  });
}

// On the scraper's thread. `done` goes along: what it holds is worker 0's.
void Control::Answer(const HttpReport& what, Done done, std::string text) {
  if (what.gzip) text = Gzip(text);
  threads_.OnWorker(0, [done = std::move(done), text = std::move(text)](WorkerState&) mutable {
    done(std::move(text));
  });
}

void Control::TellReaders() {
  threads_.OnWorker(0, [this, text = lookout_.EventText()](WorkerState&) {
    readers_count_ = 0;
    for (const Done& done : std::exchange(readers_, {})) done(text);
  });
}

void Control::EndStreams() {
  streams_end_ = true;
  readers_count_ = 0;
  readers_.clear();
}

std::string Control::Report(const HttpReport& what) {
  using Kind = HttpReport::Kind;
  switch (what.kind) {
    case Kind::kMetrics:
      return MetricsText();
    case Kind::kOpenMetrics:
      return exporter_.Render(metrics::Exporter::Format::kOpenMetrics);
    case Kind::kPage:
      return std::string(page::Html());
    case Kind::kKeys:
      return lookout_.KeysText(books_.Table(std::chrono::steady_clock::now()), what.keys);
    case Kind::kOverview:
      return lookout_.OverviewText();
    case Kind::kEvent:
      return lookout_.EventText();
    case Kind::kHistory:
      return lookout_.HistoryText(what.history);
    case Kind::kReload:
      return ReloadText();
    case Kind::kSlow:
    case Kind::kKey:        // see TellOfKey()
    case Kind::kClients:    // see ListClients()
    case Kind::kNextEvent:  // see TellReaders()
    case Kind::kPurge:      // see Purge()
      break;
  }
  return SlowReport();
}

// Each worker is asked for what it knows of the key; the rest the scraper knows.
void Control::TellOfKey(const HttpReport& what, Done done) {
  struct Told {
    std::atomic<size_t> workers;
    std::vector<std::optional<KeyFate>> fates;
    std::atomic<bool> near_cached{false};
    Done done;
  };
  auto told = std::make_shared<Told>();
  const size_t workers = worker_count();
  told->workers = workers;
  told->fates.resize(workers);
  told->done = std::move(done);
  for (size_t i = 0; i < workers; ++i) {
    threads_.OnWorker(i, [this, i, what, told](WorkerState& worker) {
      told->fates[i] = worker.journal.Find(what.key, worker.initial_state.db);
      if (worker.near != nullptr && worker.near->Has(what.key)) told->near_cached = true;
      if (--told->workers > 0) return;
      KeyReport report;
      report.name = what.key;
      if (config_.upstream.has_value()) report.place = worker.links.PlaceOf(what.key);
      if (store_ != nullptr) {
        report.evicted_at = store_->EvictedAt(what.key, worker.initial_state.db).value_or(0);
      }
      if (near_ != nullptr) report.near_cached = told->near_cached.load();
      for (auto& fate : told->fates) {
        if (fate && (!report.fate || fate->at > report.fate->at)) report.fate = std::move(fate);
      }
      threads_.OnScraper(
          [this, what, report = std::move(report), done = std::move(told->done)]() mutable {
            Answer(what, std::move(done), KeyText(std::move(report)));
          });
    });
  }
}

// Its name may be as it is, or as reports show it.
std::string Control::KeyText(KeyReport report) {
  const std::string label = watched_->directory->LabelOf(report.name);
  const metrics::KeyTable table = books_.Table(std::chrono::steady_clock::now());
  for (const auto* keys : {&table.patterns, &table.keys}) {
    for (const metrics::KeyCounts& one : *keys) {
      if (one.label == label || one.label == report.name) report.counts = &one;
    }
  }
  report.embedded = store_ != nullptr;
  report.now = UnixNow();
  report.seen_since = lookout_.started();
  return KeyJson(report, lookout_.keys());
}

// Each worker lists its own, so that nothing is read while it changes.
void Control::ListClients(const HttpReport& what, Done done) {
  struct Listed {
    std::atomic<size_t> workers;
    std::vector<std::vector<ClientInfo>> clients;
    std::atomic<size_t> total{0};
    Done done;
  };
  auto listed = std::make_shared<Listed>();
  const size_t workers = worker_count();
  listed->workers = workers;
  listed->clients.resize(workers);
  listed->done = std::move(done);
  for (size_t i = 0; i < workers; ++i) {
    threads_.OnWorker(i, [this, i, what, listed](WorkerState& worker) {
      std::vector<ClientInfo>& mine = listed->clients[i];
      listed->total += worker.list_clients(kMostClients, &mine);
      for (ClientInfo& client : mine) client.worker = static_cast<int>(i);
      if (--listed->workers > 0) return;
      threads_.OnScraper([this, what, clients = std::move(listed->clients),
                          total = listed->total.load(), done = std::move(listed->done)]() mutable {
        std::vector<ClientInfo> all;
        for (auto& part : clients) {
          all.insert(all.end(), std::make_move_iterator(part.begin()),
                     std::make_move_iterator(part.end()));
        }
        Answer(what, std::move(done), ClientsJson(std::move(all), total, what.clients));
      });
    });
  }
}

void Control::set_reload(std::function<ReloadReport()> reload) {
  threads_.OnScraper([this, reload = std::move(reload)]() mutable { reload_ = std::move(reload); });
}

std::string Control::ReloadText() {
  ReloadReport report;
  report.problem = "its options are given by the program that it is a part of";
  if (reload_) report = reload_();
  return ReloadJson(report.problem.value_or(""), report.lines);
}

std::string Control::SlowReport() {
  std::vector<metrics::TopEntry> big;
  std::vector<metrics::TopEntry> slow;
  for (const metrics::WorkerMetrics* worker : Workers()) {
    worker->big_values.AddTo(&big);
    worker->slow_commands.AddTo(&slow);
  }
  return SlowJson(std::move(big), std::move(slow), std::chrono::steady_clock::now());
}

// Each worker drops what it has; the last one to do so says how much that was in all.
void Control::Purge(const PurgeQuery& query, Done done) {
  struct Purged {
    std::atomic<size_t> workers;
    std::atomic<size_t> entries{0};
    Done done;
  };
  auto purged = std::make_shared<Purged>();
  const size_t workers = worker_count();
  purged->workers = workers;
  purged->done = std::move(done);
  for (size_t i = 0; i < workers; ++i) {
    threads_.OnWorker(i, [this, purged, query](WorkerState& worker) {
      if (NearCache* const near = worker.near.get()) {
        purged->entries +=
            query.is_key ? near->PurgeKey(query.text) : near->PurgePrefix(query.text);
      }
      if (--purged->workers > 0) return;
      // `done` goes along: what it holds is worker 0's, whichever thread lets go of `purged` last.
      threads_.OnWorker(0, [done = std::move(purged->done), entries = purged->entries.load()](
                               WorkerState&) { done(PurgeJson(entries)); });
    });
  }
}

void Control::Configure(const Config& before, const Config& after) {
  if (store_ == nullptr) return;
  store_->Configure(StoreOptionsFor(before, {}), StoreOptionsFor(after, {}));
}

void Control::Reload(const Config& next) {
  lookout_.set_place(PlaceOf(next));
  if (!books_.Change(next.keys)) return;
  watched_ = books_.now();
  lookout_.Watch(*watched_->directory);
  for (size_t i = 0, workers = worker_count(); i < workers; ++i) {
    threads_.OnWorker(i, [this](WorkerState& worker) {
      books_.Follow(worker.metrics.keys);
      Clear(worker.metrics.big_values, worker.metrics.keys);
      Clear(worker.metrics.slow_commands, worker.metrics.keys);
    });
  }
}

void Control::Tick() {
  const double unix_now = UnixNow();
  const auto now = std::chrono::steady_clock::now();
  books_.Tick(now, unix_now);
  if (lookout_.Tick(now, unix_now) && readers_count_ > 0) TellReaders();
}

}  // namespace keyhole::core
