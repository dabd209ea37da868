// INFO of the embedded store: every section and field of Redis, and the counts it shows are true.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "tests/conformance/script/script.h"
#include "tests/conformance/script/servers.h"

namespace keyhole::test {
namespace {

using testing::HasSubstr;
using Fields = std::map<std::string, std::string>;

std::string Ask(Peer& peer, const std::vector<std::string>& args) {
  ScriptLine line;
  line.args = args;
  peer.Send({&line});
  return peer.Read();
}

// By section.
std::map<std::string, Fields> InfoOf(Peer& peer, const std::string& section) {
  std::istringstream text(Ask(peer, {"INFO", section}));
  std::map<std::string, Fields> sections;
  std::string current;
  std::string line;
  std::getline(text, line);  // the head of the bulk string
  while (std::getline(text, line)) {
    if (!line.empty() && line.back() == '\r') line.pop_back();
    if (line.starts_with("# ")) {
      current = line.substr(2);
      sections[current];
    } else if (const size_t colon = line.find(':'); colon != std::string::npos) {
      sections[current][line.substr(0, colon)] = line.substr(colon + 1);
    }
  }
  return sections;
}

std::set<std::string> NamesOf(const Fields& fields) {
  std::set<std::string> names;
  for (const auto& [name, value] : fields) names.insert(name);
  return names;
}

class InfoTest : public testing::Test {
 protected:
  EmbeddedStore store_;
  std::unique_ptr<Peer> client_ = store_.Connect();
};

TEST_F(InfoTest, HasEverySectionAndFieldOfRedis) {
  RealRedis redis;
  const std::unique_ptr<Peer> other = redis.Connect();
  for (Peer* const peer : {client_.get(), other.get()}) {
    Ask(*peer, {"CONFIG", "SET", "latency-tracking", "yes"});
    Ask(*peer, {"CONFIG", "RESETSTAT"});
    Ask(*peer, {"SET", "k", "v"});
    Ask(*peer, {"SET", "expires", "v", "EX", "100"});
    Ask(*peer, {"INCR", "k"});
    Ask(*peer, {"GET"});
  }
  for (const std::string which : {"everything", "all", "default", "stats", "nosuch"}) {
    auto expected = InfoOf(*other, which);
    auto found = InfoOf(*client_, which);
    for (auto& [section, fields] : found) fields.erase("keyhole_version");
    for (const auto& [section, fields] : expected) {
      EXPECT_EQ(NamesOf(found[section]), NamesOf(fields)) << which << " " << section;
    }
    EXPECT_EQ(found.size(), expected.size()) << which;
  }
}

// What three tools read of it.
TEST_F(InfoTest, ToolsFindTheirFields) {
  const std::map<std::string, std::vector<std::string>> fields = {{"redis_exporter",
                                                                   {"redis_version",
                                                                    "redis_build_id",
                                                                    "redis_mode",
                                                                    "os",
                                                                    "role",
                                                                    "process_id",
                                                                    "run_id",
                                                                    "tcp_port",
                                                                    "uptime_in_seconds",
                                                                    "connected_clients",
                                                                    "blocked_clients",
                                                                    "maxclients",
                                                                    "tracking_clients",
                                                                    "clients_in_timeout_table",
                                                                    "used_memory",
                                                                    "used_memory_rss",
                                                                    "used_memory_peak",
                                                                    "used_memory_lua",
                                                                    "used_memory_overhead",
                                                                    "used_memory_startup",
                                                                    "used_memory_dataset",
                                                                    "used_memory_scripts",
                                                                    "number_of_cached_scripts",
                                                                    "maxmemory",
                                                                    "maxmemory_policy",
                                                                    "mem_fragmentation_ratio",
                                                                    "mem_fragmentation_bytes",
                                                                    "mem_clients_normal",
                                                                    "mem_clients_slaves",
                                                                    "allocator_active",
                                                                    "allocator_allocated",
                                                                    "allocator_resident",
                                                                    "allocator_frag_ratio",
                                                                    "allocator_rss_bytes",
                                                                    "lazyfreed_objects",
                                                                    "active_defrag_running",
                                                                    "loading",
                                                                    "rdb_changes_since_last_save",
                                                                    "rdb_bgsave_in_progress",
                                                                    "rdb_last_save_time",
                                                                    "rdb_last_bgsave_status",
                                                                    "rdb_last_bgsave_time_sec",
                                                                    "rdb_last_cow_size",
                                                                    "aof_enabled",
                                                                    "aof_rewrite_in_progress",
                                                                    "aof_last_rewrite_time_sec",
                                                                    "aof_last_bgrewrite_status",
                                                                    "aof_last_write_status",
                                                                    "total_connections_received",
                                                                    "total_commands_processed",
                                                                    "instantaneous_ops_per_sec",
                                                                    "total_net_input_bytes",
                                                                    "total_net_output_bytes",
                                                                    "rejected_connections",
                                                                    "sync_full",
                                                                    "sync_partial_ok",
                                                                    "expired_keys",
                                                                    "expired_stale_perc",
                                                                    "evicted_keys",
                                                                    "keyspace_hits",
                                                                    "keyspace_misses",
                                                                    "pubsub_channels",
                                                                    "pubsub_patterns",
                                                                    "latest_fork_usec",
                                                                    "slave_expires_tracked_keys",
                                                                    "active_defrag_hits",
                                                                    "tracking_total_keys",
                                                                    "tracking_total_items",
                                                                    "tracking_total_prefixes",
                                                                    "total_error_replies",
                                                                    "dump_payload_sanitizations",
                                                                    "total_reads_processed",
                                                                    "total_writes_processed",
                                                                    "connected_slaves",
                                                                    "master_replid",
                                                                    "master_repl_offset",
                                                                    "repl_backlog_active",
                                                                    "repl_backlog_size",
                                                                    "second_repl_offset",
                                                                    "used_cpu_sys",
                                                                    "used_cpu_user",
                                                                    "used_cpu_sys_children",
                                                                    "used_cpu_user_main_thread",
                                                                    "cluster_enabled",
                                                                    "db0"}},
                                                                  {"Datadog",
                                                                   {"aof_last_rewrite_time_sec",
                                                                    "aof_rewrite_in_progress",
                                                                    "blocked_clients",
                                                                    "connected_clients",
                                                                    "connected_slaves",
                                                                    "evicted_keys",
                                                                    "expired_keys",
                                                                    "instantaneous_ops_per_sec",
                                                                    "instantaneous_input_kbps",
                                                                    "instantaneous_output_kbps",
                                                                    "keyspace_hits",
                                                                    "keyspace_misses",
                                                                    "latest_fork_usec",
                                                                    "maxmemory",
                                                                    "mem_fragmentation_ratio",
                                                                    "pubsub_channels",
                                                                    "pubsub_patterns",
                                                                    "rdb_bgsave_in_progress",
                                                                    "rdb_changes_since_last_save",
                                                                    "rdb_last_bgsave_time_sec",
                                                                    "rejected_connections",
                                                                    "total_commands_processed",
                                                                    "total_connections_received",
                                                                    "uptime_in_seconds",
                                                                    "used_cpu_sys",
                                                                    "used_cpu_sys_children",
                                                                    "used_cpu_user",
                                                                    "used_cpu_user_children",
                                                                    "used_memory",
                                                                    "used_memory_lua",
                                                                    "used_memory_overhead",
                                                                    "used_memory_peak",
                                                                    "used_memory_rss",
                                                                    "used_memory_startup",
                                                                    "repl_backlog_histlen",
                                                                    "role",
                                                                    "db0"}},
                                                                  {"RedisInsight",
                                                                   {"redis_version",
                                                                    "redis_mode",
                                                                    "os",
                                                                    "arch_bits",
                                                                    "uptime_in_days",
                                                                    "uptime_in_seconds",
                                                                    "role",
                                                                    "connected_clients",
                                                                    "used_memory",
                                                                    "used_memory_human",
                                                                    "used_memory_peak_human",
                                                                    "maxmemory_policy",
                                                                    "total_system_memory",
                                                                    "instantaneous_ops_per_sec",
                                                                    "instantaneous_input_kbps",
                                                                    "instantaneous_output_kbps",
                                                                    "keyspace_hits",
                                                                    "keyspace_misses",
                                                                    "used_cpu_sys",
                                                                    "used_cpu_user",
                                                                    "total_connections_received",
                                                                    "total_commands_processed",
                                                                    "connected_slaves",
                                                                    "db0"}}};
  Ask(*client_, {"SET", "k", "v"});
  Fields all;
  for (const auto& [section, found] : InfoOf(*client_, "everything")) {
    all.insert(found.begin(), found.end());
  }
  for (const auto& [tool, names] : fields) {
    for (const std::string& name : names) EXPECT_TRUE(all.contains(name)) << tool << " " << name;
  }
}

// id=3 addr=127.0.0.1:5000 ...: what stands before the signs, of the first client.
std::vector<std::string> FieldsOfClient(const std::string& reply) {
  std::istringstream text(reply);
  std::string line;
  std::getline(text, line);  // the head of the bulk string
  std::getline(text, line);
  std::istringstream fields(line);
  std::vector<std::string> names;
  for (std::string field; fields >> field;) names.push_back(field.substr(0, field.find('=')));
  return names;
}

TEST_F(InfoTest, AClientHasEveryFieldOfRedis) {
  RealRedis redis;
  const std::unique_ptr<Peer> other = redis.Connect();
  for (const std::string which : {"INFO", "LIST"}) {
    const std::vector<std::string> expected = FieldsOfClient(Ask(*other, {"CLIENT", which}));
    EXPECT_GT(expected.size(), 20U);
    EXPECT_EQ(FieldsOfClient(Ask(*client_, {"CLIENT", which})), expected) << which;
  }
}

TEST_F(InfoTest, CallsAreCountedExactly) {
  const std::unique_ptr<Peer> other = store_.Connect();
  for (int i = 0; i < 7; ++i) Ask(*client_, {"GET", "k"});
  for (int i = 0; i < 3; ++i) {
    Ask(*other, {"GET", "k"});
    Ask(*other, {"SET", "k", "v"});
  }
  Ask(*client_, {"GET"});
  Ask(*client_, {"HGET", "k", "f"});
  Ask(*client_, {"NOSUCH"});
  for (const std::string word : {"MULTI", "GET", "EXEC"}) {
    Ask(*client_,
        word == "GET" ? std::vector<std::string>{word, "k"} : std::vector<std::string>{word});
  }
  auto info = InfoOf(*client_, "everything");
  EXPECT_THAT(info["Commandstats"]["cmdstat_get"],
              HasSubstr("calls=11,usec=0,usec_per_call=0.00,rejected_calls=1,failed_calls=0"));
  EXPECT_THAT(info["Commandstats"]["cmdstat_set"], HasSubstr("calls=3,"));
  EXPECT_THAT(info["Commandstats"]["cmdstat_hget"], HasSubstr("calls=1,"));
  EXPECT_THAT(info["Commandstats"]["cmdstat_hget"], HasSubstr("failed_calls=1"));
  EXPECT_EQ(info["Errorstats"]["errorstat_ERR"], "count=2");
  EXPECT_EQ(info["Errorstats"]["errorstat_WRONGTYPE"], "count=1");
  // With MULTI and EXEC.
  EXPECT_EQ(info["Stats"]["total_commands_processed"], "17");
  EXPECT_EQ(info["Stats"]["total_error_replies"], "3");
  Ask(*client_, {"CONFIG", "RESETSTAT"});
  info = InfoOf(*client_, "commandstats");
  EXPECT_EQ(info["Commandstats"].size(), 1U) << "CONFIG RESETSTAT itself";
}

TEST_F(InfoTest, WithLatencyTrackingCommandsAreTimed) {
  Ask(*client_, {"CONFIG", "SET", "latency-tracking", "yes"});
  Ask(*client_, {"CONFIG", "SET", "latency-tracking-info-percentiles", "50 99.90"});
  for (int i = 0; i < 100; ++i) Ask(*client_, {"SET", "k", std::string(100'000, 'x')});
  const auto info = InfoOf(*client_, "all");
  EXPECT_THAT(info.at("Latencystats").at("latency_percentiles_usec_set"),
              testing::MatchesRegex("p50=[0-9.]+,p99.9=[0-9.]+"));
  EXPECT_THAT(info.at("Commandstats").at("cmdstat_set"), testing::Not(HasSubstr("usec=0,")));
  EXPECT_THAT(Ask(*client_, {"LATENCY", "HISTOGRAM", "set"}), HasSubstr("histogram_usec"));
}

}  // namespace
}  // namespace keyhole::test
