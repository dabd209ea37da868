#include "proxy/http/clients_report.h"

#include <algorithm>
#include <chrono>

#include "proxy/http/json_writer.h"
#include "proxy/http/query.h"

namespace keyhole::core {
namespace {

const std::vector<std::string_view> kSorts = {"output", "in_flight", "idle", "address"};

bool Before(const ClientInfo& a, const ClientInfo& b, ClientSort sort) {
  switch (sort) {
    case ClientSort::kOutput:
      if (a.output_bytes != b.output_bytes) return a.output_bytes > b.output_bytes;
      break;
    case ClientSort::kInFlight:
      if (a.in_flight != b.in_flight) return a.in_flight > b.in_flight;
      break;
    case ClientSort::kIdle:
      if (a.idle != b.idle) return a.idle > b.idle;
      break;
    case ClientSort::kAddress:
      break;
  }
  return a.address < b.address;
}

double Seconds(std::chrono::milliseconds time) {
  return std::chrono::duration<double>(time).count();
}

}  // namespace

std::optional<std::string> ParseClientsQuery(std::string_view text, ClientsQuery* out) {
  Query query;
  if (auto problem = query.Read(text, {"limit", "sort"}))  // layering: not a command
    return problem;                                        // layering: not a command
  size_t sort = static_cast<size_t>(out->sort);
  if (auto problem = query.ReadWord("sort", kSorts, &sort))  // layering: not a command
    return problem;                                          // layering: not a command
  out->sort = static_cast<ClientSort>(sort);
  return query.ReadNumber("limit", 1, 10000, &out->limit);
}

std::string ClientsJson(std::vector<ClientInfo> clients, size_t total, const ClientsQuery& query) {
  const size_t shown = std::min<size_t>(query.limit, clients.size());
  std::partial_sort(
      clients.begin(), clients.begin() + static_cast<std::ptrdiff_t>(shown), clients.end(),
      [&](const ClientInfo& a, const ClientInfo& b) { return Before(a, b, query.sort); });
  JsonWriter json;
  json.Open('{').Key("total").Number(total).Key("clients").Open('[');
  for (size_t i = 0; i < shown; ++i) {
    const ClientInfo& client = clients[i];
    json.Open('{').Key("address").String(client.address);
    json.Key("worker").Number(client.worker);
    json.Key("name").String(client.name).Key("user").String(client.user);
    json.Key("library").String(client.library).Key("database").Number(client.database);
    json.Key("protocol").Number(client.protocol).Key("in_flight").Number(client.in_flight);
    json.Key("output_bytes").Number(client.output_bytes).Key("private_link");
    if (client.private_link.empty()) {
      json.Null();
    } else {
      json.String(client.private_link);
    }
    json.Key("idle_seconds").Decimal(Seconds(client.idle), 1).Close('}');
  }
  json.Close(']').Close('}');
  return json.Take();
}

}  // namespace keyhole::core
