// Who may do what: the proxy's own users, and what is refused to clients that are served under the
// credentials in --upstream.
//
//     nobody   -- AUTH, HELLO AUTH: right --> a user     each request is checked, then carried out
//        ^                                      |
//        '------------- RESET ------------------'
//
// A refusal is an answer of the proxy's own, in its place among the replies. It waits for earlier
// ones only if they may change what the client is, or where its transaction stands. Inside MULTI
// Redis must know of it too, as EXEC has to fail: it is sent a request that it refuses itself,
// whose reply nobody hears.
#include <array>
#include <cassert>
#include <utility>

#include "proxy/sessions/session.h"
#include "proxy/users/users.h"
#include "resp/command_rights.h"
#include "resp/error_text.h"
#include "resp/glob.h"
#include "resp/reply_writer.h"

namespace keyhole::core {
namespace {

using resp::CommandId;
using resp::CommandRights;
using resp::CommandSpec;
using resp::Effect;
using resp::IsKeyword;
using Args = std::span<const std::string_view>;

constexpr std::string_view kTooFast = "ERR too many requests a second from this address";
constexpr std::string_view kBorrowed =
    ": clients share the credentials in --upstream, and this could show, change or give them away";

// Parameters of CONFIG that are credentials, of Redis and Valkey.
constexpr std::string_view kSecretParameters[] = {"requirepass",
                                                  "masterauth",
                                                  "masteruser",
                                                  "primaryauth",
                                                  "primaryuser",
                                                  "tls-key-file-pass",
                                                  "tls-client-key-file-pass"};

std::string NameOf(const CommandSpec& spec, Args args) {
  if (spec.id != CommandId::kUnknown) return std::string(spec.full_name);
  return args.empty() ? "" : std::string(resp::Quoted(args[0]));
}

bool IsUnknownSubcommand(const CommandSpec& spec, Args args) {
  return spec.has(resp::kContainer) && spec.effect != Effect::kSentinel && args.size() > 1;
}

// What Redis finds wrong with a request at first glance, whoever sent it; empty: nothing. Of
// commands that are not in the table nobody knows.
std::string MalformedText(const CommandSpec& spec, const resp::Request& request) {
  if (spec.id != CommandId::kUnknown && !spec.AcceptsCount(request.argument_count())) {
    return resp::ArityError(spec);
  }
  if (IsUnknownSubcommand(spec, request.args)) {
    return resp::UnknownSubcommandError(spec, request.args[1]);
  }
  return {};
}

// Why a request is refused to a user.
std::string DenialText(Denial denial, const CommandSpec& spec, const resp::Request& request) {
  if (std::string error = MalformedText(spec, request); !error.empty()) return error;
  const std::string name = "'" + NameOf(spec, request.args) + "'";
  switch (denial) {
    case Denial::kKey:
      return "NOPERM this user has no permissions to access one of the keys used as arguments";
    case Denial::kChannel:
      return "NOPERM this user has no permissions to access one of the channels used as arguments";
    case Denial::kUnbounded:
      return "NOPERM the proxy cannot check what " + name +
             " does; it needs a user with allcommands, allkeys and allchannels";
    case Denial::kUnlocated:
      return "NOPERM the proxy does not know the keys of " + name +
             "; it needs a user with allkeys";
    case Denial::kInPieces:
      return "NOPERM the proxy cannot check all keys or channels of " + name +
             " with such a large argument; it needs a user with allkeys and allchannels";
    case Denial::kPatternBy:
      return "ERR BY option of SORT denied due to insufficient ACL permissions.";
    case Denial::kPatternGet:
      return "ERR GET option of SORT denied due to insufficient ACL permissions.";
    case Denial::kEverybody:
      return "NOPERM the proxy refuses " + name + " to everybody (--deny, --read-only)";
    case Denial::kNone:
    case Denial::kCommand:
      break;
  }
  return "NOPERM this user has no permissions to run the " + name + " command";
}

// The first of them that the pattern matches; empty: none.
std::string_view SecretMatching(std::string_view argument) {
  const std::string_view pattern = resp::AsWord(argument);
  for (const std::string_view name : kSecretParameters) {
    if (resp::GlobMatches(pattern, name, /*ignore_case=*/true)) return name;
  }
  return {};
}

// A parameter among those of CONFIG GET or SET that is a credential.
std::string_view SecretAmong(Args args, size_t step, bool whole) {
  for (size_t i = 2; i < args.size(); i += step) {
    if (const std::string_view name = SecretMatching(args[i]); !name.empty()) return name;
  }
  return whole ? std::string_view() : kSecretParameters[0];  // what is not there yet may be one
}

// REPLICAOF NO ONE, FAILOVER ABORT: names no server to log in to.
bool NamesNoMaster(Args args, bool whole) {
  if (!whole) return false;
  return (args.size() == 3 && IsKeyword(args[1], "NO") && IsKeyword(args[2], "ONE")) ||
         (args.size() == 2 && IsKeyword(args[1], "ABORT"));
}

// Why it is refused to a client that has not shown that it knows the credentials; empty: it is not.
std::string BorrowerText(const CommandSpec& spec, Args args, bool whole) {
  const CommandRights& rights = resp::RightsOf(spec.id);
  const std::string refused = "NOPERM the proxy refuses '" + NameOf(spec, args) + "'";
  if (rights.has(resp::kSecret)) return refused + std::string(kBorrowed);
  if (rights.has(resp::kChoosesMaster) && !NamesNoMaster(args, whole)) {
    return refused + " with another server" + std::string(kBorrowed);
  }
  if (rights.has(resp::kShowsConfig) || rights.has(resp::kSetsConfig)) {
    const std::string_view name = SecretAmong(args, rights.has(resp::kSetsConfig) ? 2 : 1, whole);
    if (name.empty()) return {};
    return refused + " of '" + std::string(name) + "'" + std::string(kBorrowed) +
           "; name other parameters";
  }
  return {};
}

bool GivesPassword(Args args) {
  for (const std::string_view arg : args.subspan(std::min<size_t>(2, args.size()))) {
    if (IsKeyword(arg, "AUTH")) return true;
  }
  return false;
}

}  // namespace

bool Session::authenticated() const {
  if (own_users_) return user_ != nullptr;
  return at_.link == nullptr ? !context_.asks_password() : at_.link->authenticated();
}

bool Session::unrestricted() const {
  return !own_users_ || (user_ != nullptr && user_->everything());
}

// As a new connection.
void Session::ResetIdentity() {
  if (own_users_) Become(context_.users->initial());
  borrows_ = context_.lends_identity;
  UpdateGuard();
}

void Session::Become(const User* user) {
  if (user != user_) users_ = user == nullptr ? nullptr : context_.users;
  user_ = user;
  if (at_.link != nullptr) at_.link->OnUser(user != nullptr ? user->name() : kDefaultUser);
}

// True: earlier replies must come first; the same request will come again.
bool Session::MustWait() {
  waiting_ = !idle();
  return waiting_;
}

// A request that had to wait comes a second time, and counts once.
bool Session::ComesTooSoon() {
  const uint64_t rate = context_.clients.rate;
  if (rate == 0 || origin_ == nullptr || waiting_ || origin_->Admit(context_.now, rate))
    return false;
  context_.metrics.counters.requests_throttled.Add();
  if (origin_->IsToBeTold(context_.now)) {
    const std::string who = ForPeople();
    context_.log(LogLevel::kWarn,
                 {"requests of " + who + " are refused, as its address sends more than " +
                      std::to_string(rate) + " a second (--client-rate)",
                  {{kLogClient, who}}});
  }
  return true;
}

Session::Taken Session::TakeGuarded(const resp::Request& request, Exchange& exchange) {
  if (resetting_ != Resetting::kNo) {
    waiting_ = true;
    return Taken::kDeferred;
  }
  if (conversation_.raw()) return TakeRaw(request, exchange);
  if (ComesTooSoon()) return Refuse(exchange, kTooFast);
  if (exchange.spec->effect == Effect::kHangUp) return Proceed(request, exchange);
  if (!IsAllowed(*exchange.spec, request.args))
    return Refuse(exchange, DenialText(Denial::kEverybody, *exchange.spec, request));
  if (own_users_) return TakeByUser(request, exchange);
  return TakeFromBorrower(request, exchange);
}

Session::Taken Session::TakeByUser(const resp::Request& request, Exchange& exchange) {
  const CommandSpec& spec = *exchange.spec;
  const bool well_formed = spec.AcceptsCount(request.argument_count());
  switch (well_formed ? spec.effect : Effect::kNone) {
    case Effect::kQuit:
    case Effect::kReset:
      return Proceed(request, exchange);
    case Effect::kAuth:
      return LogIn(request, exchange);
    case Effect::kHello:
      if (user_ == nullptr || exchange.in_pieces || GivesPassword(request.args)) {
        return Greet(request, exchange);
      }
      break;
    default:
      break;
  }
  if (user_ == nullptr) {
    const std::string error = MalformedText(spec, request);
    return Refuse(exchange, error.empty() ? resp::kNoAuthError : std::string_view(error));
  }
  Denial denial = user_->Check(spec, request.args, !exchange.in_pieces);
  // As a Sentinel the proxy tells no more than where it is itself.
  const bool harmless = spec.effect == Effect::kSentinel && AnswersHere(spec.effect);
  if (denial == Denial::kUnbounded && harmless) denial = Denial::kNone;
  if (denial != Denial::kNone) return Refuse(exchange, DenialText(denial, spec, request));
  const CommandRights& rights = resp::RightsOf(spec.id);
  if (rights.has(resp::kTellsUser) && well_formed && !exchange.in_pieces)
    return AnswerWhoAmI(exchange);
  // The store's own password would be asked for beside those of the users.
  const bool own_password = context_.router->in_process() && rights.has(resp::kSetsConfig);
  return borrows_ || own_password ? TakeFromBorrower(request, exchange)
                                  : Proceed(request, exchange);
}

// Replies are no longer followed, so nothing can be answered in its place among them, and nothing
// be put in place of a request: what may not pass as it is ends the connection.
Session::Taken Session::TakeRaw(const resp::Request& request, const Exchange& exchange) {
  const Effect effect = exchange.spec->effect;
  // Where a new session has no more than what Redis gives to a new client, RESET leads there.
  const bool resets = effect == Effect::kReset && context_.initial_state.is_plain();
  bool passes = effect == Effect::kQuit || resets || !AnswersHere(effect);
  passes = passes && IsAllowed(*exchange.spec, request.args);
  if (passes && own_users_) {
    passes = user_ != nullptr && effect != Effect::kAuth && effect != Effect::kHello &&
             effect != Effect::kReset &&
             user_->Check(*exchange.spec, request.args, !exchange.in_pieces) == Denial::kNone;
  }
  if (passes && borrows_)
    passes = BorrowerText(*exchange.spec, request.args, !exchange.in_pieces).empty();
  if (!passes || HidesItsName(request, *exchange.spec)) {
    context_.log(
        LogLevel::kWarn,
        {"closed " + address_ + ": it may not run '" + NameOf(*exchange.spec, request.args) +
             "', and after SYNC, or CLIENT REPLY or SUBSCRIBE inside MULTI, it cannot be told so",
         {{kLogClient, address_}}});
    Close(metrics::CloseReason::kOther);
    return Taken::kYes;
  }
  context_.metrics.counters.requests[exchange.spec->id].Add();
  at_.link->SendMore(request.bytes);
  return Taken::kYes;
}

Session::Taken Session::TakeFromBorrower(const resp::Request& request, Exchange& exchange) {
  if (resp::RightsOf(exchange.spec->id).care == resp::kNoCare) return Proceed(request, exchange);
  const std::string refusal = BorrowerText(*exchange.spec, request.args, !exchange.in_pieces);
  return refusal.empty() ? Proceed(request, exchange) : Refuse(exchange, refusal);
}

// To Redis all clients are the same user, so it is asked to echo the name of ours: in its turn, in
// the client's protocol, inside MULTI too.
Session::Taken Session::AnswerWhoAmI(const Exchange& exchange) {
  const std::array<std::string_view, 2> args{resp::Spec(CommandId::kEcho).name, user_->name()};
  return ProceedWith(args, exchange.answered);
}

Session::Taken Session::ProceedWith(Args args, bool answered) {
  std::string bytes;
  resp::AppendRequest(args, &bytes);
  const resp::Request request{args, bytes};
  Exchange exchange = MakeExchange(request, false, !answered);
  return Proceed(request, exchange);
}

Session::Taken Session::Refuse(const Exchange& exchange, std::string_view error) {
  if (!MayAnswer() && MustWait()) return Taken::kDeferred;
  context_.metrics.counters.requests[exchange.spec->id].Add();
  context_.metrics.counters.errors[metrics::ErrorClassOf(error)].Add();
  // An EXEC that cannot run ends its transaction all the same.
  const bool ends = exchange.spec->effect == Effect::kExec;
  if (!hides_reply()) {
    std::string text;
    if (ends) {
      text = "EXECABORT Transaction discarded because of: ";
      if (error.starts_with("ERR ")) error.remove_prefix(4);
    }
    AnswerError(text.append(error));
    if (closed_) return Taken::kYes;  // it was one too many
  }
  if (conversation_.queueing() || skips_reply())
    SendUnheard(ends ? CommandId::kDiscard : CommandId::kGet);
  front_.OnAnsweredHere();  // last: the request may be gone after it
  return Taken::kYes;
}

// Stands in for a request that was answered here, where its link must know that there was one. GET,
// which lacks its key: EXEC will fail, and CLIENT REPLY SKIP is used up. DISCARD: MULTI has ended.
void Session::SendUnheard(CommandId id) {
  const CommandSpec& spec = resp::Spec(id);
  const std::array<std::string_view, 1> args{spec.name};
  std::string bytes;
  resp::AppendRequest(args, &bytes);
  Exchange pending;
  pending.requester = this;
  pending.spec = &spec;
  pending.effect = spec.AcceptsCount(args.size()) ? spec.effect : Effect::kNone;
  pending.sent = context_.now;
  pending.purpose = Purpose::kSession;
  pending.replies = hides_reply() ? 0 : 1;
  const boost::intrusive_ptr<Link> link = at_.link;
  if (pending.replies > 0) pending.slot = order_.Open(link.get());
  conversation_.OnSent({.effect = pending.effect});
  link->Send({args, bytes}, std::move(pending));
}

}  // namespace keyhole::core
