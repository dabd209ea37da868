// CLIENT: who is connected. KILL has an old form (an address) and a new one (filters).
#include <algorithm>
#include <optional>

#include "proxy/store/commands/client_words.h"
#include "proxy/store/commands/dispatch.h"
#include "proxy/store/commands/handlers.h"
#include "proxy/store/commands/replies.h"
#include "resp/number.h"

namespace keyhole::store::handlers {

namespace {

void AppendField(std::string* line, std::string_view name, std::string_view value) {
  if (!line->empty()) line->push_back(' ');
  line->append(name).append("=").append(value);
}

void AppendField(std::string* line, std::string_view name, int64_t value) {
  AppendField(line, name, std::string_view(std::to_string(value)));
}

std::string FlagsOf(const Client& client) {
  std::string flags;
  if (client.subscribed()) flags.push_back('P');
  if (client.transaction.open) flags.push_back('x');
  if (client.wait != nullptr) flags.push_back('b');
  if (client.transaction.watch_broken) flags.push_back('d');
  if (client.monitors) flags.push_back('O');
  if (client.tracking != nullptr) {
    flags.push_back('t');
    if (client.tracking->broken_redirect) flags.push_back('R');
    if (client.tracking->broadcast) flags.push_back('B');
  }
  if (client.no_evict) flags.push_back('e');
  return flags.empty() ? "N" : flags;
}

int64_t CountNames(const Client& client, Listening kind) {
  return static_cast<int64_t>(client.names(kind).size());
}

// Bytes of a request as client libraries write it.
int64_t RequestBytes(const Call& call) {
  const auto framed = [](size_t n) { return std::to_string(n).size() + 3; };  // *n or $n, CR, LF
  size_t bytes = framed(call.args.size());
  for (const std::string_view arg : call.args) bytes += framed(arg.size()) + arg.size() + 2;
  return static_cast<int64_t>(bytes);
}

template <typename Args>
int64_t Bytes(const Args& args) {
  size_t bytes = 0;
  for (const auto& arg : args) bytes += arg.size();
  return static_cast<int64_t>(bytes);
}

// One line of CLIENT LIST, without its end. What it says of buffers is of what lies here: of the
// request that asks, of what is queued and of messages; the session's own buffers are not known.
std::string Describe(Call& call, const Client& client) {
  const Transaction& transaction = client.transaction;
  const auto queued = static_cast<int64_t>(transaction.queue.size());
  std::string line;
  AppendField(&line, "id", static_cast<int64_t>(client.id));
  AppendField(&line, "addr", client.address);
  AppendField(&line, "laddr", OwnAddress(call.engine));
  AppendField(&line, "fd", -1);
  AppendField(&line, "name", client.name);
  AppendField(&line, "age", (call.now - client.connected) / 1000);
  AppendField(&line, "idle", (call.now - client.last_command_at) / 1000);
  AppendField(&line, "flags", FlagsOf(client));
  AppendField(&line, "db", client.database);
  AppendField(&line, "sub", CountNames(client, Listening::kChannel));
  AppendField(&line, "psub", CountNames(client, Listening::kPattern));
  AppendField(&line, "ssub", CountNames(client, Listening::kShard));
  AppendField(&line, "multi", transaction.open ? queued : -1);  // layering: not a command
  const bool asks = &client == &call.client;
  const int64_t request = asks ? RequestBytes(call) : 0;
  const int64_t arguments = asks ? Bytes(call.args) : 0;
  int64_t in_queue = 0;
  for (const QueuedCommand& one : transaction.queue) in_queue += Bytes(one.args);
  const auto messages = static_cast<int64_t>(client.messages.size());
  AppendField(&line, "qbuf", request);
  AppendField(&line, "qbuf-free", 0);
  AppendField(&line, "argv-mem", arguments);
  AppendField(&line, "multi-mem", in_queue);
  AppendField(&line, "rbs", 0);
  AppendField(&line, "rbp", 0);
  AppendField(&line, "obl", 0);
  AppendField(&line, "oll", messages > 0 ? 1 : 0);
  AppendField(&line, "omem", messages);
  AppendField(&line, "tot-mem",
              static_cast<int64_t>(sizeof(Client)) + request + arguments + in_queue + messages);
  AppendField(&line, "events", "r");
  const resp::CommandSpec* const command = asks ? &call.spec : client.last_command;
  AppendField(&line, "cmd", command == nullptr ? "NULL" : command->full_name);
  AppendField(&line, "user", client.user);
  AppendField(&line, "redir",
              client.tracking == nullptr ? -1 : static_cast<int64_t>(client.tracking->redirect));
  AppendField(&line, "resp", client.protocol == resp::Protocol::kResp3 ? 3 : 2);
  if (!client.library_name.empty()) AppendField(&line, "lib-name", client.library_name);
  if (!client.library_version.empty()) AppendField(&line, "lib-ver", client.library_version);
  return line;
}

// A client that was killed is gone for others, even if its session has not noticed yet.
bool IsThere(const Call& call, const Client& client) {
  return !client.closing || &client == &call.client;
}

// True if the argument is ON or OFF. Else the error is the reply.
bool ParseSwitch(Call& call, size_t index, bool* on) {
  *on = call.Is(index, "ON");
  if (*on || call.Is(index, "OFF")) return true;
  call.reply.Error(kSyntaxError);
  return false;
}

}  // namespace

void ClientId(Call& call) {
  call.reply.Integer(static_cast<int64_t>(call.client.id));
}

void ClientGetname(Call& call) {
  if (call.client.name.empty()) return call.reply.Null();
  call.reply.Bulk(call.client.name);
}

void ClientSetname(Call& call) {
  if (SetName(call, call.args[2])) call.reply.Ok();
}

void ClientInfo(Call& call) {
  call.reply.Verbatim(Describe(call, call.client) + "\n");
}

void ClientList(Call& call) {
  const auto& clients = call.engine.clients();
  std::string lines;
  std::optional<ClientType> wanted;
  if (call.args.size() == 4 && call.Is(2, "TYPE")) {
    if (!ParseClientType(call, 3, &wanted.emplace())) return;
  } else if (call.args.size() > 3 && call.Is(2, "ID")) {
    for (size_t i = 3; i < call.args.size(); ++i) {
      int64_t id = 0;
      if (!resp::ParseInteger(call.args[i], &id)) {
        return call.reply.Error("ERR Invalid client ID");
      }
      const auto it = clients.find(static_cast<uint64_t>(id));
      if (it != clients.end() && IsThere(call, *it->second))
        lines.append(Describe(call, *it->second)).append("\n");
    }
    return call.reply.Verbatim(lines);
  } else if (call.args.size() != 2) {
    return call.reply.Error(kSyntaxError);
  }
  for (const auto& [id, client] : clients) {
    if (!IsThere(call, *client) || (wanted && TypeOf(*client) != *wanted)) continue;
    lines.append(Describe(call, *client)).append("\n");
  }
  call.reply.Verbatim(lines);
}

// CLIENT SETINFO came with Redis 7.2; libraries send it unasked. Its errors are those of 7.2.
void ClientSetinfo(Call& call) {
  const bool is_name = call.Is(2, "LIB-NAME");
  if (!is_name && !call.Is(2, "LIB-VER")) {
    return call.reply.Error(
        std::string("ERR Unrecognized option '").append(UpToNul(call.args[2])).append("'"));
  }
  if (!IsPlainName(call.args[3])) {
    return call.reply.Error(std::string("ERR ")
                                .append(is_name ? "lib-name" : "lib-ver")
                                .append(" cannot contain spaces, newlines or special characters."));
  }
  (is_name ? call.client.library_name : call.client.library_version) = call.args[3];
  call.reply.Ok();
}

void ClientNoEvict(Call& call) {
  if (ParseSwitch(call, 2, &call.client.no_evict)) call.reply.Ok();
}

void ClientNoTouch(Call& call) {
  if (ParseSwitch(call, 2, &call.client.no_touch)) call.reply.Ok();
}

void ClientReply(Call& call) {
  ReplyMode& mode = call.client.reply_mode;
  if (call.Is(2, "ON")) {
    mode = ReplyMode();
    call.reply.Ok();
  } else if (call.Is(2, "OFF")) {
    mode.off = true;
  } else if (call.Is(2, "SKIP")) {
    mode.skip_next = !mode.off;
  } else {
    call.reply.Error(kSyntaxError);
  }
}

void ClientUnblock(Call& call) {
  if (call.args.size() > 4) return WrongSubcommand(call, "CLIENT");
  if (call.args.size() == 4 && !call.Is(3, "TIMEOUT") && !call.Is(3, "ERROR")) {
    return call.reply.Error("ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR");
  }
  int64_t id = 0;
  if (!IntegerArgument(call, 2, &id)) return;
  const auto it = call.engine.clients().find(static_cast<uint64_t>(id));
  if (it == call.engine.clients().end() || it->second->wait == nullptr ||
      it->second->wait->paused) {
    return call.reply.Integer(0);
  }
  const bool fails = call.args.size() == 4 && call.Is(3, "ERROR");
  EndWait(call.engine, *it->second,
          fails ? "UNBLOCKED client unblocked via CLIENT UNBLOCK" : std::string_view());
  call.reply.Integer(1);
}

void ClientHelp(Call& call) {
  constexpr std::string_view kLines[] = {
      "CACHING (YES|NO)",
      "    Enable/disable tracking of the keys for next command in OPTIN/OPTOUT modes.",
      "GETREDIR",
      "    Return the client ID we are redirecting to when tracking is enabled.",
      "GETNAME",
      "    Return the name of the current connection.",
      "ID",
      "    Return the ID of the current connection.",
      "INFO",
      "    Return information about the current client connection.",
      "KILL <ip:port>",
      "    Kill connection made from <ip:port>.",
      "KILL <option> <value> [<option> <value> [...]]",
      "    Kill connections. Options are: ID, ADDR, LADDR, TYPE, USER, SKIPME (default: yes).",
      "LIST [TYPE (NORMAL|MASTER|REPLICA|PUBSUB)] [ID <id> [...]]",
      "    Return information about client connections.",
      "NO-EVICT (ON|OFF)",
      "    Protect current client connection from eviction.",
      "NO-TOUCH (ON|OFF)",
      "    Whether reading a key leaves its last access time as it is.",
      "PAUSE <timeout> [WRITE|ALL]",
      "    Suspend all, or just write, clients for <timeout> milliseconds.",
      "REPLY (ON|OFF|SKIP)",
      "    Control the replies sent to the current connection.",
      "SETINFO <option> <value>",
      "    Set the client's LIB-NAME or LIB-VER.",
      "SETNAME <name>",
      "    Assign the name <name> to the current connection.",
      "TRACKING (ON|OFF) [REDIRECT <id>] [BCAST] [PREFIX <prefix> [...]]",
      "         [OPTIN] [OPTOUT] [NOLOOP]",
      "    Control server assisted client side caching.",
      "TRACKINGINFO",
      "    Report tracking status for the current connection.",
      "UNBLOCK <id> [TIMEOUT|ERROR]",
      "    Unblock the specified blocked client.",
      "UNPAUSE",
      "    Stop the current client pause."};
  Help(call, kLines);
}

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
    call.engine.waiting.Withdraw(*client);
    call.engine.StopTracking(*client);
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
