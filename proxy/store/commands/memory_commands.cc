// MEMORY: what keys take.
#include <algorithm>
#include <vector>

#include "proxy/store/commands/handlers.h"
#include "proxy/store/commands/replies.h"

namespace keyhole::store::handlers {

// What the key takes here; samples are not needed, as objects know what they weigh.
void MemoryUsage(Call& call) {
  for (size_t i = 3; i < call.args.size(); i += 2) {
    int64_t samples = 0;
    if (!call.Is(i, "SAMPLES") || i + 1 == call.args.size()) {
      return call.reply.Error(kSyntaxError);
    }
    if (!IntegerArgument(call, i + 1, &samples)) return;
    if (samples < 0) return call.reply.Error(kSyntaxError);
  }
  const Entry* const slot = call.Peek(call.args[2]);
  if (slot == nullptr) return call.reply.Null();
  call.reply.Integer(static_cast<int64_t>(call.db().MemoryOf(*slot) + sizeof(Entry)));
}

namespace {

void Number(Call& call, std::string_view name, uint64_t value) {
  call.reply.Bulk(name);
  call.reply.Integer(static_cast<int64_t>(value));
}

void Ratio(Call& call, std::string_view name, double value) {
  call.reply.Bulk(name);
  call.reply.Double(value);
}

double Share(uint64_t part, uint64_t whole) {
  return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
}

// What is told of each database that has keys.
void WriteDatabase(Call& call, int index) {
  const Keyspace& db = call.engine.database(index);
  call.reply.Bulk("db." + std::to_string(index));
  call.reply.Map(2);
  Number(call, "overhead.hashtable.main", db.memory() - db.entry_memory());
  Number(call, "overhead.hashtable.expires", 0);
}

}  // namespace

// Of the keys, as INFO memory.
void MemoryStats(Call& call) {
  Engine& engine = call.engine;
  const uint64_t used = engine.memory();
  const uint64_t resident = engine.resident();
  const uint64_t peak = engine.peak_memory();
  uint64_t entries = 0;
  uint64_t keys = 0;
  std::vector<int> databases;
  for (int i = 0; i < engine.database_count(); ++i) {
    entries += engine.database(i).entry_memory();
    keys += engine.database(i).size();
    if (engine.database(i).size() > 0) databases.push_back(i);
  }
  call.reply.Map(26 + static_cast<int64_t>(databases.size()));
  Number(call, "peak.allocated", peak);
  Number(call, "total.allocated", used);
  for (const std::string_view name :
       {"startup.allocated", "replication.backlog", "clients.slaves", "clients.normal",
        "cluster.links", "aof.buffer", "lua.caches", "functions.caches"}) {
    Number(call, name, 0);
  }
  for (const int index : databases) WriteDatabase(call, index);
  Number(call, "overhead.total", used - entries);
  Number(call, "keys.count", keys);
  Number(call, "keys.bytes-per-key", keys == 0 ? 0 : used / keys);
  Number(call, "dataset.bytes", entries);
  Ratio(call, "dataset.percentage", Share(entries, used) * 100);
  Ratio(call, "peak.percentage", Share(used, peak) * 100);
  Number(call, "allocator.allocated", used);
  Number(call, "allocator.active", resident);
  Number(call, "allocator.resident", resident);
  Ratio(call, "allocator-fragmentation.ratio", Share(resident, used));
  Number(call, "allocator-fragmentation.bytes", resident - std::min(used, resident));
  Ratio(call, "allocator-rss.ratio", 1);
  Number(call, "allocator-rss.bytes", 0);
  Ratio(call, "rss-overhead.ratio", 1);
  Number(call, "rss-overhead.bytes", 0);
  Ratio(call, "fragmentation", Share(resident, used));
  Number(call, "fragmentation.bytes", resident - std::min(used, resident));
}

void MemoryDoctor(Call& call) {
  Engine& engine = call.engine;
  constexpr uint64_t kSmall = 5 << 20;
  const uint64_t used = engine.memory();
  if (used < kSmall) {
    return call.reply.Verbatim("The keys take less than 5 MB: there is nothing to be said yet.\n");
  }
  std::string text;
  if (engine.peak_memory() > used / 2 * 3) {
    text += " * The keys once took more than one and a half times what they take now.\n";
  }
  if (engine.resident() > used / 10 * 14) {
    text += " * The kernel has given more than 1.4 times what the keys take.\n";
  }
  call.reply.Verbatim(text.empty() ? "There is nothing wrong with memory.\n" : text);
}

void MemoryMallocStats(Call& call) {
  call.reply.Bulk("Stats not supported for the current allocator");
}

void MemoryHelp(Call& call) {
  constexpr std::string_view kLines[] = {"DOCTOR",
                                         "    Return memory problems reports.",
                                         "MALLOC-STATS",
                                         "    Accepted; the allocator tells nothing.",
                                         "PURGE",
                                         "    Accepted; there is nothing to be purged.",
                                         "STATS",
                                         "    Return information about the memory usage.",
                                         "USAGE <key> [SAMPLES <count>]",
                                         "    Return memory in bytes used by <key> and its value."};
  Help(call, kLines);
}

void MemoryPurge(Call& call) {
  call.reply.Ok();
}

}  // namespace keyhole::store::handlers
