// The near cache of one worker: the hottest keys, answered from the process' own memory. Redis says
// when they change (near_link.h), so what is served is as old as that message, and never older than
// --near-cache-heartbeat bounds.
//
//     GET k --> Find --hit--> may this session see it? --yes--> served
//                |               | it has seen something newer: not before a fence
//                | miss          '-- its state forbids it: to Redis
//                '--> to Redis; asked for often enough? --> Fetch --> Redis ... --> Insert
//
// Consistency. *causal*: whatever a session has been told by Redis, it is not served anything
// older. Each reply from Redis sets what the session needs: the next fence. Until that has come
// back its hits wait; one fence serves all who wait in a turn of the loop. This covers its own
// writes, by scripts and transactions too, locks it took and messages it got. *eventual*: only
// replies to what may write ask for a fence.
//
// Writes that pass through are noted before and after for all workers (near_shared.h), so that no
// other client is served the old value once the writer has been answered.
//
// Thread: its worker's.
#pragma once

#include <boost/smart_ptr/intrusive_ptr.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "metrics/near_counters.h"
#include "proxy/links/connection_state.h"
#include "proxy/links/link_context.h"
#include "proxy/links/reply_observer.h"
#include "proxy/links/requester.h"
#include "proxy/links/transport.h"
#include "proxy/near_cache/near_ghost.h"
#include "proxy/near_cache/near_link.h"
#include "proxy/near_cache/near_shared.h"
#include "proxy/near_cache/near_table.h"
#include "proxy/near_cache/options.h"
#include "resp/command_table.h"
#include "resp/reply_scanner.h"

namespace keyhole::core {

class Router;

class NearCache final : public ReplyObserver, private NearLink::Listener {
 public:
  using Instant = NearEntry::Instant;

  // What is cached are the replies to this one; a request for several keys is put together of them.
  static constexpr resp::CommandId kOneKey = resp::CommandId::kGet;
  static constexpr resp::CommandId kManyKeys = resp::CommandId::kMget;

  // bytes: of this worker, > 0. All of them outlive this, but for the source.
  NearCache(LinkContext& context, const Router& router, NearSource source,
            const NearOptions& options, uint64_t bytes, NearShared& shared);
  ~NearCache();

  void Start(Connector& connector);
  void Stop();
  // To be called ten times a second.
  void Tick();
  // The options have been changed; bytes: of this worker, > 0.
  void OnOptions(uint64_t bytes);
  // The values are from there from now on.
  void MoveTo(NearSource source);

  // ---- for sessions
  // Longer keys are not looked at.
  static constexpr size_t kLongestKey = 1024;
  // These will be asked for next, or so it seems: has the processor fetch what will be looked at.
  void Prefetch(std::span<const resp::HashedKey> keys) const;
  // Next to nothing of late was here: few reads are looked at.
  bool sparing() const { return sparing_ && !serving_stale_; }
  // True if a read of these keys is to be passed on without looking, because of that. Counts it.
  bool Spares(std::span<const std::string_view> keys);
  // An entry that may be served now, as far as the cache itself is concerned; null: there is none.
  NearEntry* Find(const resp::HashedKey& key);
  // A read that might have been answered from here is passed on; entry: what there is. If there is
  // none the key is fetched, when it is worth it.
  void NotePassedOn(const resp::HashedKey& key, const NearEntry* entry);
  // A session that needs this fence may be served.
  bool Satisfies(uint64_t fence) const { return fence <= fence_done_ || ServesStale(); }
  // Who waits for a fence.
  class Waiter {
   public:
    // It has come back, or never will.
    virtual void OnFence() = 0;

   protected:
    ~Waiter() = default;
  };
  // The waiter is a part of the requester, which lives until it has been told. False: it would take
  // too long; better ask Redis.
  bool Await(Waiter& waiter, Requester& requester, uint64_t fence);
  // A request for several keys is answered, too.
  bool serves_many() const { return options_.mget; }
  LinkContext& context() { return context_; }
  // The entry has been sent to a client. Counts it.
  void NoteServed(NearEntry& entry, const resp::HashedKey& key);

  // ---- for sessions and links: what passes through
  void OnSent(const resp::CommandSpec& spec, std::span<const std::string_view> args, bool whole);
  void OnAnswered(const resp::CommandSpec& spec) override;
  void OnAnsweredFor(const resp::CommandSpec& spec, std::string_view key, uint64_t bytes) override;
  // What is kept comes by the connection of this end.
  bool IsLink(const UpstreamEnd& end) const { return link_.get() == &end; }
  // The fence that a session needs once it has this reply.
  uint64_t NeedNow() const { return link_->next_fence(); }
  // Sessions may be served what is older than what they have read.
  bool eventual() const { return !causal_; }
  uint64_t NeedAfter(const resp::CommandSpec& spec, const resp::ReplyHead& head, uint64_t need);

  // Drops the entries whose keys begin so, or the one with this key. How many there were.
  size_t PurgePrefix(std::string_view prefix);
  size_t PurgeKey(std::string_view key);
  // It keeps this key. For people: counts as no use of it.
  bool Has(std::string_view key) const { return table_.Find(resp::HashedKey(key)) != nullptr; }

 private:
  static constexpr size_t kMostFetches = 256;

  void OnNearReady() override;
  void OnFetched(const NearFetch& fetch, std::string_view value, bool is_null,
                 std::optional<std::chrono::milliseconds> ttl) override;
  void OnChanged(std::string_view key) override;
  void OnAllChanged() override;
  void OnFence(uint64_t number, Instant sent) override;
  void OnNearLost(metrics::NearState why, std::string_view reason) override;

  bool Covers(std::string_view key) const;
  bool Serves() const;
  bool ServesStale() const;
  bool Fetch(const resp::HashedKey& key);
  void NoteLook(bool found);
  void BeginWindow(bool sparing);
  bool Good(NearEntry& entry);
  void EndStay(NearEntry& entry);
  void Flush(metrics::NearDrop why);
  void ResumeWaiting(bool all);
  void Publish();

  LinkContext& context_;
  const Router& router_;  // to the Redis whose values these are
  const NearOptions& options_;
  NearShared& shared_;
  Connector* connector_ = nullptr;
  uint64_t bytes_;
  bool causal_;
  std::vector<std::string> prefixes_;  // as they were when what is cached came in
  Instant::duration longest_silence_;  // that the state of what is cached may be unproven
  NearGhost ghost_;
  NearTable table_;
  boost::intrusive_ptr<NearLink> link_;
  uint64_t generation_ = 0;  // what was fetched for an earlier one is not kept
  uint64_t flushes_ = 0;     // of NearShared, as carried out
  uint64_t published_evictions_ = 0;
  absl::flat_hash_set<uint64_t> fetching_;  // hashes
  uint64_t fence_done_ = 0;
  Instant proven_{};  // all that had changed by then is known
  Instant::duration quickest_fence_{};
  bool slow_ = false;           // fences take their time: nobody waits for one
  bool serving_stale_ = false;  // Redis is away, and entries outlive it for a while
  struct Waiting {
    boost::intrusive_ptr<Requester> requester;
    Waiter* waiter;
    uint64_t fence;
  };
  std::vector<Waiting> waiting_;
  uint32_t window_looks_ = 0;
  uint32_t window_found_ = 0;
  uint32_t spared_reads_ = 0;
  bool sparing_ = false;
  std::string reported_;  // why it is off, as the log has it
};

}  // namespace keyhole::core
