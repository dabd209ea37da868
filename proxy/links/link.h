// Where a session's requests go and their replies come from: a Redis (upstream_link.h) or the
// embedded store (store_link.h). What is common to both is here: matching replies to requests, in
// order, and counting what they tell.
//
//     requests ->  | GET a (s1) | GET b (s2) | MULTI (s1) |   pending_, oldest first
//     replies  ->    $1..         $-1          +OK
//                    to s1, hit   to s2, miss  to s1
//
// One reply is awaited per request, but for: pushes, messages and MONITOR's lines, which come on
// their own; SUBSCRIBE, which is confirmed once per channel; EXEC, whose elements are taken as
// replies of their own, to the requests that were queued; CLIENT REPLY OFF.
//
// A link that belongs to one session only is private; its owner gets every byte that comes.
// Requests of a session that has gone stay pending: their replies come all the same, and are
// dropped.
//
// Thread: the worker's that made it.
#pragma once

#include <boost/smart_ptr/intrusive_ptr.hpp>
#include <boost/smart_ptr/intrusive_ref_counter.hpp>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/base/fifo.h"
#include "proxy/links/connection_state.h"
#include "proxy/links/exchange.h"
#include "proxy/links/key_queue.h"
#include "proxy/links/link_context.h"
#include "proxy/links/proven_state.h"
#include "proxy/links/requester.h"
#include "resp/command_table.h"
#include "resp/direct_command.h"
#include "resp/hashed_key.h"
#include "resp/hit_rule.h"
#include "resp/reply_scanner.h"
#include "resp/request_parser.h"

namespace keyhole::core {

class Link : public boost::intrusive_ref_counter<Link, boost::thread_unsafe_counter> {
 public:
  explicit Link(LinkContext& context);
  virtual ~Link();
  Link(const Link&) = delete;
  Link& operator=(const Link&) = delete;

  // Sends a request. With pending.replies == 0 no reply is awaited.
  // The reply may come before this returns.
  virtual void Send(const resp::Request& request, Exchange&& pending) = 0;
  // Carries it out now. False: a request must ask for it.
  virtual bool Direct(resp::DirectCommand*) { return false; }
  // Requests about these keys will follow, or so it seems.
  virtual void Prefetch(std::span<const resp::HashedKey>) {}
  // Its session has become this user of the proxy's own.
  virtual void OnUser(std::string_view) {}
  // The other side has ended the conversation; close when all replies have been sent.
  virtual bool ended() const { return false; }
  // More bytes of the request that was sent last.
  virtual void SendMore(std::string_view bytes) = 0;
  // It takes requests of sessions that need nothing of their connection.
  bool accepting() const { return accepting_; }
  // So much waits to be written, or to be run, that no more should be added.
  virtual bool is_full() const { return false; }
  // Its session has given the password that it asks for.
  virtual bool authenticated() const { return true; }
  // The one session of this link keeps connections from others. Asked only of such a link.
  virtual bool keeps_connections() const { return true; }

  // ---- for the one session of a link
  // The connection now has another state: a request has changed it.
  virtual void set_state(const SessionState&) {}
  // Says who uses the connection from now on: name and library of `state`.
  virtual void Introduce(const SessionState&) {}
  // Everything that comes from now on goes to the session as it is. REQUIRES: nothing of it is
  // pending.
  virtual void GoRaw() {}
  // Reading may go on: the session's output has become short again.
  virtual void Resume() {}
  // The session sends no more: the other side is told so as soon as all is written, and then ends
  // the connection in its own way, as it would that of the client itself. False: it has been told.
  virtual bool EndInput() { return false; }
  // The session has gone and awaits nothing: what it sent is still written, then this ends.
  virtual void Finish() {}
  // Ends it at once.
  virtual void Close() {}

  // The last piece of a request has been sent; its late arguments tell what it is.
  // arguments: how many it has in all.
  void FinishLast(std::span<const std::string_view> late_arguments, size_t arguments);

  bool subscribed() const { return channels_ + patterns_ + shards_ > 0; }
  // RESET has ended them.
  void ForgetSubscriptions() { channels_ = patterns_ = shards_ = 0; }
  bool monitoring() const { return monitoring_; }
  size_t pending() const { return pending_.size(); }
  // What the replies have proven so far; with nothing pending it is the truth.
  ProvenState::Value proven() const { return proven_.value(); }
  // All that is pending is the requester's. Cost: one comparison each.
  bool PendingOnlyOf(const Requester& requester) const;

 protected:
  // A session on this shared link does not read as fast as its replies come.
  virtual void OnSlowReader(Requester&) {}
  // A link that is not one session's is no longer proven clean: nobody else may use it.
  virtual void OnUnclean() {}
  // A request has been answered; called before its session is told.
  virtual void OnAnswered(const Exchange&) {}
  // A request of a session was refused with this error.
  virtual void OnError(std::string_view) {}
  // The server holds requests of all connections for so long; zero: no longer.
  virtual void OnPause(std::chrono::milliseconds) {}
  // The connection is a new one: nothing has come, and nothing is known of it.
  void BeginConnection() {
    scanner_ = resp::ReplyScanner();
    proven_ = ProvenState();
    push_ = false;
  }
  // Bytes of replies. False if they make no sense here: the link is beyond use.
  bool Receive(std::string_view bytes);
  // Bytes that answer no request, where the other side tells what does. REQUIRES: no reply has
  // begun.
  void ReceivePush(std::string_view bytes);
  // What it counts as can be told without a reply.
  bool MayAskDirectly(resp::CommandId id) const;
  // Counts what Direct() has done.
  void NoteDirect(const resp::DirectCommand& command);
  // Notes what is awaited, with the keys to be counted. Called by Send(). REQUIRES: a listing does
  // not have its only key as its first argument.
  void Expect(const resp::Request& request, Exchange&& pending);
  // The same and its reply, in one: it is in the owner's output, behind the first `before` bytes.
  // REQUIRES: nothing is pending, and the reply is one that any request may have: no message, no
  // confirmation, no EXEC's; or is not whole, and ended() is true. first: its only key, if it has
  // been hashed.
  void Answered(const resp::Request& request, Exchange&& pending, size_t before,
                const resp::HashedKey& first);
  // Drops the keys of the oldest pending request, which has been taken off the queue ...
  void ForgetKeysOf(const Exchange& pending);
  // ... or moves them behind all others, as the request itself.
  void RequeueKeysOf(const Exchange& pending);
  // The same with copies that outlive the link: taken off here, put behind all others there.
  std::vector<std::string> TakeKeysOf(const Exchange& pending);
  void GiveKeys(std::span<const std::string> keys) {
    for (const std::string& key : keys) keys_.Push(key);
  }

  LinkContext& context_;
  bool accepting_ = true;
  Requester* owner_ = nullptr;    // of a private link
  bool pushes_are_told_ = false;  // by ReceivePush(); all that Receive() has are replies
  bool raw_ = false;              // what comes is not RESP (replication): to the owner as it is
  Fifo<Exchange> pending_;
  resp::ReplyScanner scanner_;
  ProvenState proven_;

 private:
  struct Transaction {
    std::vector<Exchange> queued;  // requests that Redis holds until EXEC
    KeyQueue keys;
    int64_t left = 0;  // elements of EXEC's reply still to come
    size_t next = 0;   // which of `queued` the next one belongs to
  };

  bool ReceiveReply(std::string_view* bytes);
  bool ReceiveRaw(std::string_view bytes);
  void BeginReply(char type);
  bool EndReply();
  bool EndExec(const resp::ReplyHead& head);
  bool IsPush(const resp::ReplyHead& head) const;
  static bool IsConfirmation(const resp::CommandSpec& spec, const resp::ReplyHead& head);
  bool NoteSubscription(Exchange& pending, const resp::ReplyHead& head);
  void BeginPush();
  bool EndPush();
  void Complete(const resp::ReplyHead& head);
  // Key: a view, or with its hash.
  template <typename Key>
  bool Note(Exchange& pending, KeyViews keys, const Key& first, const resp::ReplyHead& head);
  [[gnu::noinline]] void Tell(const Exchange& pending, KeyViews keys, const resp::ReplyHead& head);
  [[gnu::noinline]] void NoteSlow(const Exchange& pending, KeyViews keys,
                                  const resp::ReplyHead& head);
  [[gnu::noinline]] void NoteUncounted(const Exchange& pending, const resp::ReplyHead& head);
  void Report(Exchange& pending, bool queued, const resp::ReplyHead& head);
  void Prove(resp::Effect effect, const StateChange* change, const resp::ReplyHead& head);
  template <typename Key>
  void Count(const resp::CommandSpec& spec, resp::HitRule rule, KeyViews keys, const Key& first,
             const resp::ReplyHead& head);
  template <typename Key>
  void CountKey(const resp::CommandSpec& spec, resp::HitRule rule, const Key& key,
                const resp::ReplyHead& head, size_t element, uint64_t bytes);
  [[gnu::noinline]] void CountMany(const resp::CommandSpec& spec, resp::HitRule rule, KeyViews keys,
                                   const resp::ReplyHead& head);

  // The keys of a request that Link has to keep: of a lookup all of them, of others the first one
  // (all of them, for an observer).
  [[gnu::noinline]] void KeepKeys(const resp::Request& request, Exchange* pending);
  template <typename F>
  void ForEachKeptKey(const resp::Request& request, const Exchange& pending, F&& f) const;
  [[gnu::noinline]] void NotifyObserver(const resp::CommandSpec& spec, KeyViews keys,
                                        const resp::ReplyHead& head);

  KeyQueue keys_;                        // of all that is pending
  std::vector<std::string_view> given_;  // reused by Answered()
  Transaction transaction_;
  boost::intrusive_ptr<Requester> receiver_;  // of the reply that is coming; null: dropped
  ReplySlot slot_ = kStraight;                // its place there
  bool push_ = false;                         // it answers no request, and none is pending
  int64_t channels_ = 0;
  int64_t patterns_ = 0;
  int64_t shards_ = 0;
  bool monitoring_ = false;
};

}  // namespace keyhole::core
