#include "proxy/library/runtime.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "proxy/config/sources.h"
#include "proxy/net/no_signals.h"
#include "proxy/net/upstream_check.h"

namespace keyhole {
namespace {

bool Listens(const core::Config& config) {
  return !config.listen.empty() || config.http.listen || config.http.metrics;
}

}  // namespace

Runtime::Runtime(core::Config config, net::Certificates certificates, core::Log log)
    : log_(std::move(log)),
      in_front_(config.upstream.has_value()),
      callers_(std::max(config.callers, 1)),
      config_(std::move(config)),
      upstream_tls_(certificates.upstream()),
      certificates_(std::move(certificates)),
      server_(config_, certificates_, log_) {
  server_.on_stopped = [this] { OnStopped(); };
}

std::shared_ptr<Runtime> Runtime::Start(core::Config config, const core::Log& log,
                                        const std::vector<int>& sockets, std::string* problem) {
  const net::NoSignals no_signals;
  const core::Log write = log ? log : [](core::LogLevel, const core::LogLine&) {};
  net::Certificates certificates(config);
  if (!certificates.Load(problem)) return nullptr;
  std::optional<net::UpstreamReport> upstream;
  if (config.upstream && Listens(config)) {
    upstream = net::CheckUpstream(config, certificates.upstream());
  }
  if (upstream && upstream->hopeless) {
    *problem = "--upstream: " + upstream->problem;
    return nullptr;
  }
  const auto unprotected = net::ProtectionProblem(config, upstream ? &*upstream : nullptr);
  if (unprotected) {
    *problem = *unprotected;
    return nullptr;
  }
  if (upstream) {
    if (const auto wrong = net::KindProblem(config, *upstream)) {
      *problem = *wrong;
      return nullptr;
    }
  }
  const core::Config described = config;
  const std::vector<std::string> warnings = core::StartWarnings(config);
  std::shared_ptr<Runtime> runtime(new Runtime(std::move(config), std::move(certificates), write));
  if (!runtime->server_.Open(sockets, problem)) return nullptr;
  write(core::LogLevel::kInfo, core::VersionLine() + ": " + runtime->server_.Describe());
  for (const std::string& warning : warnings) write(core::LogLevel::kWarn, warning);
  if (upstream) {
    write(upstream->reachable ? core::LogLevel::kInfo : core::LogLevel::kWarn,
          net::Describe(described, *upstream));
  }
  runtime->report_ = std::move(upstream);
  runtime->server_.Start();
  return runtime;
}

Runtime::~Runtime() {
  RequestStop(config_.shutdown_grace);
  Wait();
  OnStopped();  // also if it has never started
  for (const auto& lane : lanes_) lane->Close();
}

core::Problem Runtime::Reload(const core::Config& wanted, std::vector<std::string>* lines) {
  const std::lock_guard lock(reload_mutex_);
  core::ReloadPlan plan;
  if (auto problem = core::PlanReload(config_, wanted, &plan)) return problem;
  const bool other_files =
      plan.config.tls != config_.tls || plan.config.upstream_tls != config_.upstream_tls;
  net::Certificates certificates(plan.config);
  std::string wrong;
  if (other_files && !certificates.Load(&wrong)) return wrong;
  const net::TlsContext::Pointer upstream_tls =
      other_files ? certificates.upstream() : upstream_tls_;
  std::optional<net::UpstreamReport> report = report_;
  const bool moves = plan.config.upstream != config_.upstream;
  if (moves) report = net::CheckUpstream(plan.config, upstream_tls);
  if (moves && report->hopeless) return "--upstream: " + report->problem;
  if (auto problem = net::ProtectionProblem(plan.config, report ? &*report : nullptr))
    return problem;
  config_ = plan.config;
  report_ = std::move(report);
  upstream_tls_ = upstream_tls;
  server_.Reload(config_, other_files ? std::optional(std::move(certificates)) : std::nullopt);
  TellReload(plan, moves);
  *lines = std::move(plan.changed);
  lines->insert(lines->end(), plan.waiting.begin(), plan.waiting.end());
  return std::nullopt;
}

void Runtime::TellReload(const core::ReloadPlan& plan, bool moves) const {
  const std::string begin(core::kReloadLine);
  for (const std::string& line : plan.changed) log_(core::LogLevel::kInfo, begin + line);
  for (const std::string& line : plan.waiting) log_(core::LogLevel::kWarn, begin + line);
  if (moves) log_(core::LogLevel::kInfo, begin + net::Describe(config_, *report_));
  if (plan.changed.empty() && plan.waiting.empty())
    log_(core::LogLevel::kInfo, begin + "nothing has changed");
}

void Runtime::SetReload(std::function<core::ReloadReport()> reload) {
  server_.control().set_reload(std::move(reload));
}

void Runtime::Wait() {
  server_.Wait();
}

// Those who call are told, before anything goes that they use.
void Runtime::OnStopped() {
  const std::lock_guard lock(lanes_mutex_);
  stopped_ = true;
  for (const auto& lane : lanes_) lane->Shut();
}

// In front of the embedded store there are as many as threads may call at once, made when they are
// wanted, as each counts for itself.
std::shared_ptr<Lane> Runtime::AddLane() {
  if (in_front_) return std::make_shared<Lane>(server_.worker(lanes_.size()));
  const std::lock_guard config(reload_mutex_);
  std::shared_ptr<Lane> lane;
  server_.AddGuest([&](metrics::WorkerMetrics& metrics) -> net::Server::Tell {
    lane = std::make_shared<Lane>(server_.worker(0), config_, metrics, *server_.control().store(),
                                  [this](bool save) { server_.ShutDown(save); });
    return [lane](std::function<void(core::WorkerState&)> f) { lane->Tell(std::move(f)); };
  });
  return lane;
}

std::shared_ptr<Lane> Runtime::NextLane() {
  const std::lock_guard lock(lanes_mutex_);
  const size_t most = in_front_ ? server_.workers() : static_cast<size_t>(callers_);
  if (lanes_.size() < most) {
    lanes_.push_back(AddLane());
    if (stopped_) lanes_.back()->Shut();
  }
  // A new one is taken by the connection that it was made for.
  return lanes_[next_lane_++ % lanes_.size()];
}

std::vector<KeyCount> Runtime::Keys(size_t most) {
  metrics::KeyTable table = server_.control().Keys();
  std::vector<metrics::KeyCounts> all = std::move(table.patterns);
  all.insert(all.end(), table.keys.begin(), table.keys.end());
  const auto end = all.begin() + static_cast<std::ptrdiff_t>(std::min(most, all.size()));
  std::partial_sort(all.begin(), end, all.end(),
                    [](const auto& a, const auto& b) { return a.requests() > b.requests(); });
  std::vector<KeyCount> keys;
  for (auto key = all.begin(); key != end; ++key) {
    keys.push_back({.key = key->label,
                    .hits = key->hits,
                    .misses = key->misses,
                    .errors = key->errors,
                    .bytes = key->bytes,
                    .per_second = key->rate});
  }
  return keys;
}

}  // namespace keyhole
