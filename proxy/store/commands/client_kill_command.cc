// CLIENT KILL, in its old form (an address) and its new one (filters).
#include <algorithm>
#include <optional>

#include "proxy/store/commands/client_words.h"
#include "proxy/store/commands/handlers.h"
#include "proxy/store/commands/replies.h"
#include "resp/number.h"

namespace keyhole::store::handlers {

namespace {

struct Filter {
  std::optional<uint64_t> id;
  std::optional<std::string_view> address;
  std::optional<std::string_view> local_address;
  std::optional<std::string_view> user;
  std::optional<ClientType> type;
  bool skip_me = true;

  bool Matches(const Client& client, std::string_view own_address) const {
    return (!type || *type == TypeOf(client)) && (!id || *id == client.id) &&
           (!user || *user == client.user) && (!address || *address == client.address) &&
           (!local_address || *local_address == own_address);
  }
};

bool Fail(Call& call, std::string_view error) {
  call.reply.Error(error);
  return false;
}

// Reads the filter at args[i] with its value. False if it is wrong; then that is the reply.
bool ParseFilter(Call& call, size_t i, Filter* filter) {
  const std::string_view value = call.args[i + 1];
  if (call.Is(i, "ID")) {
    int64_t id = 0;
    if (!resp::ParseInteger(value, &id) || id < 1) {
      return Fail(call, "ERR client-id should be greater than 0");
    }
    filter->id = static_cast<uint64_t>(id);
  } else if (call.Is(i, "TYPE")) {
    if (!ParseClientType(call, i + 1, &filter->type.emplace())) return false;
  } else if (call.Is(i, "ADDR")) {
    filter->address = value;
  } else if (call.Is(i, "LADDR")) {
    filter->local_address = value;
  } else if (call.Is(i, "USER")) {
    const auto& clients = call.engine.clients();
    const bool known =
        value == kUser || std::any_of(clients.begin(), clients.end(),
                                      [&](const auto& one) { return one.second->user == value; });
    if (!known) {
      return Fail(call, std::string("ERR No such user '").append(UpToNul(value)).append("'"));
    }
    filter->user = value;
  } else if (call.Is(i, "SKIPME")) {
    filter->skip_me = call.Is(i + 1, "YES");
    if (!filter->skip_me && !call.Is(i + 1, "NO")) return Fail(call, kSyntaxError);
  } else {
    return Fail(call, kSyntaxError);
  }
  return true;
}

int64_t Kill(Call& call, const Filter& filter) {
  const std::string own_address = OwnAddress(call.engine);
  int64_t killed = 0;
  for (const auto& [id, client] : call.engine.clients()) {
    if (client == &call.client && filter.skip_me) continue;
    if (client->closing || !filter.Matches(*client, own_address)) continue;
    client->closing = true;
    call.engine.EndSubscriptions(*client);
    client->Ring();  // so that its session notices
    ++killed;
  }
  return killed;
}

}  // namespace

void ClientKill(Call& call) {
  Filter filter;
  if (call.args.size() == 3) {
    filter.address = call.args[2];
    filter.skip_me = false;
    if (Kill(call, filter) == 0) return call.reply.Error("ERR No such client");
    return call.reply.Ok();
  }
  for (size_t i = 2; i < call.args.size(); i += 2) {
    if (i + 1 == call.args.size()) return call.reply.Error(kSyntaxError);
    if (!ParseFilter(call, i, &filter)) return;
  }
  call.reply.Integer(Kill(call, filter));
}

}  // namespace keyhole::store::handlers
