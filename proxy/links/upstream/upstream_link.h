// A connection to Redis, without the socket: bytes in, bytes out.
//
//              Connect           greeted              lost
//     kDown ----------> kGreeting ------> kReady ------------> kDown, or kGone
//       ^  requests wait   | HELLO AUTH SELECT   | requests flow
//       +------------------+ refused, lost
//
// The greeting (handshake.h) brings a fresh or reused connection into the state that its sessions
// need; no request is written before all of it has been answered, so none can run in a wrong
// database or under a wrong name.
//
// When the connection is lost, requests that were written, even in part, have an unknown outcome:
// their sessions are closed. Those not yet written wait for the next connection, for as long as
// --upstream-wait says.
//
// The edge moves the bytes: it reads into memory of its own and calls OnRead(), and it writes
// PrepareWrite() and reports with CommitWrite().
//
// Thread: the worker's that made it.
#pragma once

#include <algorithm>
#include <chrono>
#include <initializer_list>
#include <string>
#include <string_view>

#include "metrics/counters.h"
#include "proxy/base/backoff.h"
#include "proxy/links/link.h"
#include "proxy/links/transport.h"
#include "proxy/links/upstream/greeting.h"
#include "proxy/links/upstream/handshake.h"

namespace keyhole::core {

class UpstreamLink final : public Link, public UpstreamEnd {
 public:
  enum class Phase : uint8_t { kDown, kConnecting, kGreeting, kReady, kGone };

  // Whose it is.
  //
  //              given back, the first in its state
  //    kShared <------------------------------------ kPrivate <-- taken, given back --> kIdle
  //       |                                             |                                 |
  //       | in doubt, or one reads slowly               | its requester sends no more     |
  //       v                                             v                                 |
  //    kRetired ------------------------------------> kEnding                             |
  //       ^                                                            in doubt           |
  //       +-------------------------------------------------------------------------------+
  //
  // A retired link is nobody's, or the slow requester's alone, but is not given back: sessions that
  // have used it still know it, and would meet there whoever gets it next. kEnding: the requester's
  // until that is gone, then nobody's. Both lead to Phase::kGone only.
  enum class Role : uint8_t { kShared, kRetired, kPrivate, kIdle, kEnding };

  // What keeps links, and is told what becomes of them. It outlives them.
  class Keeper {
   public:
    // How long requests wait for a lost upstream.
    virtual std::chrono::milliseconds upstream_wait() const = 0;
    // It leads to a replica, which is to answer reads.
    virtual bool reads_only() const = 0;
    // The main link is up.
    virtual bool up() const = 0;
    // It is kept up always.
    virtual bool IsMain(const UpstreamLink& link) const = 0;
    // It has been greeted, or it is lost.
    virtual void OnUpstreamState(UpstreamLink& link, bool up) = 0;
    virtual void OnGreetingRefused(UpstreamLink& link, const Handshake& handshake) = 0;
    // Its greeting has told whether Redis asks those who give no password for one.
    virtual void OnPassword(UpstreamLink& link, bool asked) = 0;
    // Its queue, having been long, is short again.
    virtual void OnRoom(UpstreamLink& link) = 0;
    // It has ended for good.
    virtual void OnClosed(UpstreamLink& link) = 0;
    // A requester on a shared link reads slower than its replies come.
    virtual void OnSlowReader(UpstreamLink& link, Requester& slow) = 0;
    // A shared link is no longer proven clean.
    virtual void OnUnclean(UpstreamLink& link) = 0;
    // Redis refuses writes, as a replica does.
    virtual void OnReadOnly(UpstreamLink& link) = 0;
    // Redis holds requests for so long; zero: no longer.
    virtual void OnPause(std::chrono::milliseconds time) = 0;

   protected:
    ~Keeper() = default;
  };

  // owner: the one requester of a private link, null for a shared one.
  UpstreamLink(LinkContext& context, Keeper& keeper, SessionState state, Requester* owner);
  ~UpstreamLink() override;

  void Send(const resp::Request& request, Exchange&& pending) override;
  void SendMore(std::string_view bytes) override;

  Phase phase() const { return phase_; }
  const SessionState& state() const { return state_; }
  void set_state(const SessionState& state) override;
  bool EndInput() override;
  void Finish() override;
  // Brings a connection that nobody uses into the given state; identity and protocol must be the
  // same. What its owner is called is said in the same write as the first request; another database
  // is greeted anew, as requests must not run in a wrong one. REQUIRES: kReady and nothing pending,
  // if the database is another one.
  void Adopt(const SessionState& state, bool fence);
  // Whoever waits at `other` for a connection waits here instead, and the other way round. What is
  // waiting has not been written. REQUIRES: the same identity, protocol and database.
  void TradeWaiting(UpstreamLink& other);
  // A user who may not name a connection leaves it without a name, which is nobody's.
  void Introduce(const SessionState& state) override { SayName(state, is_named()); }
  // No session waits for a reply, and no state is in the connection but state(): any session may
  // use it.
  bool clean() const;
  void GoRaw() override { raw_ = true; }
  void Resume() override { Wake(); }

  // ---- for the edge
  void BindTransport(Transport* transport) override { transport_ = transport; }
  void OnConnected() override;
  bool OnRead(std::string_view bytes) override;
  bool wants_read() const override;
  std::string_view PrepareWrite() const override;
  void CommitWrite(size_t n) override;
  bool wants_shutdown() const override {
    return role_ == Role::kEnding && phase_ == Phase::kReady && out_.empty();
  }
  bool gone() const override { return phase_ == Phase::kGone; }
  void OnDisconnected() override;
  void Retain() override { intrusive_ptr_add_ref(static_cast<Link*>(this)); }
  void Release() override { intrusive_ptr_release(static_cast<Link*>(this)); }

  // ---- for the pool
  Role role() const { return role_; }
  bool is_shared() const { return role_ == Role::kShared && phase_ != Phase::kGone; }
  // A shared link that does not accept has each request looked at by the router.
  void set_accepting(bool accepting) { accepting_ = accepting && role_ == Role::kShared; }
  // Of a shared one: only scripts are sent to it, and what their sessions send behind them.
  bool for_scripts() const { return for_scripts_; }
  void set_for_scripts(bool for_scripts) { for_scripts_ = for_scripts; }
  // It takes over for another one, which Redis holds. Redis may refuse to hear its name for now.
  void Share(const SessionState& state) {
    SetRole(Role::kShared, nullptr);
    SayName(state, /*must_succeed=*/false);
  }
  // Asks something that Redis answers at once, if it answers at all. Gives the request's mark.
  uint64_t Probe();
  // The oldest request, which is pending since `sent`, has this mark. REQUIRES: pending() > 0.
  uint64_t oldest() const { return pending_.front().begin; }
  Instant oldest_sent() const { return std::max(pending_.front().sent, ready_since_); }
  // What answers have taken of late, a mean of some eight; 0: there was none.
  std::chrono::nanoseconds latency() const { return latency_; }
  bool has_answered(uint64_t mark) const { return pending_.empty() || oldest() > mark; }
  // owner: who has it for itself: of a private link always, of a retired or ending one perhaps;
  // null: nobody. REQUIRES: with an owner, nothing is pending but what that has sent.
  void SetRole(Role role, Requester* owner);
  // While it is idle: since then.
  Instant idle_since() const { return idle_since_; }
  void NoteUse() { idle_since_ = context_.now; }
  bool abandoned() const {
    return role_ == Role::kRetired && owner_ == nullptr && pending_.empty();
  }
  // Its owner's MULTI has been answered, and the next connection is to begin with it.
  bool is_early() const { return early_ >= Early::kOpen; }
  // It waits for the answer to its greeting since then.
  Instant greeting_since() const { return greeting_since_; }
  // What leads to a Redis that has become another is not shared or pooled again.
  void Outlive() { unclean_ = true; }
  void RetryNow() { backoff_ = Backoff(); }
  bool wants_connection() const;  // is down, and it is time to try again
  void OnConnecting();
  // Gives up on requests that have waited too long for a connection. One that is made and only
  // slow to answer its greeting is waited for, as a client would wait for its replies.
  void ExpireWaiting();
  void Close() override;
  bool is_full() const override { return out_.size() > kLongQueue; }

 protected:
  void OnSlowReader(Requester& slow) override;
  void OnAnswered(const Exchange& pending) override;
  void OnError(std::string_view error) override;
  void OnUnclean() override;
  void OnPause(std::chrono::milliseconds time) override { keeper_.OnPause(time); }

 private:
  static constexpr size_t kLongQueue = 4 * 1024 * 1024;
  enum class Early : uint8_t { kNo, kAsked, kOpen, kFailed };  // see upstream_link_busy.cc

  void Enqueue(const resp::Request& request, Exchange&& pending);
  void SendNamed(const resp::Request& request, Exchange&& pending);
  void Ask(Greeting::Words args, bool must_succeed);
  void SayName(const SessionState& state, bool must_succeed);
  bool is_named() const {
    return !state_.name.empty() || !state_.library.empty() || !state_.library_version.empty();
  }
  void Wake();
  // Links are written in the order in which they wake: one that cannot write yet must not.
  void WakeIfReady() {
    if (phase_ == Phase::kReady) Wake();
  }
  void StartGreeting(Greeting greeting);
  bool OnGreeting(std::string_view bytes);
  void OnGreeted();
  bool GreetOtherwise();
  bool OnBusy();
  void OnEarlyAnswer();
  void AnswerWaiting();
  std::string_view FrontBytes() const;
  void AnswerFront(std::string_view reply);
  void BeginAnew();
  bool is_busy() const;
  void AddEarly(Greeting* greeting) const {
    if (is_early()) greeting->BeginTransaction(early_ == Early::kFailed);
  }
  struct Waiting;
  Waiting TakeWaiting();
  void GiveWaiting(Waiting waiting);
  void DropWritten();
  void DropAbandoned();
  void CountLoss(Phase was);
  metrics::Gauge& gauge() const;

  Keeper& keeper_;
  SessionState state_;
  Role role_;
  Phase phase_ = Phase::kDown;
  Transport* transport_ = nullptr;
  resp::ByteQueue out_;  // requests not yet written
  Handshake handshake_;
  bool greets_otherwise_ = false;  // the greeting is Greeting::Otherwise()
  bool for_scripts_ = false;
  bool unclean_ = false;  // by more than what the replies prove: it is called by a wrong name
  Early early_ = Early::kNo;
  std::string busy_;         // how Redis refused the greeting
  uint64_t refused_at_ = 0;  // so much had been asked when it did
  bool fence_ = false;       // its owner needs a fence; the next greeting ends with one
  uint64_t written_ = 0;     // bytes of requests written since the link was made
  uint64_t adopted_ = 0;     // where the requests of its owner begin among them
  bool was_ready_ = false;
  Instant greeting_since_{};
  Instant ready_since_{};
  std::chrono::nanoseconds latency_{};
  Instant idle_since_{};
  Backoff backoff_;
};

}  // namespace keyhole::core
