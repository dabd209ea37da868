// The near cache's own connection to Redis, without the socket: over it values are fetched, and
// over it Redis says when they change. One stream, in the order in which things happened at Redis:
//
//     ->  CLIENT CACHING YES | GET k | PTTL k | PING |
//     <-  +OK | $5 hello | :-1 | >2 invalidate [m] | +PONG |
//         \______ a fill of k ___/   m has changed     all that changed before the PING came
//                                                      to Redis has been told by now: a fence
//
// Tracking is asked for with OPTIN: Redis remembers only keys that are fetched here. GET comes
// before PTTL, so a change between the two is told already. A fill whose key changes before its
// PTTL is read is marked so; nothing else has to be compared, as the stream is in order.
//
//     kDown --Connect--> kGreeting --HELLO, CLIENT TRACKING accepted--> kReady --lost--> kDown
//                        (handshake.h)
//
// Every --near-cache-heartbeat a ROLE is sent, a fence too: it tells that the connection still
// carries what is sent, and that this Redis has not become a replica.
//
// Thread: its worker's.
#pragma once

#include <boost/smart_ptr/intrusive_ref_counter.hpp>
#include <chrono>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

#include "metrics/near_counters.h"
#include "proxy/base/backoff.h"
#include "proxy/base/endpoint.h"
#include "proxy/base/fifo.h"
#include "proxy/links/connection_state.h"
#include "proxy/links/link_context.h"
#include "proxy/links/transport.h"
#include "proxy/links/upstream/handshake.h"
#include "proxy/near_cache/options.h"
#include "resp/byte_queue.h"
#include "resp/reply_scanner.h"

namespace keyhole::core {

// The Redis whose values are kept, and who the connection to it is there.
struct NearSource {
  Endpoint endpoint;
  SessionState state;
};

// A key that is being fetched.
struct NearFetch {
  using Instant = std::chrono::steady_clock::time_point;

  std::string key;
  uint32_t epoch = 0;       // of writes to it, when it was asked for
  uint64_t generation = 0;  // of the cache, see NearCache
  Instant sent{};
  bool changed = false;  // since
};

class NearLink final : public UpstreamEnd,
                       public boost::intrusive_ref_counter<NearLink, boost::thread_unsafe_counter> {
 public:
  using Instant = NearFetch::Instant;
  using NearState = metrics::NearState;

  // Who is told what the stream says, in its order. None of them may end the link but OnLost.
  class Listener {
   public:
    virtual void OnNearReady() = 0;
    // value: the reply to GET, empty if it was no value, too long or an error. ttl: none: for ever.
    virtual void OnFetched(const NearFetch& fetch, std::string_view value, bool is_null,
                           std::optional<std::chrono::milliseconds> ttl) = 0;
    virtual void OnChanged(std::string_view key) = 0;
    virtual void OnAllChanged() = 0;
    // Fence number `number`, sent then, has come back.
    virtual void OnFence(uint64_t number, Instant sent) = 0;
    // Nothing that was fetched may be trusted any longer. why: kConnecting if it is to be tried
    // again soon. It may be the answer to an attempt that never was ready.
    virtual void OnNearLost(NearState why, std::string_view reason) = 0;

   protected:
    ~Listener() = default;
  };

  // All of them outlive this, but for the source.
  NearLink(LinkContext& context, NearSource source, const NearOptions& options, Listener& listener);
  ~NearLink();

  bool ready() const { return phase_ == Phase::kReady; }
  // Asks for a key. REQUIRES: ready().
  void Fetch(NearFetch fetch);
  size_t fetching() const { return fetches_.size(); }
  // Sends a fence, whose number is next_fence() as it was before. REQUIRES: ready().
  void SendFence();
  // The first fence that will reach Redis after all that has come from it so far: fences that are
  // not yet written count.
  uint64_t next_fence() const { return fences_written_ + 1; }
  uint64_t last_fence() const { return fences_sent_; }
  // The oldest fence that is awaited has been so since then; none if none is.
  std::optional<Instant> awaiting_since() const;

  // To be called ten times a second: connects, sends heartbeats, ends what no longer answers.
  void Tick(Connector& connector, bool upstream_up);
  void Stop();
  // The values are from there from now on: connects anew.
  void MoveTo(NearSource source);

  // ---- for the edge
  void BindTransport(Transport* transport) override { transport_ = transport; }
  void OnConnected() override;
  bool OnRead(std::string_view bytes) override;
  bool wants_read() const override { return true; }
  std::string_view PrepareWrite() const override;
  void CommitWrite(size_t n) override;
  bool wants_shutdown() const override { return false; }
  bool gone() const override { return phase_ == Phase::kGone || closing_; }
  void OnDisconnected() override;
  void Retain() override;
  void Release() override;

 private:
  enum class Phase : uint8_t { kDown, kConnecting, kGreeting, kReady, kGone };
  // What the next reply answers.
  enum class Awaited : uint8_t {
    kCaching,
    kGet,
    kPttl,
    kFence,
    kRole,  // a fence as well
  };

  void Say(std::initializer_list<std::string_view> args, Awaited awaited);
  void OnReply(const resp::ReplyHead& head, std::string_view bytes);
  void OnGreeting(const resp::ReplyHead& head, std::string_view bytes);
  void OnHello(std::string_view bytes);
  void OnFilled(const resp::ReplyHead& pttl);
  void OnFenceReply();
  void OnPush(std::string_view bytes);
  void Lose(NearState why, std::string_view reason);
  void Wake();

  LinkContext& context_;
  NearSource source_;
  const NearOptions& options_;
  Listener& listener_;
  Transport* transport_ = nullptr;
  Phase phase_ = Phase::kDown;
  bool closing_ = false;  // the edge has still to close the connection that was given up
  Handshake handshake_;
  resp::ByteQueue out_;
  resp::ReplyScanner scanner_;
  std::string reply_;      // what has come of the current one, if it comes in parts
  bool too_long_ = false;  // it is not kept
  Fifo<Awaited> awaited_;
  Fifo<NearFetch> fetches_;
  bool tracked_ = false;  // the fetch at the front: CLIENT CACHING was accepted
  std::string value_;     // of it, as its reply was
  bool is_null_ = false;
  Fifo<Instant> fences_;  // awaited: when each was sent
  uint64_t fences_sent_ = 0;
  uint64_t fences_written_ = 0;
  uint64_t fences_done_ = 0;
  Instant heartbeat_at_{};
  Instant began_{};  // to connect
  Backoff backoff_;
};

}  // namespace keyhole::core
