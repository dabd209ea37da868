#include "proxy/sessions/session.h"

#include <utility>

#include "proxy/near_cache/near_cache.h"
#include "resp/hit_rule.h"
#include "resp/reply_writer.h"

namespace keyhole::core {
namespace {

using metrics::CloseReason;
using resp::Effect;
using resp::HitRule;

// What Redis says of SHUTDOWN there. It hears no such word itself: what looks like a transaction
// from here may not be one.
constexpr std::string_view kNotInTransaction = "ERR Command not allowed inside a transaction";

// An error that Redis gives before it looks at what a command is to do.
bool SaysNothingWasDone(std::string_view error) {
  for (const std::string_view begin :
       {"ERR unknown command", "ERR unknown subcommand", "ERR Unknown subcommand",
        "ERR wrong number of arguments", "NOPERM ", "NOAUTH "}) {
    if (error.starts_with(begin)) return true;
  }
  return false;
}

}  // namespace

Session::Session(SessionContext& context, std::string_view address, Front& front)
    : context_(context), front_(front), own_users_(context.users != nullptr), address_(address) {
  state_ = context.initial_state;
  if (context.near_cache != nullptr) {
    NearReader::Host& host = *this;  // in private
    near_ = std::make_unique<NearReader>(*context.near_cache, *this, host);
  }
  ResetIdentity();
}

Session::~Session() = default;

bool Session::pinned() const {
  return conversation_.needs_own_link() || !context_.upstream.sharing || at_.link->subscribed() ||
         at_.link->monitoring() || at_.link->proven() == ProvenState::Value::kUnknown;
}

bool Session::blocked() const {
  return conversation_.blocked() ||
         (at_.link != nullptr && (at_.link->subscribed() || at_.link->monitoring()));
}

void Session::ResumeLink() {
  if (at_.own()) at_.link->Resume();
}

void Session::EndInput() {
  // What answers in this process has answered; what waits there (BLPOP) is given up, as by Redis.
  if (context_.router->in_process()) return front_.CloseAfterOutput();
  if (!at_.own() || !awaits_replies() || !at_.link->EndInput()) return;
  conversation_.KeepLink();  // not to be used again
}

void Session::OnLinkIsYours(Link& link) {
  at_ = {&link, Attachment::Kind::kOwn};
  link.Introduce(ForLink());
}

void Session::OnLinkMoved(Link& link) {
  at_.link = &link;
  order_.Follow(&link);
}

// What a client without a proxy would have been told before its connection was closed.
void Session::OnLinkRefused(std::string_view error) {
  const boost::intrusive_ptr<Session> self(this);
  if (!closed_) {
    resp::ByteQueue text;
    resp::ReplyWriter(&text, protocol()).Error(error);
    Deliver(text.Data());
  }
  Close(CloseReason::kUpstreamLost);
}

void Session::OnLinkEnded() {
  if (closed_) return;
  if (resetting_ != Resetting::kNo) return FinishReset();
  at_.Detach();
  front_.CloseAfterOutput();
}

void Session::Prefetch(std::span<const resp::HashedKey> keys) {
  if (near_ != nullptr) context_.near_cache->Prefetch(keys);
  if (at_.link != nullptr) at_.link->Prefetch(keys);
  context_.metrics.keys.Prefetch(keys);
}

bool Session::Deliver(std::string_view bytes) {
  if (bytes.empty()) return false;
  resp::ByteQueue& to = front_.output();
  const size_t before = to.size();
  to.Append(bytes);
  return front_.OnOutput(before);
}

// What the proxy itself says, in its place among the replies.
void Session::Answer(std::string_view bytes) {
  if (idle()) {
    Deliver(bytes);
  } else {
    order_.Answer(bytes);
    LimitKept();
  }
}

// What an error quotes may have line breaks, which become spaces, as in Redis.
void Session::AnswerError(std::string_view text) {
  resp::ByteQueue error;
  resp::ReplyWriter(&error, protocol()).Error(text);
  Answer(error.Data());
}

// Replies that wait for their turn are output, too.
void Session::LimitKept(size_t by_link) {
  const uint64_t limit = context_.clients.output_limit;
  const uint64_t all = output().size() + order_.kept() + by_link;
  if (limit != 0 && all > limit) Close(CloseReason::kOutputLimit);
}

// Nothing in flight can change what the proxy itself answers to the next request.
bool Session::MayAnswer() const {
  return idle() ||
         ((own_users_ || !borrows_) && !conversation_.blocked() && conversation_.may_be_cached() &&
          !at_.own() && at_.kind != Attachment::Kind::kMoving);
}

Session::Taken Session::Submit(const resp::Request& request) {
  return Take(request, false);
}

Session::Taken Session::SubmitHead(const resp::Request& request) {
  return Take(request, true);
}

void Session::SubmitBody(std::string_view bytes) {
  // Not of a request that was answered here: its body would be requests of its own to Redis.
  if ((uploading() || conversation_.raw()) && at_.own()) at_.link->SendMore(bytes);
}

void Session::SubmitTail(const resp::Request& request) {
  SubmitBody(request.bytes);
  if (conversation_.raw()) return;
  // If CLIENT REPLY hides its reply, the link awaits none, and the last one is another's.
  const std::optional<Conversation::Upload> upload = conversation_.TakeUpload();
  if (upload.has_value() && upload->answered && at_.own()) {
    at_.link->FinishLast(request.args, upload->arguments);
  }
}

// In one piece with its caller, for all requests that nobody has to look at first.
[[gnu::always_inline]] inline Session::Taken Session::Run(const resp::Request& request,
                                                          Exchange& exchange) {
  if (!exchange.plain()) {
    if (HidesItsName(request, *exchange.spec))
      return Refuse(exchange, UnknownText(request, *exchange.spec));
    if (exchange.effect == Effect::kShutdown && conversation_.queueing() &&
        !context_.router->in_process())
      return Refuse(exchange, kNotInTransaction);
    AdaptToState(&exchange);
  }
  if (near_ != nullptr) [[unlikely]] {
    using Answer = NearReader::Answer;
    const bool may_serve = !exchange.in_pieces && exchange.purpose == Purpose::kClient;
    const Answer answer = may_serve ? near_->Ask(request, *exchange.spec) : Answer::kForward;
    waiting_ = waiting_ || answer == Answer::kWait;
    if (answer != Answer::kForward)
      return answer == Answer::kServed ? Taken::kYes : Taken::kDeferred;
  }
  const bool here = !exchange.plain() && AnswersHere(exchange.effect);
  const bool open = exchange.plain() && at_.open();
  using Route = Router::Route;
  Route route = Route::kGo;
  if (here) {
    if (!MayAnswerHere(exchange.effect)) route = Route::kDeferred;
  } else if (!open) {
    route = ChooseLink(exchange, request);
  }
  if (route != Route::kGo) [[unlikely]] {
    if (route == Route::kRefused) return Refuse(exchange, context_.router->refusal());
    waiting_ = true;
    return Taken::kDeferred;
  }
  context_.metrics.counters.requests[exchange.spec->id].Add();
  if (here) {
    AnswerHere(exchange.effect, request.args);
  } else {
    Send(request, exchange);
  }
  return Taken::kYes;
}

Session::Taken Session::Proceed(const resp::Request& request, Exchange& exchange) {
  return Run(request, exchange);
}

Session::Taken Session::Take(const resp::Request& request, bool in_pieces) {
  if (closed_) return Taken::kYes;
  Exchange exchange = MakeExchange(request, in_pieces, hides_reply());
  if (guarded_) [[unlikely]]
    return TakeGuarded(request, exchange);
  return Run(request, exchange);
}

Session::Taken Session::SubmitListing(const resp::Request& request) {
  if (closed_) return Taken::kYes;
  Exchange exchange = MakeExchange(request, false, hides_reply());
  exchange.purpose = Purpose::kListing;
  return guarded_ ? TakeGuarded(request, exchange) : Proceed(request, exchange);
}

// EXEC's reply may have messages among its elements, and in RESP2 they are lists like any other:
// nobody can tell where it ends.
bool Session::MixesMessages() const {
  if (!conversation_.queueing()) return false;
  const bool listens =
      conversation_.queued_listening() || (at_.link != nullptr && at_.link->subscribed());
  return listens && (protocol() == resp::Protocol::kResp2 || conversation_.queued_hello());
}

// What only the session knows of it.
void Session::AdaptToState(Exchange* exchange) const {
  const bool upstream = !context_.router->in_process();
  if (exchange->effect == Effect::kReplication) {
    exchange->raw =
        upstream && !conversation_.queueing();  // in one Redis refuses it, and answers in RESP
  }
  if (exchange->effect == Effect::kClientReply && conversation_.queueing()) {
    // Queued; from EXEC on replies may come without their number, or not at all.
    exchange->raw = upstream;
    exchange->effect = Effect::kPin;
    exchange->answered = !hides_reply();
  }
  if (exchange->effect == Effect::kExec && upstream && MixesMessages()) exchange->raw = true;
  // It puts an end to CLIENT REPLY OFF before it answers.
  if (exchange->effect == Effect::kReset) exchange->answered = true;
  // Confirmations are pushes, which CLIENT REPLY does not hide.
  if (resp::TraitsOf(exchange->effect).confirmed() && !conversation_.queueing())
    exchange->answered = true;
}

// Finds the link for this request.
Router::Route Session::ChooseLink(const Exchange& exchange, const resp::Request& request) {
  const bool attached = at_.link != nullptr;
  const bool forwards = context_.clients.names == ClientNames::kForward;
  const SessionState named = forwards ? ForLink() : SessionState();
  const Router::Asking asking{*this, forwards ? named : state_, address_, idle(),
                              attached && pinned()};
  const Router::Route route = context_.router->Choose(exchange, request, asking, &at_);
  if (route == Router::Route::kDeferred) return route;
  if (!attached && own_users_) Become(user_);  // the link is told
  return route;
}

void Session::Send(const resp::Request& request, Exchange& exchange) {
  exchange.requester = this;
  exchange.sent = context_.now;
  if (exchange.answered && context_.is_plain_lookup(*exchange.spec)) [[likely]] {
    exchange.rule = exchange.spec->hit.rule;
  } else {
    Consider(request, &exchange);
  }
  if (near_ != nullptr) [[unlikely]]
    near_->OnSent(request, exchange);
  const boost::intrusive_ptr<Link> link = at_.link;  // the reply may come, and change it, at once
  if (!exchange.plain()) Note(request, &exchange);
  if (exchange.answered && !exchange.raw) exchange.slot = order_.Open(link.get());
  link->Send(request, std::move(exchange));
}

// What it means for the session that this request goes on its way.
void Session::Note(const resp::Request& request, Exchange* exchange) {
  exchange->replies = AwaitedReplies(*exchange, request.argument_count());
  conversation_.OnSent({.effect = exchange->effect,
                        .in_pieces = exchange->in_pieces,
                        .answered = exchange->answered,
                        .arguments = request.argument_count(),
                        .last = request.args.empty() ? std::string_view() : request.args.back()});
  if (!exchange->raw) return;
  exchange->replies = 0;
  at_.link->GoRaw();
  conversation_.OnRaw();
  UpdateGuard();
}

void Session::OnEffect(Effect effect, const StateChange* change, const resp::ReplyHead& head) {
  if (closed_) return;
  switch (effect) {
    case Effect::kPin:
    case Effect::kMonitor:
      if (head.is_error()) conversation_.OnRefused();
      break;
    case Effect::kTaint:
      if (head.is_error() && SaysNothingWasDone(head.text)) conversation_.OnRefused();
      break;
    case Effect::kReset:
      if (head.is_error()) break;
      state_ = context_.initial_state;
      ResetIdentity();
      if (at_.link != nullptr) at_.link->ForgetSubscriptions();
      break;
    default:
      if (change == nullptr) break;
      if (change->identity.has_value() && !head.is_error()) {
        borrows_ = false;
        UpdateGuard();
      }
      state_ = head.is_error() ? change->CarriedOut(head.text).AppliedTo(std::move(state_))
                               : change->AppliedTo(std::move(state_));
      if (!at_.own()) break;
      at_.link->set_state(state_);
      if (context_.clients.names == ClientNames::kForward) at_.link->Introduce(ForLink());
      break;
  }
}

bool Session::OnReplyBytes(ReplySlot slot, std::string_view bytes) {
  if (closed_) return false;
  if (!order_.is_front(slot)) [[unlikely]] {
    order_.Keep(slot, bytes);
    LimitKept();
    return false;
  }
  return Deliver(bytes);
}

void Session::OnReplyEnd(const Exchange& exchange, const resp::ReplyHead& head) {
  if (near_ != nullptr) [[unlikely]]
    near_->OnReply(exchange, head);
  End(exchange.slot, head);
}

void Session::OnPushEnd(ReplySlot slot) {
  End(slot, resp::ReplyHead());
}

// All of what came in this place is there.
void Session::End(ReplySlot slot, const resp::ReplyHead& head) {
  const bool due = order_.Close(slot);
  if (closed_) return;
  const boost::intrusive_ptr<Session> self(this);
  if (due) [[unlikely]]
    Deliver(order_.TakeDue());
  if (closed_) return;
  front_.OnReply(head);
  if (!idle() || closed_) return;
  conversation_.OnAllAnswered();
  if (at_.kind == Attachment::Kind::kMoving) at_.Detach();  // to where state_ holds now
  if (at_.own()) {
    conversation_.Believe(at_.link->proven());
    if (!pinned()) context_.router->Release(&at_);
  }
  if (std::exchange(waiting_, false)) front_.OnMaySubmit();
}

void Session::OnLinkLost() {
  Close(CloseReason::kUpstreamLost);
}

void Session::OnLinkDown() {
  if (closed_) return;
  // What the connection knew of this session is gone with it. A client that has nothing there may
  // stay: its requests wait for the next connection.
  if (pinned()) {
    Close(CloseReason::kUpstreamLost);
  } else if (idle()) {
    at_.Detach();
  }
}

}  // namespace keyhole::core
