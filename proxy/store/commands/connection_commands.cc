// PING, ECHO, HELLO, AUTH, SELECT, QUIT, RESET: the connection itself.
#include "proxy/store/commands/client_words.h"
#include "proxy/store/commands/handlers.h"
#include "proxy/store/commands/replies.h"
#include "resp/number.h"

namespace keyhole::store::handlers {

namespace {

bool LogIn(Call& call, std::string_view user, std::string_view password) {
  if (!call.engine.CheckPassword(user, password)) {
    call.reply.Error(kWrongPassword);
    return false;
  }
  call.client.authenticated = true;
  return true;
}

// Reads args[1] of HELLO. False if there is no such protocol; then that is the reply.
bool ParseProtocol(Call& call, resp::Protocol* protocol) {
  int64_t number = 0;
  if (!resp::ParseInteger(call.args[1], &number)) {
    call.reply.Error("ERR Protocol version is not an integer or out of range");
    return false;
  }
  if (number != 2 && number != 3) {
    call.reply.Error("NOPROTO unsupported protocol version");
    return false;
  }
  *protocol = number == 3 ? resp::Protocol::kResp3 : resp::Protocol::kResp2;
  return true;
}

// Reads args[2] on: AUTH user password, SETNAME name. What stands before a fault has taken effect,
// as in Redis 7.0. False if something is wrong; then that is the reply.
bool TakeHelloOptions(Call& call) {
  for (size_t i = 2; i < call.args.size(); ++i) {
    const size_t more = call.args.size() - i - 1;
    if (call.Is(i, "AUTH") && more >= 2) {
      if (!LogIn(call, call.args[i + 1], call.args[i + 2])) return false;
      i += 2;
    } else if (call.Is(i, "SETNAME") && more >= 1) {
      if (!SetName(call, call.args[i + 1])) return false;
      ++i;
    } else {
      call.reply.Error(std::string("ERR Syntax error in HELLO option '")
                           .append(UpToNul(call.args[i]))
                           .append("'"));
      return false;
    }
  }
  return true;
}

void ReplyHello(Call& call) {
  resp::ReplyWriter& reply = call.reply;
  reply.Map(7);
  reply.Bulk("server");
  reply.Bulk("redis");
  reply.Bulk("version");
  reply.Bulk(kRedisVersion);
  reply.Bulk("proto");
  reply.Integer(reply.protocol() == resp::Protocol::kResp3 ? 3 : 2);
  reply.Bulk("id");
  reply.Integer(static_cast<int64_t>(call.client.id));
  reply.Bulk("mode");
  reply.Bulk("standalone");
  reply.Bulk("role");  // layering: not a command
  reply.Bulk("master");
  reply.Bulk("modules");
  reply.Array(0);
}

void SetProtocol(Call& call, resp::Protocol protocol) {
  call.client.protocol = protocol;
  call.reply.set_protocol(protocol);
}

}  // namespace

void Ping(Call& call) {
  if (call.args.size() > 2) return WrongArity(call);
  if (call.client.subscribed() && call.reply.protocol() == resp::Protocol::kResp2) {
    call.reply.Array(2);
    call.reply.Bulk("pong");
    return call.reply.Bulk(call.args.size() == 2 ? call.args[1] : "");
  }
  if (call.args.size() == 2) return call.reply.Bulk(call.args[1]);
  call.reply.Simple("PONG");
}

void Echo(Call& call) {
  call.reply.Bulk(call.args[1]);
}

void Hello(Call& call) {
  for (size_t i = 2; i < call.args.size(); ++i) {
    if (!call.Is(i, "AUTH")) continue;
    call.Hide(i + 1);
    call.Hide(i + 2);
  }
  resp::Protocol protocol = call.client.protocol;
  if (call.args.size() > 1) {
    if (!ParseProtocol(call, &protocol) || !TakeHelloOptions(call)) return;
  }
  if (!call.client.authenticated) {
    return call.reply.Error(
        "NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO "
        "AUTH <user> <pass> option can be used to authenticate the client and select the RESP "
        "protocol version at the same time");
  }
  SetProtocol(call, protocol);
  ReplyHello(call);
}

void Auth(Call& call) {
  for (size_t i = 1; i < call.args.size(); ++i) call.Hide(i);
  if (call.args.size() > 3) return call.reply.Error(kSyntaxError);
  const bool names_user = call.args.size() == 3;
  if (!names_user && !call.engine.NeedsPassword()) {
    return call.reply.Error(
        "ERR AUTH <password> called without any password configured for the default user. Are you "
        "sure your configuration is correct?");
  }
  if (LogIn(call, names_user ? call.args[1] : kUser, call.args.back())) call.reply.Ok();
}

void Select(Call& call) {
  if (DatabaseArgument(call, 1, &call.client.database)) call.reply.Ok();
}

void Quit(Call& call) {
  call.client.closing = true;
  call.engine.EndSubscriptions(call.client);
  call.reply.Ok();
}

void Reset(Call& call) {
  Client& client = call.client;
  call.engine.Discard(client);
  call.engine.EndSubscriptions(client);
  call.engine.StopTracking(client);
  client.database = 0;
  client.name.clear();
  client.no_touch = false;
  client.authenticated = !call.engine.NeedsPassword();
  client.reply_mode = ReplyMode{.skip = client.reply_mode.skip};  // its own reply may be skipped
  SetProtocol(call, resp::Protocol::kResp2);
  call.reply.Simple("RESET");
}

}  // namespace keyhole::store::handlers
