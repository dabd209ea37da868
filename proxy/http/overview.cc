#include "proxy/http/overview.h"

#include <algorithm>
#include <chrono>

#include "proxy/base/version.h"
#include "proxy/http/json_writer.h"

namespace keyhole::core {
namespace {

using metrics::Curve;
using metrics::NearState;
using Level = Trouble::Level;

constexpr int64_t kHour = 3600;
constexpr uint64_t kNearlyAllFds = 90;  // percent

std::string Count(uint64_t n, std::string_view one, std::string_view many) {
  return std::to_string(n) + " " + std::string(n == 1 ? one : many);
}

std::string Duration(double seconds) {
  const auto s = static_cast<int64_t>(std::max(seconds, 0.0));
  if (s < 120) return std::to_string(s) + " s";
  if (s < 7200) return std::to_string(s / 60) + " min";
  return std::to_string(s / 3600) + " h";
}

uint64_t Grown(uint64_t before, uint64_t now) {
  return now > before ? now - before : 0;
}

// Of a cluster the nodes that are away; what answers is not.
std::string WhoIsAway(const Overview& o) {
  std::string nodes;
  for (const NodeInfo& node : o.nodes) {
    if (node.role != NodeInfo::Role::kMaster || node.state != NodeInfo::State::kAway) continue;
    nodes.append(nodes.empty() ? "" : ", ").append(node.address);
  }
  return nodes.empty() ? o.behind.name : "Of the cluster " + nodes;
}

void AddUpstream(const Overview& o, std::vector<Trouble>* found) {
  if (o.behind.away_since == 0) return;
  std::string text = WhoIsAway(o) + " has been away for " + Duration(o.now - o.behind.away_since);
  const auto waiting = static_cast<uint64_t>(std::max<int64_t>(o.totals.requests_waiting, 0));
  if (waiting > 0) text += "; " + Count(waiting, "request waits", "requests wait");
  found->push_back({Level::kError, std::move(text)});
}

void AddNearCache(const Overview& o, std::vector<Trouble>* found) {
  const auto workers = [&o](NearState state) { return o.totals.near.workers[state]; };
  const auto add = [&](NearState state, std::string_view why) {
    if (workers(state) > 0) {
      found->push_back({Level::kWarning, "The near cache serves nothing: " + std::string(why)});
    }
  };
  add(NearState::kOldServer,
      "this version of Redis tracks keys with errors (6.2.11, 7.0.10 or 7.2 needed)");
  add(NearState::kRefused, "Redis refuses to log in its connection or to track keys");
  add(NearState::kReplica, "--upstream names a replica");
  add(NearState::kCluster, "--upstream names a node of a cluster");
  if (o.behind.away_since == 0) add(NearState::kConnecting, "its connection is being made");
}

void AddStore(const Overview& o, std::vector<Trouble>* found) {
  const metrics::StoreUsage& store = o.totals.store;
  const uint64_t evicted = Grown(o.minute_ago.store.evicted_keys, store.evicted_keys);
  if (evicted > 0) {
    found->push_back(
        {Level::kWarning, "The store is full: " + Count(evicted, "key was", "keys were") +
                              " evicted in the last minute"});
  }
  const bool full = store.memory_limit_bytes > 0 && store.memory_bytes >= store.memory_limit_bytes;
  if (!o.store_evicts && full) {
    found->push_back({Level::kError, "The store is full and evicts nothing: writes are refused"});
  }
}

void AddErrors(const Overview& o, std::vector<Trouble>* found) {
  uint64_t all = 0;
  uint64_t most = 0;
  metrics::ErrorClass worst = metrics::ErrorClass::kErr;
  for (size_t i = 0; i < o.totals.errors.kSize; ++i) {
    const auto c = static_cast<metrics::ErrorClass>(i);
    const uint64_t n = Grown(o.minute_ago.errors[c], o.totals.errors[c]);
    all += n;
    if (n > most) worst = c;
    most = std::max(most, n);
  }
  if (all == 0) return;
  found->push_back({Level::kWarning, Count(all, "error reply", "error replies") +
                                         " in the last minute, most of class " +
                                         std::string(metrics::Name(worst))});
}

void AddClients(const Overview& o, std::vector<Trouble>* found) {
  const uint64_t refused = Grown(o.minute_ago.clients_refused, o.totals.clients_refused);
  if (refused > 0) {
    found->push_back({Level::kError, Count(refused, "client was", "clients were") +
                                         " refused in the last minute"});
  }
  const auto closed = [&](metrics::CloseReason reason) {
    return Grown(o.minute_ago.clients_closed[reason], o.totals.clients_closed[reason]);
  };
  if (const uint64_t n = closed(metrics::CloseReason::kOutputLimit); n > 0) {
    found->push_back({Level::kWarning, Count(n, "client was", "clients were") +
                                           " closed in the last minute for not reading replies"});
  }
  if (const uint64_t n = closed(metrics::CloseReason::kUpstreamLost); n > 0) {
    found->push_back(
        {Level::kWarning,
         Count(n, "client was", "clients were") +
             " closed in the last minute, as the upstream was lost under its requests"});
  }
  const metrics::ProcessInfo& process = o.totals.process;
  if (process.max_fds > 0 && process.open_fds * 100 >= process.max_fds * kNearlyAllFds) {
    found->push_back({Level::kWarning, std::to_string(process.open_fds) + " of " +
                                           std::to_string(process.max_fds) +
                                           " file descriptors are in use"});
  }
}

void WriteErrors(const Overview& o, JsonWriter* json) {
  json->Key("errors").Open('{');
  for (size_t i = 0; i < o.totals.errors.kSize; ++i) {
    const auto c = static_cast<metrics::ErrorClass>(i);
    json->Key(metrics::Name(c)).Open('{');
    json->Key("total").Number(o.totals.errors[c]);
    json->Key("last_minute").Number(Grown(o.minute_ago.errors[c], o.totals.errors[c])).Close('}');
  }
  json->Close('}');
}

void WriteNear(const Overview& o, JsonWriter* json) {
  const metrics::NearCounts& near = o.totals.near;
  json->Key("near_cache").Open('{').Key("on").Bool(near.workers[NearState::kOff] == 0);
  json->Key("workers").Open('{');
  for (size_t i = 0; i < near.workers.kSize; ++i) {
    const auto state = static_cast<NearState>(i);
    if (near.workers[state] > 0) json->Key(metrics::Name(state)).Number(near.workers[state]);
  }
  json->Close('}').Key("saved_ratio").Decimal(near.saved());
  json->Key("bytes").Number(near.bytes).Key("entries").Number(near.entries).Close('}');
}

void WriteNodes(const Overview& o, JsonWriter* json) {
  constexpr std::string_view kRoles[] = {"sole", "master", "replica"};  // layering: not a command
  constexpr std::string_view kStates[] = {"up", "away", "unasked"};
  json->Key("nodes").Open('[');
  for (const NodeInfo& node : o.nodes) {
    json->Open('{').Key("address").String(node.address);
    json->Key("role").String(kRoles[static_cast<size_t>(node.role)]);  // layering: not a command
    json->Key("state").String(kStates[static_cast<size_t>(node.state)]);
    json->Key("slots").Number(node.slots).Key("ranges").String(node.ranges);
    json->Key("latency");  // layering: not a command
    const double latency = std::chrono::duration<double>(node.latency).count();
    latency == 0 ? json->Null() : json->Decimal(latency, 6);
    if (!node.master.empty()) json->Key("replica_of").String(node.master);
    json->Close('}');
  }
  json->Close(']');
}

void WriteNow(const Overview& o, JsonWriter* json) {
  json->Key("now").Open('{');
  for (size_t i = 0; i < static_cast<size_t>(Curve::kCount); ++i) {
    const auto series = static_cast<Curve>(i);
    json->Key(metrics::Name(series));
    json->Decimal(static_cast<double>(o.history.last()[series]), 6);
  }
  json->Close('}');
}

}  // namespace

std::vector<Trouble> TroublesOf(const Overview& overview) {
  std::vector<Trouble> found;
  AddUpstream(overview, &found);
  AddStore(overview, &found);
  AddClients(overview, &found);
  AddErrors(overview, &found);
  AddNearCache(overview, &found);
  std::stable_sort(found.begin(), found.end(),
                   [](const Trouble& a, const Trouble& b) { return a.level < b.level; });
  return found;
}

std::string OverviewJson(const Overview& o) {
  JsonWriter json;
  json.Open('{').Key("time").Decimal(o.now).Key("started").Decimal(  // layering: not a command
      o.started);                                                    // layering: not a command
  json.Key("version").String(kVersion).Key("problems").Open('[');
  for (const Trouble& problem : TroublesOf(o)) {
    json.Open('{').Key("level");
    json.String(problem.level == Level::kError ? "error" : "warning");  // layering: not a command
    json.Key("text").String(problem.text).Close('}');
  }
  json.Close(']').Key("upstream").Open('{');
  json.Key("embedded").Bool(o.behind.embedded).Key("name").String(o.behind.name);
  json.Key("up").Bool(o.behind.away_since == 0).Key("away_seconds");
  json.Decimal(o.behind.away_since == 0 ? 0 : o.now - o.behind.away_since);
  WriteNodes(o, &json);
  json.Close('}');
  // Of the lookups in the last hour, not the mean of its seconds.
  const double hits = o.history.Mean(Curve::kHits, kHour);
  const double misses = o.history.Mean(Curve::kMisses, kHour);
  json.Key("last_hour").Open('{').Key("hit_ratio");
  json.Decimal(hits / (hits + misses), 6).Close('}');
  json.Key("max_clients").Number(o.max_clients);
  json.Key("requests_total").Number([&o] {
    uint64_t sum = 0;
    for (size_t i = 0; i < o.totals.requests.kSize; ++i) {
      sum += o.totals.requests[static_cast<resp::CommandId>(i)];
    }
    return sum;
  }());
  json.Key("hits_total").Number(o.totals.other.hits);
  json.Key("misses_total").Number(o.totals.other.misses);
  WriteErrors(o, &json);
  WriteNear(o, &json);
  const metrics::StoreUsage& store = o.totals.store;
  json.Key("store").Open('{').Key("memory_bytes").Number(store.memory_bytes);
  json.Key("limit_bytes").Number(store.memory_limit_bytes);
  json.Key("evicted_total").Number(store.evicted_keys);
  json.Key("expired_total").Number(store.expired_keys).Close('}');
  WriteNow(o, &json);
  json.Close('}');
  return json.Take();
}

std::string OverviewEvent(const Overview& overview) {
  return "data: " + OverviewJson(overview) + "\n";
}

}  // namespace keyhole::core
