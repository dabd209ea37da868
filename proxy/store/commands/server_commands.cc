// The server and its databases: INFO and TIME, DBSIZE, FLUSHDB, SWAPDB. COMMAND, CONFIG, DEBUG,
// MEMORY and SLOWLOG have files of their own. INFO has the fields that tools and client libraries
// read.
#include <algorithm>
#include <cstdio>
#include <ctime>
#include <limits>

#include "proxy/store/commands/handlers.h"
#include "proxy/store/commands/replies.h"
#include "resp/number.h"

namespace keyhole::store::handlers {

namespace {

class Report {
 public:
  void Section(std::string_view name) {
    if (!text_.empty()) text_.append("\r\n");
    text_.append("# ").append(name).append("\r\n");
  }
  void Field(std::string_view name, std::string_view value) {
    text_.append(name).append(":").append(value).append("\r\n");
  }
  void Field(std::string_view name, uint64_t value) {
    Field(name, std::string_view(std::to_string(value)));
  }
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

// 1536 is "1.50K".
std::string Human(uint64_t bytes) {
  constexpr char kUnits[] = {'B', 'K', 'M', 'G', 'T', 'P'};
  if (bytes < 1024) return std::to_string(bytes) + "B";
  auto value = static_cast<double>(bytes);
  size_t unit = 0;
  for (; value >= 1024 && unit + 1 < sizeof(kUnits); ++unit) value /= 1024;
  char text[32];
  std::snprintf(text, sizeof(text), "%.2f%c", value, kUnits[unit]);
  return text;
}

void Server(const Call& call, Report* report) {
  const auto uptime = static_cast<uint64_t>(call.now - call.engine.started()) / 1000;
  report->Field("redis_version", kRedisVersion);
  report->Field("keyhole_version", KEYHOLE_VERSION);
  report->Field("redis_mode", "standalone");
  report->Field("arch_bits", uint64_t{8} * sizeof(void*));
  report->Field("tcp_port", call.engine.settings.text(Setting::kPort));
  report->Field("server_time_usec", static_cast<uint64_t>(call.now) * 1000);
  report->Field("uptime_in_seconds", uptime);
  report->Field("uptime_in_days", uptime / 86400);
}

void Clients(const Call& call, Report* report) {
  report->Field("connected_clients", call.engine.clients().size());
  report->Field("maxclients", call.engine.settings.text(Setting::kMaxclients));
  report->Field("blocked_clients", call.engine.waiting.size());
}

// What the keys take, of which used_memory_rss is what the kernel has given; the process has more.
void Memory(const Call& call, Report* report) {
  const uint64_t used = call.engine.memory();
  const uint64_t limit = call.engine.settings.size(Setting::kMaxmemory);
  report->Field("used_memory", used);
  report->Field("used_memory_human", Human(used));
  report->Field("used_memory_rss", call.engine.resident());
  report->Field("used_memory_dataset", used);
  report->Field("maxmemory", limit);
  report->Field("maxmemory_human", Human(limit));
  report->Field("maxmemory_policy", call.engine.settings.text(Setting::kMaxmemoryPolicy));
  report->Field("lazyfree_pending_objects", call.engine.pending_objects());
  report->Field("lazyfreed_objects", call.engine.stats().freed_objects);
}

void Persistence(const Call&, Report* report) {
  report->Field("loading", 0);
  report->Field("rdb_bgsave_in_progress", 0);
  report->Field("aof_enabled", 0);
}

uint64_t CountNames(const Call& call, Listening kind) {
  return call.engine.subscriptions.All(kind).size();
}

void Statistics(const Call& call, Report* report) {
  const Stats stats = call.engine.stats();
  report->Field("total_connections_received", stats.connections);
  report->Field("total_commands_processed", stats.clients.commands);
  report->Field("expired_keys", stats.expired);
  report->Field("evicted_keys", stats.evicted);
  report->Field("keyspace_hits", stats.clients.hits);
  report->Field("keyspace_misses", stats.clients.misses);
  report->Field("pubsub_channels", CountNames(call, Listening::kChannel));
  report->Field("pubsub_patterns", CountNames(call, Listening::kPattern));
  report->Field("pubsubshard_channels", CountNames(call, Listening::kShard));
  report->Field("total_error_replies", stats.clients.errors);
}

void Replication(const Call&, Report* report) {
  report->Field("role", "master");  // layering: not a command
  report->Field("connected_slaves", 0);
  report->Field("master_repl_offset", 0);
}

// Of the whole process, system time included: the standard library does not tell them apart.
void Cpu(const Call&, Report* report) {
  char text[40];
  std::snprintf(text, sizeof(text), "%.6f", static_cast<double>(std::clock()) / CLOCKS_PER_SEC);
  report->Field("used_cpu_user", text);
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
};
constexpr SectionRow kSections[] = {{"Server", Server},     {"Clients", Clients},
                                    {"Memory", Memory},     {"Persistence", Persistence},
                                    {"Stats", Statistics},  {"Replication", Replication},
                                    {"CPU", Cpu},           {"Cluster", Cluster},
                                    {"Keyspace", Databases}};

bool Wanted(const Call& call, std::string_view section) {
  if (call.args.size() == 1) return true;
  for (size_t i = 1; i < call.args.size(); ++i) {
    if (call.Is(i, section) || call.Is(i, "ALL") || call.Is(i, "DEFAULT") ||
        call.Is(i, "EVERYTHING")) {
      return true;
    }
  }
  return false;
}

}  // namespace

void Info(Call& call) {
  Report report;
  for (const SectionRow& section : kSections) {
    if (!Wanted(call, section.title)) continue;
    report.Section(section.title);
    section.write(call, &report);
  }
  call.reply.Verbatim(report.text());
}

void Time(Call& call) {
  call.reply.Array(2);
  call.reply.Bulk(std::to_string(call.now / 1000));
  call.reply.Bulk(std::to_string(call.now % 1000 * 1000));
}

namespace {

// ASYNC and SYNC are the same here. False if the options are wrong; then that is the reply.
bool ParseFlushOptions(Call& call) {
  if (call.args.size() == 1) return true;
  if (call.args.size() == 2 && (call.Is(1, "ASYNC") || call.Is(1, "SYNC"))) return true;
  call.reply.Error(kSyntaxError);
  return false;
}

// SWAPDB's way of reading a database: what is no 32-bit number has an error of its own.
bool ParseIndex(Call& call, size_t arg, std::string_view error, int64_t* index) {
  constexpr int64_t kMax = std::numeric_limits<int32_t>::max();
  if (resp::ParseInteger(call.args[arg], index) && *index >= -kMax - 1 && *index <= kMax) {
    return true;
  }
  call.reply.Error(error);
  return false;
}

}  // namespace

void Dbsize(Call& call) {
  call.reply.Integer(static_cast<int64_t>(call.db().size()));
}

void Flushdb(Call& call) {
  if (!ParseFlushOptions(call)) return;
  call.db().Clear();
  call.reply.Ok();
}

void Flushall(Call& call) {
  if (!ParseFlushOptions(call)) return;
  for (int i = 0; i < call.engine.database_count(); ++i) call.engine.database(i).Clear();
  call.reply.Ok();
}

void Swapdb(Call& call) {
  int64_t first = 0;
  int64_t second = 0;
  if (!ParseIndex(call, 1, "ERR invalid first DB index", &first)) return;
  if (!ParseIndex(call, 2, "ERR invalid second DB index", &second)) return;
  const int64_t count = call.engine.database_count();
  if (first < 0 || first >= count || second < 0 || second >= count) {
    return call.reply.Error(kNoDatabase);
  }
  if (first != second) {
    call.engine.database(static_cast<int>(first))
        .Swap(call.engine.database(static_cast<int>(second)));
  }
  call.reply.Ok();
}

}  // namespace keyhole::store::handlers
