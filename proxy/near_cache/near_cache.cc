#include "proxy/near_cache/near_cache.h"

#include <algorithm>
#include <utility>

#include "proxy/links/router.h"

namespace keyhole::core {
namespace {

using metrics::NearDrop;
using metrics::NearFill;
using metrics::NearHit;
using metrics::NearState;
using resp::CommandId;
using std::chrono::milliseconds;

constexpr milliseconds kTick{100};
// Nobody waits for a fence longer than this, nor where fences take so much longer than they can.
constexpr milliseconds kLongWait{25};
constexpr size_t kGhostShare = 16;  // of the bytes
// Of so many keys that were looked for less than one in so many was there: then one read in
// 2^kSparedBits is enough to find keys that have become hot, and the others are not looked at.
constexpr uint32_t kWindow = 8192;
constexpr uint32_t kFewFound = 32;
constexpr uint32_t kSparedBits = 3;
constexpr uint32_t kSparingWindow = kWindow >> kSparedBits;

// Admin commands after which clients may no longer read what they could, or Redis is another one.
bool ChangesTheRules(const resp::CommandSpec& spec) {
  switch (spec.id) {
    case CommandId::kAclSetuser:
    case CommandId::kAclDeluser:
    case CommandId::kAclLoad:
    case CommandId::kReplicaof:
    case CommandId::kSlaveof:
    case CommandId::kFailover:
    case CommandId::kDebug:
      return true;
    default:
      return false;
  }
}

}  // namespace

NearCache::NearCache(LinkContext& context, const Router& router, NearSource source,
                     const NearOptions& options, uint64_t bytes, NearShared& shared)
    : context_(context),
      router_(router),
      options_(options),
      shared_(shared),
      bytes_(bytes),
      causal_(options.consistency == NearConsistency::kCausal),
      prefixes_(options.prefixes),
      longest_silence_(2 * options.heartbeat + 2 * kTick),
      ghost_(bytes / kGhostShare, options.min_reads),
      table_(bytes - ghost_.bytes()),
      link_(new NearLink(context, std::move(source), options, *this)) {}

NearCache::~NearCache() = default;

void NearCache::Start(Connector& connector) {
  connector_ = &connector;
  context_.metrics.near.state.Set(static_cast<int64_t>(NearState::kConnecting));
}

void NearCache::Stop() {
  link_->Stop();
  waiting_.clear();
}

void NearCache::Tick() {
  if (connector_ == nullptr) return;
  const auto since = link_->awaiting_since();
  if (since.has_value() && context_.now - *since >= kLongWait + quickest_fence_) slow_ = true;
  link_->Tick(*connector_, router_.up());
  const bool away = !link_->ready() && !router_.up();
  const bool recent = context_.now - proven_ < options_.serve_stale;
  serving_stale_ = away && recent;
  if (!link_->ready() && !recent && table_.size() > 0) Flush(NearDrop::kFlush);
  if (slow_ || !link_->ready()) ResumeWaiting(/*all=*/true);
  Publish();
}

void NearCache::OnOptions(uint64_t bytes) {
  causal_ = options_.consistency == NearConsistency::kCausal;
  longest_silence_ = 2 * options_.heartbeat + 2 * kTick;
  ghost_.set_min_reads(options_.min_reads);
  if (prefixes_ != options_.prefixes) Flush(NearDrop::kFlush);
  prefixes_ = options_.prefixes;
  if (bytes == bytes_) return;
  bytes_ = bytes;
  Flush(NearDrop::kFlush);
  ghost_ = NearGhost(bytes / kGhostShare, options_.min_reads);
  table_.set_budget(bytes - ghost_.bytes());
}

void NearCache::MoveTo(NearSource source) {
  Flush(NearDrop::kFlush);
  ++generation_;
  link_->MoveTo(std::move(source));
  Flush(NearDrop::kFlush);  // also of what may be served while the upstream is away
}

bool NearCache::Covers(std::string_view key) const {
  const auto& prefixes = options_.prefixes;
  return prefixes.empty() || std::any_of(prefixes.begin(), prefixes.end(),
                                         [&](const auto& p) { return key.starts_with(p); });
}

// Enough is known of what happens at Redis. Checked with every use, not by a timer: also this
// process may have been standing still.
bool NearCache::Serves() const {
  if (shared_.flushing(context_.now)) [[unlikely]]
    return false;
  return link_->ready() ? context_.now - proven_ <= longest_silence_ : ServesStale();
}

// Until the upstream is back, and not a turn longer.
bool NearCache::ServesStale() const {
  return serving_stale_ && !router_.up();
}

NearEntry* NearCache::Find(const resp::HashedKey& key) {
  if (!Serves()) return nullptr;
  if (shared_.flushes() != flushes_) Flush(NearDrop::kFlush);
  NearEntry* const entry = table_.Find(key);
  const bool found = entry != nullptr && Good(*entry);
  NoteLook(found);
  return found ? entry : nullptr;
}

// In two steps, each for all before the next, so that the slot has come when its entry is asked
// for.
void NearCache::Prefetch(std::span<const resp::HashedKey> keys) const {
  for (const resp::HashedKey& key : keys) {
    table_.FetchSlot(key);
    shared_.FetchEpoch(key.hash);
  }
  for (const resp::HashedKey& key : keys) table_.FetchEntry(key);
}

bool NearCache::Spares(std::span<const std::string_view> keys) {
  if (!sparing()) return false;
  // By a number that looks like chance, so that traffic that repeats itself hides no key.
  if ((++spared_reads_ * 0x9E3779B1U) >> (32 - kSparedBits) == 0) return false;
  for (const std::string_view key : keys) {
    if (Covers(key)) context_.metrics.near.reads.Add();
  }
  return true;
}

// What was found counts, served or not: that is what tells whether looking is worth while.
void NearCache::NoteLook(bool found) {
  ++window_looks_;
  if (found) ++window_found_;
  const uint32_t window = sparing_ ? kSparingWindow : kWindow;
  const bool enough = window_found_ >= window / kFewFound;
  if (window_looks_ >= window || (sparing_ && enough)) BeginWindow(!enough);
}

void NearCache::BeginWindow(bool sparing) {
  sparing_ = sparing;
  window_looks_ = window_found_ = 0;
}

// What is there has a prefix that is looked at, or it would not be.
void NearCache::NotePassedOn(const resp::HashedKey& key, const NearEntry* entry) {
  if (entry == nullptr && !Covers(key.bytes)) return;
  context_.metrics.near.reads.Add();
  if (entry != nullptr || !link_->ready()) return;
  if (ghost_.Touch(key.hash)) Fetch(key);
}

// False: it is no more.
bool NearCache::Good(NearEntry& entry) {
  const bool written = entry.epoch != shared_.epoch(entry.hash);
  if (!written && context_.now < entry.expires) [[likely]] {
    return true;
  }
  if (written) context_.metrics.near.drops[NearDrop::kWrite].Add();
  EndStay(entry);
  return false;
}

void NearCache::EndStay(NearEntry& entry) {
  ghost_.EndStay(entry.hash, entry.hits);
  table_.Erase(entry);
}

// False: it is being fetched already, or too many others are.
bool NearCache::Fetch(const resp::HashedKey& key) {
  if (link_->fetching() >= kMostFetches || !fetching_.insert(key.hash).second) return false;
  link_->Fetch({.key = std::string(key.bytes),
                .epoch = shared_.epoch(key.hash),
                .generation = generation_,
                .sent = context_.now,
                .changed = false});
  return true;
}

void NearCache::OnFetched(const NearFetch& fetch, std::string_view value, bool is_null,
                          std::optional<milliseconds> ttl) {
  const resp::HashedKey key(fetch.key);
  fetching_.erase(key.hash);
  auto& fills = context_.metrics.near.fills;
  if (shared_.flushes() != flushes_) Flush(NearDrop::kFlush);
  NearEntry* const old = table_.Find(key);
  if (old != nullptr) old->refreshing = false;
  if (fetch.changed || fetch.generation != generation_ || fetch.epoch != shared_.epoch(key.hash)) {
    return fills[NearFill::kChanged].Add();
  }
  const bool wanted =
      !value.empty() && value.size() <= options_.max_value + 32 && (!is_null || options_.nulls);
  const uint32_t hits = old != nullptr ? old->hits : 0;
  NearEntry* const entry =
      wanted ? table_.Insert(key, is_null ? std::string_view() : value, is_null) : nullptr;
  if (entry == nullptr) {
    // Of no use here, for a while.
    if (NearEntry* const still = table_.Find(key)) table_.Erase(*still);
    ghost_.Refuse(key.hash);
    return fills[NearFill::kRejected].Add();
  }
  entry->hits = hits;
  entry->epoch = fetch.epoch;
  entry->filled = fetch.sent;
  // Redis read its clock after we did: a millisecond for its rounding.
  entry->expires = fetch.sent + options_.max_age;
  if (ttl.has_value())
    entry->expires = std::min(entry->expires, fetch.sent + *ttl - milliseconds(1));
  fills[NearFill::kStored].Add();
}

void NearCache::OnChanged(std::string_view changed) {
  NearEntry* const entry = table_.Find(resp::HashedKey(changed));
  if (entry == nullptr) return;
  context_.metrics.near.drops[NearDrop::kPush].Add();
  EndStay(*entry);
}

void NearCache::OnAllChanged() {
  Flush(NearDrop::kFlush);
}

void NearCache::Flush(NearDrop why) {
  context_.metrics.near.drops[why].Add(table_.size());
  flushes_ = shared_.flushes();
  ++generation_;
  table_.Clear();
}

void NearCache::OnNearReady() {
  Flush(NearDrop::kFlush);  // what is left of the time before
  fence_done_ = link_->last_fence();
  proven_ = context_.now;
  serving_stale_ = slow_ = false;
  BeginWindow(/*sparing=*/false);
  quickest_fence_ = {};
  reported_.clear();
  context_.metrics.near.state.Set(static_cast<int64_t>(NearState::kReady));
}

void NearCache::OnNearLost(NearState why, std::string_view reason) {
  fetching_.clear();
  ++generation_;
  context_.metrics.near.state.Set(static_cast<int64_t>(why));
  if (why != NearState::kConnecting && reported_ != reason) {
    reported_ = reason;
    context_.log(LogLevel::kWarn, "the near cache is off: " + reported_);
  }
  if (options_.serve_stale.count() == 0) Flush(NearDrop::kFlush);
  ResumeWaiting(/*all=*/true);
}

bool NearCache::Await(Waiter& waiter, Requester& requester, uint64_t fence) {
  if (!link_->ready()) return false;
  if (link_->last_fence() < fence) link_->SendFence();
  if (slow_) return false;
  context_.metrics.near.fence_waits.Add();
  waiting_.push_back({&requester, &waiter, fence});
  return true;
}

void NearCache::OnFence(uint64_t number, Instant sent) {
  fence_done_ = number;
  proven_ = sent;
  const Instant::duration took = context_.now - sent;
  if (quickest_fence_ == Instant::duration() || took < quickest_fence_) quickest_fence_ = took;
  slow_ = took > kLongWait + 4 * quickest_fence_;
  ResumeWaiting(/*all=*/false);
}

// Sessions submit again from inside this, and may come to wait again.
void NearCache::ResumeWaiting(bool all) {
  if (waiting_.empty()) return;
  std::vector<Waiting> waiting = std::exchange(waiting_, {});
  for (Waiting& one : waiting) {
    if (all || one.fence <= fence_done_) {
      one.waiter->OnFence();
    } else {
      waiting_.push_back(std::move(one));
    }
  }
}

void NearCache::NoteServed(NearEntry& entry, const resp::HashedKey& key) {
  NearTable::NoteUse(entry);
  context_.metrics.near.reads.Add();
  const NearHit what = ServesStale()   ? NearHit::kStale
                       : entry.is_null ? NearHit::kNull
                                       : NearHit::kValue;
  context_.metrics.near.hits[what].Add();
  const resp::CommandSpec& spec = resp::Spec(kOneKey);
  if (context_.counts(spec)) {
    context_.metrics.keys.Record(key, !entry.is_null, entry.value_size);
  }
  if (entry.value_size > 0)
    context_.metrics.RecordValue(spec, key.bytes, entry.value_size, context_.now);
  // Asked for again in good time: so it stays, and Redis knows that it is in use.
  if (context_.now - entry.filled < options_.max_age / 2 || entry.refreshing) return;
  entry.refreshing = link_->ready() && Fetch(key);
}

void NearCache::OnSent(const resp::CommandSpec& spec, std::span<const std::string_view> args,
                       bool whole) {
  if (spec.has(resp::kWrite)) {
    const bool one_key = spec.keys.kind == resp::KeySpec::Kind::kRange && spec.keys.last == 1;
    // The keys of one in pieces are not all known.
    if (spec.keys.kind == resp::KeySpec::Kind::kNone) return shared_.BeginFlush(context_.now);
    if (!whole && !one_key) return shared_.NoteFlush();
    resp::ForEachKey(spec, args,
                     [this](std::string_view key) { shared_.NoteWrite(resp::HashOfKey(key)); });
  } else if (ChangesTheRules(spec)) {
    shared_.NoteFlush();
  }
}

void NearCache::OnAnswered(const resp::CommandSpec& spec) {
  if (spec.has(resp::kWrite) && spec.keys.kind == resp::KeySpec::Kind::kNone) shared_.EndFlush();
}

void NearCache::OnAnsweredFor(const resp::CommandSpec& spec, std::string_view key, uint64_t bytes) {
  if (spec.has(resp::kWrite)) shared_.NoteWrite(resp::HashOfKey(key));
  // What is larger than may be kept is not even fetched.
  if (bytes > options_.max_value) ghost_.Refuse(resp::HashOfKey(key));
}

uint64_t NearCache::NeedAfter(const resp::CommandSpec& spec, const resp::ReplyHead& head,
                              uint64_t need) {
  if (head.is_error() && (head.text.starts_with("READONLY") || head.text.starts_with("MOVED"))) {
    shared_.NoteFlush();  // this is not the Redis that it was
  }
  if (ChangesTheRules(spec)) shared_.NoteFlush();
  return causal_ || !spec.has(resp::kRead) ? link_->next_fence() : need;
}

size_t NearCache::PurgePrefix(std::string_view prefix) {
  size_t purged = 0;
  ++generation_;
  table_.ForEach([&](NearEntry& entry) {
    if (!entry.key().starts_with(prefix)) return;
    table_.Erase(entry);
    ++purged;
  });
  context_.metrics.near.drops[NearDrop::kPurge].Add(purged);
  Publish();
  return purged;
}

size_t NearCache::PurgeKey(std::string_view key) {
  ++generation_;
  NearEntry* const entry = table_.Find(resp::HashedKey(key));
  if (entry == nullptr) return 0;
  table_.Erase(*entry);
  context_.metrics.near.drops[NearDrop::kPurge].Add();
  Publish();
  return 1;
}

void NearCache::Publish() {
  metrics::NearCounters& near = context_.metrics.near;
  near.bytes.Set(static_cast<int64_t>(table_.bytes() + ghost_.bytes()));
  near.entries.Set(static_cast<int64_t>(table_.size()));
  near.evictions.Add(table_.evictions() - published_evictions_);
  published_evictions_ = table_.evictions();
}

}  // namespace keyhole::core
