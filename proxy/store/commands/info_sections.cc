// The long sections of INFO.
#include <algorithm>

#include "proxy/base/machine_memory.h"
#include "proxy/store/commands/report.h"
#include "proxy/store/functions.h"
#include "proxy/store/process.h"

namespace keyhole::store {

namespace {

double Share(uint64_t part, uint64_t whole) {
  return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
}

std::string Percent(uint64_t part, uint64_t whole) {
  char text[32];
  std::snprintf(text, sizeof(text), "%.2f%%", Share(part, whole) * 100);
  return text;
}

uint64_t CountNames(const Call& call, Listening kind) {
  return call.engine.subscriptions.All(kind).size();
}

// What is beyond what the keys take.
void Overheads(uint64_t used, uint64_t resident, Report* report) {
  const uint64_t beyond = resident - std::min(used, resident);
  report->Field("allocator_frag_ratio", Share(resident, used), 2);
  report->Field("allocator_frag_bytes", beyond);
  report->Field("allocator_rss_ratio", 1, 2);
  report->Field("allocator_rss_bytes", 0);
  report->Field("rss_overhead_ratio", 1, 2);
  report->Field("rss_overhead_bytes", 0);
  report->Field("mem_fragmentation_ratio", Share(resident, used), 2);
  report->Field("mem_fragmentation_bytes", beyond);
}

void ReportScripts(const Scripts& scripts, Report* report) {
  const Functions& functions = scripts.functions();
  const uint64_t all = scripts.memory();
  const uint64_t interpreter = all - functions.memory();
  report->Field("used_memory_vm_eval", interpreter);
  report->Field("used_memory_lua", interpreter);
  report->HumanField("used_memory_lua_human", interpreter);
  report->Field("used_memory_scripts_eval", scripts.bytes());
  report->Field("number_of_cached_scripts", scripts.size());
  report->Field("number_of_functions", functions.function_count());
  report->Field("number_of_libraries", functions.libraries().size());
  report->Field("used_memory_vm_functions", functions.memory());
  report->Field("used_memory_vm_total", all);
  report->HumanField("used_memory_vm_total_human", all);
  report->Field("used_memory_functions", functions.bytes());
  report->Field("used_memory_scripts", scripts.bytes() + functions.bytes());
  report->HumanField("used_memory_scripts_human", scripts.bytes() + functions.bytes());
}

}  // namespace

std::string HumanBytes(uint64_t bytes) {
  constexpr char kUnits[] = {'B', 'K', 'M', 'G', 'T', 'P'};
  if (bytes < 1024) return std::to_string(bytes) + "B";
  auto value = static_cast<double>(bytes);
  size_t unit = 0;
  for (; value >= 1024 && unit + 1 < sizeof(kUnits); ++unit) value /= 1024;
  char text[32];
  std::snprintf(text, sizeof(text), "%.2f%c", value, kUnits[unit]);
  return text;
}

// Of the keys: used_memory is what they take, used_memory_rss what the kernel has given for them.
// The process has more (buffers, connections).
void ReportMemory(const Call& call, Report* report) {
  Engine& engine = call.engine;
  const uint64_t used = engine.memory();
  const uint64_t resident = engine.resident();
  const uint64_t peak = engine.peak_memory();
  uint64_t entries = 0;
  for (int i = 0; i < engine.database_count(); ++i) entries += engine.database(i).entry_memory();
  const uint64_t limit = engine.settings.size(Setting::kMaxmemory);
  static const uint64_t machine = core::MachineMemory();
  report->Field("used_memory", used);
  report->HumanField("used_memory_human", used);
  report->Field("used_memory_rss", resident);
  report->HumanField("used_memory_rss_human", resident);
  report->Field("used_memory_peak", peak);
  report->HumanField("used_memory_peak_human", peak);
  report->Field("used_memory_peak_perc", Percent(used, peak));
  report->Field("used_memory_overhead", used - entries);
  report->Field("used_memory_startup", 0);
  report->Field("used_memory_dataset", entries);
  report->Field("used_memory_dataset_perc", Percent(entries, used));
  report->Field("allocator_allocated", used);
  report->Field("allocator_active", resident);
  report->Field("allocator_resident", resident);
  report->Field("total_system_memory", machine);
  report->HumanField("total_system_memory_human", machine);
  ReportScripts(engine.scripts, report);
  report->Field("maxmemory", limit);
  report->HumanField("maxmemory_human", limit);
  report->Field("maxmemory_policy", engine.settings.text(Setting::kMaxmemoryPolicy));
  Overheads(used, resident, report);
  report->Zeros({"mem_not_counted_for_evict", "mem_replication_backlog",
                 "mem_total_replication_buffers", "mem_clients_slaves", "mem_clients_normal",
                 "mem_cluster_links", "mem_aof_buffer"});
  report->Field("mem_allocator", "libc");
  report->Field("active_defrag_running", 0);
  report->Field("lazyfree_pending_objects", engine.pending_objects());
  report->Field("lazyfreed_objects", engine.stats().freed_objects);
}

void ReportPersistence(const Call& call, Report* report) {
  constexpr UnixMillis kSecond = 1000;
  const Snapshot& snapshot = call.engine.snapshot;
  const bool running = snapshot.phase() != Snapshot::Phase::kIdle;
  const auto seconds = [](int64_t millis) { return std::to_string(millis / kSecond); };
  report->Zeros(
      {"loading", "async_loading", "current_cow_peak", "current_cow_size", "current_cow_size_age"});
  report->Field("current_fork_perc", 0, 2);
  report->Zeros({"current_save_keys_processed", "current_save_keys_total"});
  report->Field("rdb_changes_since_last_save", call.engine.changes_since_save());
  report->Field("rdb_bgsave_in_progress", uint64_t{running});
  report->Field("rdb_last_save_time", seconds(call.engine.last_save()));
  report->Field("rdb_last_bgsave_status", snapshot.last_ok() ? "ok" : "err");
  report->Field("rdb_last_bgsave_time_sec",
                snapshot.saved() == 0 ? "-1" : seconds(snapshot.last_took()));
  report->Field("rdb_current_bgsave_time_sec",
                running ? seconds(call.now - snapshot.began()) : "-1");
  report->Field("rdb_saves", snapshot.saved());
  report->Zeros({"rdb_last_cow_size"});
  report->Field("rdb_last_load_keys_expired", snapshot.loaded_expired());
  report->Field("rdb_last_load_keys_loaded", snapshot.loaded_keys());
  report->Zeros({"aof_enabled", "aof_rewrite_in_progress", "aof_rewrite_scheduled"});
  report->Field("aof_last_rewrite_time_sec", "-1");
  report->Field("aof_current_rewrite_time_sec", "-1");
  report->Field("aof_last_bgrewrite_status", "ok");
  report->Zeros({"aof_rewrites", "aof_rewrites_consecutive_failures"});
  report->Field("aof_last_write_status", "ok");
  report->Zeros({"aof_last_cow_size", "module_fork_in_progress", "module_fork_last_cow_size"});
}

void ReportStats(const Call& call, Report* report) {
  Engine& engine = call.engine;
  const Stats stats = engine.stats();
  const uint64_t calls = engine.command_stats.calls();
  constexpr double kKilobyte = 1024;
  report->Field("total_connections_received", stats.connections);
  report->Field("total_commands_processed", calls);
  report->Field("instantaneous_ops_per_sec",
                static_cast<uint64_t>(engine.call_rate.PerSecond(call.now, calls) + 0.5));
  report->Field("total_net_input_bytes", stats.edge.bytes_in);
  report->Field("total_net_output_bytes", stats.edge.bytes_out);
  report->Zeros({"total_net_repl_input_bytes", "total_net_repl_output_bytes"});
  report->Field("instantaneous_input_kbps",
                engine.input_rate.PerSecond(call.now, stats.edge.bytes_in) / kKilobyte, 2);
  report->Field("instantaneous_output_kbps",
                engine.output_rate.PerSecond(call.now, stats.edge.bytes_out) / kKilobyte, 2);
  report->Field("instantaneous_input_repl_kbps", 0, 2);
  report->Field("instantaneous_output_repl_kbps", 0, 2);
  report->Field("rejected_connections", stats.edge.refused);
  report->Zeros({"sync_full", "sync_partial_ok", "sync_partial_err"});
  report->Field("expired_keys", stats.expired);
  report->Field("expired_stale_perc", 0, 2);
  report->Zeros({"expired_time_cap_reached_count", "expire_cycle_cpu_milliseconds"});
  report->Field("evicted_keys", stats.evicted);
  report->Zeros(
      {"evicted_clients", "total_eviction_exceeded_time", "current_eviction_exceeded_time"});
  report->Field("keyspace_hits", stats.clients.hits);
  report->Field("keyspace_misses", stats.clients.misses);
  report->Field("pubsub_channels", CountNames(call, Listening::kChannel));
  report->Field("pubsub_patterns", CountNames(call, Listening::kPattern));
  report->Field("pubsubshard_channels", CountNames(call, Listening::kShard));
  report->Zeros({"latest_fork_usec", "total_forks", "migrate_cached_sockets",
                 "slave_expires_tracked_keys", "active_defrag_hits", "active_defrag_misses",
                 "active_defrag_key_hits", "active_defrag_key_misses", "total_active_defrag_time",
                 "current_active_defrag_time"});
  report->Field("tracking_total_keys", engine.tracking.keys());
  report->Field("tracking_total_items", engine.tracking.items());
  report->Field("tracking_total_prefixes", engine.tracking.prefixes());
  report->Field("unexpected_error_replies", 0);
  report->Field("total_error_replies", engine.command_stats.error_count());
  report->Zeros({"dump_payload_sanitizations", "total_reads_processed", "total_writes_processed",
                 "io_threaded_reads_processed", "io_threaded_writes_processed",
                 "reply_buffer_shrinks", "reply_buffer_expands"});
}

// A master without replicas.
void ReportReplication(const Call& call, Report* report) {
  report->Field("role", "master");  // layering: not a command
  report->Field("connected_slaves", 0);
  report->Field("master_failover_state", "no-failover");
  report->Field("master_replid", call.engine.run_id());
  report->Field("master_replid2", std::string(40, '0'));
  report->Field("master_repl_offset", 0);
  report->Field("second_repl_offset", "-1");
  report->Field("repl_backlog_active", 0);
  report->Field("repl_backlog_size", call.engine.settings.text(Setting::kReplBacklogSize));
  report->Zeros({"repl_backlog_first_byte_offset", "repl_backlog_histlen"});
}

}  // namespace keyhole::store
