// What the proxy answers itself, without asking its link: the end of a session, its return to the
// state of a new one, and what would end the upstream's life.
#include <algorithm>
#include <string>
#include <utility>

#include "proxy/sessions/sentinel_answer.h"
#include "proxy/sessions/session.h"
#include "proxy/users/permissions.h"
#include "resp/error_text.h"
#include "resp/reply_writer.h"

namespace keyhole::core {
namespace {

using metrics::CloseReason;

constexpr std::string_view kShutdownRefused =
    "-ERR SHUTDOWN is refused by the proxy; start keyhole with --allow-shutdown to pass it on\r\n";

}  // namespace

// Redis looks words up by all their bytes and compares them up to the first zero byte. So a name
// with one in it may be found there, by chance, and is not the command that it seems to be here.
bool Session::HidesItsName(const resp::Request& request, const resp::CommandSpec& spec) const {
  if (spec.id != resp::CommandId::kUnknown && !spec.has(resp::kContainer)) return false;
  if (context_.router->in_process()) return false;
  for (size_t i = 0; i < std::min<size_t>(2, request.args.size()); ++i) {
    if (resp::AsWord(request.args[i]).size() < request.args[i].size()) return true;
    if (!spec.has(resp::kContainer)) break;  // the second one is no name
  }
  return false;
}

std::string Session::UnknownText(const resp::Request& request, const resp::CommandSpec& spec) {
  return spec.has(resp::kContainer) ? resp::UnknownSubcommandError(spec, request.args[1])
                                    : resp::UnknownCommandError(request.args);
}

// By --deny and --read-only.
bool Session::IsAllowed(const resp::CommandSpec& spec,
                        std::span<const std::string_view> args) const {
  return context_.allowed == nullptr || context_.allowed->MayRun(spec, args);
}

void Session::UpdateGuard() {
  guarded_ = own_users_ || borrows_ || context_.allowed != nullptr ||
             resetting_ != Resetting::kNo || conversation_.raw() ||
             (origin_ != nullptr && context_.clients.rate > 0);
}

// With the embedded store, to shut the server down is to stop this process.
bool Session::MayStop() const {
  return context_.router->in_process() && !conversation_.queueing() && authenticated();
}

// What the proxy itself answers: the end of a session, and what would end the upstream's life.
bool Session::AnswersHere(Effect effect) const {
  switch (effect) {
    case Effect::kQuit:
    case Effect::kHangUp:
      return true;
    case Effect::kReset:
      return !context_.router->in_process();
    case Effect::kShutdown:
      // The store refuses it there itself.
      if (context_.router->in_process() && conversation_.queueing()) return false;
      return !context_.clients.allow_shutdown || MayStop();
    case Effect::kSentinel:  // in MULTI it is Redis' to refuse
      return !context_.clients.sentinel_name.empty() && !conversation_.queueing();
    default:
      return false;
  }
}

// The end of a session, and its return to the state of a new one, come after all before them.
bool Session::MayAnswerHere(Effect effect) const {
  const bool refused = effect == Effect::kShutdown && !context_.clients.allow_shutdown;
  return refused || effect == Effect::kSentinel ? MayAnswer() : idle();
}

void Session::AnswerHere(Effect effect, std::span<const std::string_view> args) {
  const bool answered = !hides_reply();
  const bool skipped = conversation_.TakeSkip();
  switch (effect) {
    case Effect::kQuit:
      if (answered) Deliver("+OK\r\n");
      front_.CloseAfterOutput();
      break;
    case Effect::kHangUp:
      context_.log(LogLevel::kWarn,
                   {"closed " + address_ +
                        ": HTTP request on the RESP port (possible cross-protocol attack through "
                        "a browser)",
                    {{kLogClient, address_}}});
      Close(CloseReason::kProtocolError);
      break;
    case Effect::kSentinel:
      if (answered) AnswerAsSentinel(args);
      break;
    case Effect::kReset:
      BeginReset(skipped ? Resetting::kSilently : Resetting::kAnswered);
      break;
    default:
      if (context_.clients.allow_shutdown) {
        context_.stop_process(/*save=*/std::none_of(args.begin(), args.end(), [](auto word) {
          return resp::EqualsIgnoreCase(word, "NOSAVE");
        }));
        front_.CloseAfterOutput();
        break;
      }
      context_.metrics.counters.errors[metrics::ErrorClass::kErr].Add();
      if (answered) Answer(kShutdownRefused);
      break;
  }
}

void Session::AnswerAsSentinel(std::span<const std::string_view> args) {
  const ClientOptions& options = context_.clients;
  const bool told = options.sentinel_address.port != 0;
  resp::ByteQueue answer;
  resp::ReplyWriter writer(&answer, protocol());
  const std::string error = SentinelAnswer(
      args, {options.sentinel_name, told ? options.sentinel_address : front_.OwnAddress()},
      &writer);
  if (error.empty()) return Answer(answer.Data());
  context_.metrics.counters.errors[metrics::ErrorClassOf(error)].Add();
  AnswerError(error);
}

void Session::Close(CloseReason reason) {
  if (std::exchange(closed_, true)) return;
  const boost::intrusive_ptr<Session> self(this);
  if (at_.own()) {
    // Something pending must not run for nobody: a BLPOP would eat an element.
    if (!idle()) {
      at_.link->Close();
    } else if (pinned()) {
      at_.link->Finish();
    } else {
      context_.router->Release(&at_);
    }
  }
  at_.Detach();
  front_.OnClose(reason);
}

// Requests whose replies are hidden may still be on their way: Redis is to carry them out first,
// and says by the end of the connection that it has.
// What Redis does of it others may notice, and have to after the answer: whoever publishes then is
// heard by one less.
void Session::BeginReset(Resetting how) {
  const bool noticed = at_.own() && (conversation_.unheard() || at_.link->subscribed());
  if (!noticed || !at_.link->EndInput()) return AnswerReset(how);
  resetting_ = how;
  UpdateGuard();
  order_.Open(at_.link.get());  // nothing else is in flight
}

// The link has ended, and with it all that was sent there has been carried out.
void Session::FinishReset() {
  const boost::intrusive_ptr<Session> self(this);
  order_.Close(kStraight);
  // The link has ended in the middle of a push: what the client has of it has no end.
  if (!idle()) {
    at_.Detach();
    return front_.CloseAfterOutput();
  }
  AnswerReset(std::exchange(resetting_, Resetting::kNo));
  if (closed_) return;
  front_.OnReply(resp::ReplyHead());
  if (!closed_ && std::exchange(waiting_, false)) front_.OnMaySubmit();
}

// CLIENT REPLY OFF ends with it, SKIP hides it.
void Session::AnswerReset(Resetting how) {
  Reset();
  if (how == Resetting::kAnswered) Deliver("+RESET\r\n");
}

// Back to what a new connection is.
void Session::Reset() {
  if (at_.own()) at_.link->Close();
  at_.Detach();
  state_ = context_.initial_state;
  ResetIdentity();
  if (near_ != nullptr) near_->Reset();
  conversation_.Reset();
}

// ---- for the near cache

// Who it is and which database it is in: what is cached was read in the initial state.
bool Session::sees_near_cache() const {
  return !conversation_.queueing() && state_.db == context_.initial_state.db &&
         state_.SameIdentity(context_.initial_state);
}

// Nothing that is still under way could tell of something newer, and no state of its connection to
// Redis says that Redis is to be asked: WATCH compares with what was read, CLIENT TRACKING wants to
// know of it.
bool Session::may_be_served_near() const {
  return sees_near_cache() && (idle() || near_->reads_only()) && conversation_.may_be_cached() &&
         (at_.link == nullptr || (!at_.link->subscribed() && !at_.link->monitoring()));
}

void Session::OnNearFence() {
  if (closed_ || !idle()) return;
  if (std::exchange(waiting_, false)) front_.OnMaySubmit();
}

}  // namespace keyhole::core
