// AUTH and HELLO where it is for the proxy to check who speaks. See session_access.cc.
#include <algorithm>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/sessions/session.h"
#include "proxy/users/users.h"
#include "resp/error_text.h"
#include "resp/number.h"

namespace keyhole::core {
namespace {

using resp::CommandId;
using resp::IsKeyword;
using Args = std::span<const std::string_view>;

// Redis' texts.
constexpr std::string_view kWrongPassword =
    "WRONGPASS invalid username-password pair or user is disabled.";
constexpr std::string_view kNoPassword =
    "ERR AUTH <password> called without any password configured for the default user. Are you "
    "sure your configuration is correct?";
constexpr std::string_view kHelloNoAuth =
    "NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO AUTH "
    "<user> <pass> option can be used to authenticate the client and select the RESP protocol "
    "version at the same time";
// Ours.
constexpr std::string_view kAuthInMulti =
    "ERR a password is checked by the proxy, not by Redis, and so cannot be queued; log in before "
    "MULTI";
constexpr std::string_view kTooLarge = "ERR such a large argument is not a password, nor a name";

std::string HelloVersionError(std::string_view text) {
  int64_t version = 0;
  if (!resp::ParseInteger(text, &version)) {
    return "ERR Protocol version is not an integer or out of range";
  }
  return version == 2 || version == 3 ? "" : "NOPROTO unsupported protocol version";
}

}  // namespace

Session::Taken Session::LogIn(const resp::Request& request, const Exchange& exchange) {
  const Args args = request.args;
  if (exchange.in_pieces) return Refuse(exchange, kTooLarge);
  if (conversation_.queueing()) return Refuse(exchange, kAuthInMulti);
  if (args.size() > 3) return Refuse(exchange, resp::kSyntaxError);
  const Users& users = *context_.users;
  if (args.size() == 2 && !users.default_asks_password()) return Refuse(exchange, kNoPassword);
  if (MustWait()) return Taken::kDeferred;
  const User* const user = users.LogIn(args.size() == 3 ? args[1] : kDefaultUser, args.back());
  if (user == nullptr) return Refuse(exchange, kWrongPassword);
  Become(user);
  context_.metrics.counters.requests[exchange.spec->id].Add();
  if (!hides_reply()) Deliver("+OK\r\n");
  if (closed_) return Taken::kYes;
  if (skips_reply()) SendUnheard(CommandId::kGet);
  front_.OnAnsweredHere();  // last: the request may be gone after it
  return Taken::kYes;
}

// HELLO where it is for us to check who speaks. Redis is sent the rest of it.
Session::Taken Session::Greet(const resp::Request& request, Exchange& exchange) {
  if (exchange.in_pieces) return Refuse(exchange, kTooLarge);
  if (conversation_.queueing()) return Refuse(exchange, kAuthInMulti);
  if (MustWait()) return Taken::kDeferred;
  std::vector<std::string_view> rest;
  const std::string error = ReadHello(request.args, &rest);
  if (!error.empty()) return Refuse(exchange, error);
  return ProceedWith(rest, exchange.answered);
}

// Takes the words of HELLO one after the other, as Redis does: a right password counts even if
// nonsense follows it. Gives the error to reply, or none.
std::string Session::ReadHello(Args args, std::vector<std::string_view>* rest) {
  if (args.size() > 1) {
    if (std::string error = HelloVersionError(args[1]); !error.empty()) return error;
  }
  rest->assign(args.begin(),
               args.begin() + static_cast<std::ptrdiff_t>(std::min<size_t>(2, args.size())));
  for (size_t i = 2; i < args.size(); ++i) {
    const size_t more = args.size() - i - 1;
    if (IsKeyword(args[i], "AUTH") && more >= 2) {
      const User* const user = context_.users->LogIn(args[i + 1], args[i + 2]);
      if (user == nullptr) return std::string(kWrongPassword);
      Become(user);
      i += 2;
    } else if (IsKeyword(args[i], "SETNAME") && more >= 1) {
      rest->push_back(args[i]);
      rest->push_back(args[++i]);
    } else {
      return "ERR Syntax error in HELLO option '" + std::string(resp::Quoted(args[i])) + "'";
    }
  }
  return user_ == nullptr ? std::string(kHelloNoAuth) : std::string();
}

}  // namespace keyhole::core
