// What the proxy knows of one client, whatever it speaks: where its requests go, and that their
// replies come back in order. The one door into the house: RESP clients (client_session.h) and the
// HTTP adapter (http_session.h) both pass through Submit().
//
// Which link a request goes to the router says. Where there is one Redis that is one link at a
// time, changed only when all earlier replies have come, so a session's requests never overtake
// each other:
//
//     GET a   shared    |
//     MULTI   private   | waits until the reply to GET a is here
//     SET b   private
//     EXEC    private   | once answered, the private link goes back to the pool
//     GET b   shared
//
// Where keys are spread over several, requests are in flight on several links at once, and
// ReplyOrder puts their replies in order.
//
// Which requests need a private link is a column of the command table (resp::Effect). Database,
// protocol, identity and name are values (SessionState): a session that changes them moves to a
// link where they already hold, or changes them on a private link, which then is one.
//
// Thread: the worker's that made it. Reference counted, because pending requests refer to their
// session even after its client has gone.
#pragma once

#include <boost/smart_ptr/intrusive_ptr.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "metrics/counters.h"
#include "proxy/links/connection_state.h"
#include "proxy/links/exchange.h"
#include "proxy/links/link.h"
#include "proxy/links/requester.h"
#include "proxy/links/router.h"
#include "proxy/near_cache/near_reader.h"
#include "proxy/sessions/client_address.h"
#include "proxy/sessions/client_info.h"
#include "proxy/sessions/conversation.h"
#include "proxy/sessions/front.h"
#include "proxy/sessions/reply_order.h"
#include "proxy/sessions/session_context.h"
#include "resp/byte_queue.h"
#include "resp/command_table.h"
#include "resp/hashed_key.h"
#include "resp/request_parser.h"

namespace keyhole::core {

class User;

class Session final : public Requester, private NearReader::Host {
 public:
  // kDeferred: earlier replies must come first; OnMaySubmit() tells when, submit the same again
  // then.
  enum class Taken : uint8_t { kYes, kDeferred };

  // address: of the client, for those who ask who it is. front: who has it, see Front.
  Session(SessionContext& context, std::string_view address, Front& front);
  ~Session() override;

  SessionContext& context() { return context_; }

  // Requests about these keys will be submitted next, or so it seems.
  void Prefetch(std::span<const resp::HashedKey> keys);
  // A command without words and reply, of a front in this process. False: Submit() it.
  bool Direct(resp::DirectCommand* command);
  // One whole request.
  Taken Submit(const resp::Request& request);
  // One whole read of a person who lists what is there: it counts as no lookup of its keys.
  Taken SubmitListing(const resp::Request& request);
  // One in pieces: see resp::RequestParser. Body and tail are always taken.
  Taken SubmitHead(const resp::Request& request);
  void SubmitBody(std::string_view bytes);
  void SubmitTail(const resp::Request& request);

  // The client is gone, or is to go: no more is delivered. Idempotent.
  void Close(metrics::CloseReason reason);
  // Nothing is awaited from any link.
  bool idle() const { return order_.idle(); }
  // A request of it waits for something to happen (BLPOP), or it listens to messages.
  bool blocked() const;
  // Where its client is; not to be called for those that have no limits.
  void set_origin(ClientAddress::Pointer origin) {
    origin_ = std::move(origin);
    UpdateGuard();
  }
  // Bytes of replies that wait for their turn.
  size_t kept() const { return order_.kept(); }
  // The context has other users, rules or credentials than before. before: what its initial_state
  // was. It is closed if its user is gone.
  void OnReload(const SessionState& before);
  // The link has nothing more to say, see Link::ended().
  bool link_has_ended() const { return at_.link != nullptr && at_.link->ended(); }
  // Something has begun that a later request ends: MULTI, WATCH.
  bool in_transaction() const { return conversation_.queueing() || conversation_.watching(); }
  // A request in pieces is under way.
  bool uploading() const { return conversation_.uploading(); }
  // The link's queue is long: better read no more requests now.
  bool link_is_full() const { return at_.link != nullptr && at_.link->is_full(); }

  // No password is asked of it, or it has given one. In front of a Redis that is Redis' affair:
  // true.
  bool authenticated() const;

  const SessionState& state() const { return state_; }
  // Who the client is to the proxy; null: nobody yet, or nobody is asked.
  const User* user() const { return user_; }
  const std::string& address() const { return address_; }
  ClientInfo Describe() const;

  bool has_link() const { return at_.link != nullptr; }
  // What reads are asked from before they go to a link; null: there is no near cache.
  NearReader* near() { return near_.get(); }
  bool may_be_served_near() const final;
  // Nothing that it may ask needs to be checked first.
  bool unrestricted() const;
  // The front itself has something to say, after all replies. REQUIRES: idle(), or uploading().
  // True: the client does not take bytes as fast as they come.
  bool Deliver(std::string_view bytes);
  // output_is_long() has become false.
  void ResumeLink();
  // The client sends no more. On a private link that is passed on, and what becomes of requests in
  // flight (a BLPOP that waits) is up to Redis, as without a proxy.
  void EndInput();
  // Replies may still come; of what is not understood nobody can tell.
  bool awaits_replies() const { return !idle() || conversation_.raw(); }

  // ---- for links
  std::string ForPeople() const final;
  Endpoint OwnAddress() const final { return front_.OwnAddress(); }
  resp::ByteQueue& output() final { return front_.output(); }
  void OnOutput(size_t before) final { front_.OnOutput(before); }
  bool output_is_long() const final { return front_.output_is_long(); }
  bool OnReplyBytes(ReplySlot slot, std::string_view bytes) final;
  void OnEffect(resp::Effect effect, const StateChange* change, const resp::ReplyHead& head) final;
  void OnReplyEnd(const Exchange& exchange, const resp::ReplyHead& head) final;
  ReplySlot OnPushBegin(const Link& link) final { return order_.Open(&link); }
  void OnPushEnd(ReplySlot slot) final;
  void OnLinkLost() final;
  void OnLinkIsYours(Link& link) final;
  void OnLinkMoved(Link& link) final;
  void OnLinkRefused(std::string_view error) final;
  void OnLinkReady() final { OnNearFence(); }
  void OnLinkKeeps(size_t bytes) final {
    if (!closed_) LimitKept(bytes);
  }
  void OnLinkEnded() final;
  void OnLinkDown() final;

 private:
  using Effect = resp::Effect;
  // RESET, while what was sent before it is on its way to be carried out. kSilently: CLIENT REPLY
  // SKIP hides that it is done.
  enum class Resetting : uint8_t { kNo, kAnswered, kSilently };

  Taken Take(const resp::Request& request, bool in_pieces);
  Taken Proceed(const resp::Request& request, Exchange& exchange);
  Taken Run(const resp::Request& request, Exchange& exchange);
  bool MixesMessages() const;
  void AdaptToState(Exchange* exchange) const;
  bool AnswersHere(Effect effect) const;
  bool MayStop() const;
  void AnswerHere(Effect effect, std::span<const std::string_view> args);
  void AnswerAsSentinel(std::span<const std::string_view> args);
  [[gnu::noinline]] Router::Route ChooseLink(const Exchange& exchange,
                                             const resp::Request& request);
  void Send(const resp::Request& request, Exchange& exchange);
  [[gnu::noinline]] void Note(const resp::Request& request, Exchange* exchange);
  [[gnu::noinline]] void Consider(const resp::Request& request, Exchange* exchange);
  void End(ReplySlot slot, const resp::ReplyHead& head);
  void Answer(std::string_view bytes);
  void AnswerError(std::string_view text);
  void LimitKept(size_t by_link = 0);
  bool MayAnswer() const;
  bool MayAnswerHere(Effect effect) const;
  bool pinned() const;
  std::string_view WhyOwnLink() const;
  SessionState ForLink() const;
  bool hides_reply() const { return conversation_.hides_reply(); }
  bool skips_reply() const { return conversation_.replies() == Conversation::Replies::kSkipNext; }
  void BeginReset(Resetting how);
  void FinishReset();
  void AnswerReset(Resetting how);
  void Reset();
  bool HidesItsName(const resp::Request& request, const resp::CommandSpec& spec) const;
  static std::string UnknownText(const resp::Request& request, const resp::CommandSpec& spec);

  // session_access.cc: who may do what
  [[gnu::noinline]] Taken TakeGuarded(const resp::Request& request, Exchange& exchange);
  bool ComesTooSoon();
  Taken TakeByUser(const resp::Request& request, Exchange& exchange);
  Taken TakeFromBorrower(const resp::Request& request, Exchange& exchange);
  bool IsAllowed(const resp::CommandSpec& spec, std::span<const std::string_view> args) const;
  Taken LogIn(const resp::Request& request, const Exchange& exchange);
  Taken Greet(const resp::Request& request, Exchange& exchange);
  std::string ReadHello(std::span<const std::string_view> args,
                        std::vector<std::string_view>* rest);
  Taken AnswerWhoAmI(const Exchange& exchange);
  Taken ProceedWith(std::span<const std::string_view> args, bool answered);
  Taken Refuse(const Exchange& exchange, std::string_view error);
  bool MustWait();
  void SendUnheard(resp::CommandId id);
  void ResetIdentity();
  void Become(const User* user);
  void UpdateGuard();
  Taken TakeRaw(const resp::Request& request, const Exchange& exchange);

  // for the near cache
  bool sees_near_cache() const final;
  void OnServedNear() final { front_.OnAnsweredHere(); }
  void DeliverNear(std::string_view bytes) final { Answer(bytes); }
  void OnNearFence() final;

  SessionContext& context_;
  Front& front_;                      // not to be called once closed()
  std::unique_ptr<NearReader> near_;  // null: there is no near cache
  // state_ is towards Redis or the store; with users of our own it is not who the client is.
  const User* user_ = nullptr;          // who it is to us; null: nobody, or we ask nobody
  std::shared_ptr<const Users> users_;  // that user_ is of: a reload may have made others
  bool own_users_;                      // we ask
  bool borrows_ = false;  // it uses the credentials in --upstream, having given none itself
  bool guarded_ = false;  // not everything may be carried out unseen
  const std::string address_;
  ClientAddress::Pointer origin_;  // null: its requests are not limited
  Attachment at_;
  ReplyOrder order_;
  Conversation conversation_;
  Resetting resetting_ = Resetting::kNo;
  bool waiting_ = false;  // the last Submit() gave kDeferred
};

}  // namespace keyhole::core
