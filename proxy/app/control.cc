#include "proxy/app/control.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <string_view>
#include <utility>

#include "proxy/base/machine_memory.h"
#include "proxy/base/version.h"
#include "proxy/config/config_values.h"
#include "proxy/http/reports.h"
#include "proxy/near_cache/near_cache.h"

namespace keyhole::core {
namespace {

store::StoreOptions StoreOptionsFor(const Config& config, Log log) {
  store::StoreOptions options;
  options.workers = config.workers;
  options.password = config.requirepass;
  options.max_memory = config.max_memory.Of(MachineMemory());
  options.eviction = config.eviction;
  options.max_clients = config.clients.max;
  options.idle_timeout = config.clients.idle_timeout.count();
  options.output_limit = config.clients.output_limit;
  options.debug_command = config.debug_command;
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

}  // namespace

Control::Control(const Config& config, Threads& threads, Log log)
    : config_(config),
      threads_(threads),
      directory_(config.keys),
      exporter_([this] { return TakeSnapshot(); }, std::string(kVersion)) {
  if (!config.upstream.has_value()) {
    store::StoreOptions options = StoreOptionsFor(config, std::move(log));
    options.edge = [this] { return SumEdges(); };
    store_ = std::make_unique<store::Store>(std::move(options));
  }
  if (config.near.memory > 0) near_ = std::make_unique<NearShared>();
}

Control::~Control() = default;

metrics::WorkerMetrics& Control::AddWorker() {
  return *workers_.emplace_back(std::make_unique<metrics::WorkerMetrics>(directory_));
}

store::EdgeTotals Control::SumEdges() const {
  store::EdgeTotals sum;
  for (const auto& one : workers_) {
    sum.bytes_in += one->counters.client_bytes_in.Load();
    sum.bytes_out += one->counters.client_bytes_out.Load();
    sum.refused += one->counters.clients_refused.Load();
  }
  return sum;
}

metrics::Snapshot Control::TakeSnapshot() {
  std::vector<const metrics::WorkerMetrics*> all;
  for (const auto& one : workers_) all.push_back(one.get());
  metrics::Snapshot snapshot = metrics::Take(all, directory_);
  if (store_ != nullptr) {
    const store::Store::Usage usage = store_->usage();
    snapshot.store = {usage.memory, usage.limit, usage.evicted};
  }
  return snapshot;
}

std::string Control::Describe() const {
  if (store_ == nullptr) return "in front of " + config_.upstream->ToString();
  std::string text = "embedded store: data lives in memory and is gone when this process ends; ";
  const uint64_t limit = store_->usage().limit;
  if (limit == 0) return text + "it may take all the memory there is (--max-memory 0)";
  const uint64_t megabytes = std::max<uint64_t>(limit >> 20, 1);
  text += "up to " + std::to_string(megabytes) + " MiB of keys; beyond that, ";
  if (config_.eviction == store::Eviction::kNone) return text + "writes are refused";
  const std::string_view eviction = kEvictions[static_cast<size_t>(config_.eviction)];
  return text + "the least useful are evicted (" + std::string(eviction) + ")";
}

void Control::MakeReport(const HttpReport& what, Done done) {
  if (what.kind == HttpReport::Kind::kPurge) return Purge(what.purge, std::move(done));
  threads_.OnScraper([this, what, done = std::move(done)]() mutable {
    threads_.OnWorker(0, [done = std::move(done), text = Report(what)](WorkerState&) mutable {
      done(std::move(text));
    });
  });
}

std::string Control::Report(const HttpReport& what) {
  using Kind = HttpReport::Kind;
  switch (what.kind) {
    case Kind::kMetrics:
      return exporter_.Render(metrics::Exporter::Format::kText);
    case Kind::kOpenMetrics:
      return exporter_.Render(metrics::Exporter::Format::kOpenMetrics);
    case Kind::kKeys:
      return KeysJson(tracker_.Table(std::chrono::steady_clock::now()), what.keys);
    case Kind::kSlow:
    case Kind::kPurge:  // see Purge()
      break;
  }
  return SlowReport();
}

std::string Control::SlowReport() {
  std::vector<metrics::TopEntry> big;
  std::vector<metrics::TopEntry> slow;
  for (const auto& worker : workers_) {
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
  purged->workers = workers_.size();
  purged->done = std::move(done);
  for (size_t i = 0; i < workers_.size(); ++i) {
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

void Control::TrackKeys() {
  const auto unix_now = std::chrono::system_clock::now().time_since_epoch();
  tracker_.Tick(std::chrono::steady_clock::now(), std::chrono::duration<double>(unix_now).count());
}

}  // namespace keyhole::core
