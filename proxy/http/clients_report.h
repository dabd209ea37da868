// GET /api/clients: who is connected by RESP, and what each is doing.
//
// Thread: any; pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/sessions/client_info.h"

namespace keyhole::core {

enum class ClientSort : uint8_t { kOutput, kInFlight, kIdle, kAddress };

struct ClientsQuery {
  ClientSort sort = ClientSort::kAddress;
  uint64_t limit = 1000;  // 1 .. 10000
};

std::optional<std::string> ParseClientsQuery(std::string_view query, ClientsQuery* out);

// total: how many there are, of which `clients` may be a part.
std::string ClientsJson(std::vector<ClientInfo> clients, size_t total, const ClientsQuery& query);

}  // namespace keyhole::core
