// INFO: every section and field of Redis 7.0.15. What the store has not (files, replicas, a
// cluster) is told as it is in a Redis that does not use it.
#include <algorithm>

#include "proxy/store/commands/handlers.h"
#include "proxy/store/commands/replies.h"
#include "proxy/store/commands/report.h"
#include "proxy/store/process.h"
#include "proxy/store/setting_forms.h"

namespace keyhole::store {

namespace {

constexpr uint64_t kLruClock = (1 << 24) - 1;

void Server(const Call& call, Report* report) {
  const Engine& engine = call.engine;
  const auto seconds = static_cast<uint64_t>(call.now) / 1000;
  const auto uptime = static_cast<uint64_t>(call.now - engine.started()) / 1000;
  report->Field("redis_version", kRedisVersion);
  report->Field("redis_git_sha1", "00000000");
  report->Field("redis_git_dirty", 0);
  report->Field("redis_build_id", "0000000000000000");
  report->Field("redis_mode", "standalone");
  report->Field("keyhole_version", KEYHOLE_VERSION);
  report->Field("os", SystemName());
  report->Field("arch_bits", uint64_t{8} * sizeof(void*));
  report->Field("monotonic_clock", "POSIX clock_gettime");
  report->Field("multiplexing_api", "epoll");
  report->Field("atomicvar_api", "c11-builtin");
  report->Field("gcc_version", __VERSION__);
  report->Field("process_id", ProcessId());
  report->Field("process_supervised", "no");
  report->Field("run_id", engine.run_id());
  report->Field("tcp_port", engine.settings.text(Setting::kPort));
  report->Field("server_time_usec", static_cast<uint64_t>(call.now) * 1000);
  report->Field("uptime_in_seconds", uptime);
  report->Field("uptime_in_days", uptime / 86400);
  report->Field("hz", engine.settings.text(Setting::kHz));
  report->Field("configured_hz", engine.settings.text(Setting::kHz));
  report->Field("lru_clock", seconds & kLruClock);
  report->Field("executable", ProgramPath());
  report->Field("config_file", "");
  report->Field("io_threads_active", 0);
}

void Clients(const Call& call, Report* report) {
  report->Field("connected_clients", call.engine.clients().size());
  report->Field("cluster_connections", 0);
  report->Field("maxclients", call.engine.settings.text(Setting::kMaxclients));
  report->Zeros({"client_recent_max_input_buffer", "client_recent_max_output_buffer"});
  report->Field("blocked_clients", call.engine.waiting.size());
  report->Field("tracking_clients", call.engine.tracking.clients());
  report->Field("clients_in_timeout_table", call.engine.waiting.deadlines());
}

void Cpu(const Call&, Report* report) {
  const CpuTime process = ProcessCpu();
  const CpuTime thread = ThreadCpu();
  report->Field("used_cpu_sys", process.system, 6);
  report->Field("used_cpu_user", process.user, 6);
  report->Field("used_cpu_sys_children", 0, 6);
  report->Field("used_cpu_user_children", 0, 6);
  report->Field("used_cpu_sys_main_thread", thread.system, 6);
  report->Field("used_cpu_user_main_thread", thread.user, 6);
}

void Modules(const Call&, Report*) {}

template <typename F>
void ForEachCalled(const Call& call, F&& f) {
  for (const resp::CommandSpec& spec : resp::AllCommands()) {
    const CommandStats::Counts counts = call.engine.command_stats.counts(spec.id);
    if (counts.calls > 0 || counts.rejected > 0 || counts.failed > 0) f(spec, counts);
  }
}

void Commands(const Call& call, Report* report) {
  ForEachCalled(call, [report](const resp::CommandSpec& spec, const CommandStats::Counts& counts) {
    const double each = counts.calls == 0 ? 0
                                          : static_cast<double>(counts.microseconds) /
                                                static_cast<double>(counts.calls);
    char text[160];
    std::snprintf(text, sizeof(text),
                  "calls=%llu,usec=%llu,usec_per_call=%.2f,rejected_calls=%llu,failed_calls=%llu",
                  static_cast<unsigned long long>(counts.calls),
                  static_cast<unsigned long long>(counts.microseconds), each,
                  static_cast<unsigned long long>(counts.rejected),
                  static_cast<unsigned long long>(counts.failed));
    report->Field(std::string("cmdstat_").append(spec.full_name), std::string_view(text));
  });
}

void Errors(const Call& call, Report* report) {
  for (const auto& [word, count] : call.engine.command_stats.errors()) {
    report->Field("errorstat_" + word, "count=" + std::to_string(count));
  }
}

void Latencies(const Call& call, Report* report) {
  const std::string& setting = call.engine.settings.text(Setting::kLatencyTrackingInfoPercentiles);
  const std::vector<double> percents = PercentilesOf(setting);
  ForEachCalled(call, [&](const resp::CommandSpec& spec, const CommandStats::Counts&) {
    const DurationBuckets* const buckets = call.engine.command_stats.buckets(spec.id);
    if (buckets == nullptr || percents.empty()) return;
    std::string values;
    for (const double percent : percents) {
      char text[80];
      std::snprintf(text, sizeof(text), "%sp%g=%.3f", values.empty() ? "" : ",", percent,
                    static_cast<double>(buckets->Percentile(percent)));
      values += text;
    }
    report->Field(std::string("latency_percentiles_usec_").append(spec.full_name), values);
  });
}

void Cluster(const Call&, Report* report) {
  report->Field("cluster_enabled", 0);
}

void Databases(const Call& call, Report* report) {
  for (int i = 0; i < call.engine.database_count(); ++i) {
    const Keyspace& db = call.engine.database(i);
    if (db.size() == 0) continue;
    report->Field("db" + std::to_string(i), "keys=" + std::to_string(db.size()) +
                                                ",expires=" + std::to_string(db.expiring()) +
                                                ",avg_ttl=" + std::to_string(db.mean_ttl()));
  }
}

struct SectionRow {
  std::string_view title;
  void (*write)(const Call&, Report*);
  bool by_default = true;
};
constexpr SectionRow kSections[] = {{"Server", Server},
                                    {"Clients", Clients},
                                    {"Memory", ReportMemory},
                                    {"Persistence", ReportPersistence},
                                    {"Stats", ReportStats},
                                    {"Replication", ReportReplication},
                                    {"CPU", Cpu},
                                    {"Modules", Modules},
                                    {"Commandstats", Commands, false},
                                    {"Errorstats", Errors},
                                    {"Latencystats", Latencies, false},
                                    {"Cluster", Cluster},
                                    {"Keyspace", Databases}};

bool IsWanted(const Call& call, const SectionRow& section) {
  if (call.args.size() == 1) return section.by_default;
  for (size_t i = 1; i < call.args.size(); ++i) {
    if (call.Is(i, section.title) || call.Is(i, "EVERYTHING") || call.Is(i, "ALL")) return true;
    if (call.Is(i, "DEFAULT") && section.by_default) return true;
  }
  return false;
}

}  // namespace

namespace handlers {

void Info(Call& call) {
  call.engine.GatherCalls();
  Report report;
  for (const SectionRow& section : kSections) {
    if (!IsWanted(call, section)) continue;
    report.Section(section.title);
    section.write(call, &report);
  }
  call.reply.Verbatim(report.text());
}

}  // namespace handlers

}  // namespace keyhole::store
