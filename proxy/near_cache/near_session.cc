// What a session asks of its worker's near cache: may this read be answered from it, now?
#include <cassert>
#include <utility>

#include "proxy/app/worker_state.h"
#include "proxy/near_cache/near_cache.h"
#include "proxy/sessions/session.h"

namespace keyhole::core {
namespace {

constexpr std::string_view kNull2 = "$-1\r\n";
constexpr std::string_view kNull3 = "_\r\n";

}  // namespace

// Who it is and which database it is in: what is cached was read as `worker_.initial_state`.
bool Session::SeesNearCache() const {
  return !conversation_.queueing() && state_.db == worker_.initial_state.db &&
         state_.SameIdentity(worker_.initial_state);
}

// Nothing that is still under way could be overtaken, and no state of its connection to Redis says
// that Redis is to be asked: WATCH compares with what was read, CLIENT TRACKING wants to know of
// it.
bool Session::MayBeServedNear() const {
  return SeesNearCache() && in_flight_ == 0 && conversation_.may_be_cached() &&
         (link_ == nullptr || (!link_->subscribed() && !link_->monitoring()));
}

void Session::OnReplyNear(const resp::CommandSpec& spec, const resp::ReplyHead& head) {
  near_need_ = worker_.near->NeedAfter(spec, head, near_need_);
}

void Session::NoteSentNear(const resp::Request& request, const resp::CommandSpec& spec,
                           bool in_pieces) {
  worker_.near->OnSent(spec, request.args, !in_pieces);
}

Session::Near Session::AskNear(const resp::Request& request, const resp::CommandSpec& spec) {
  const bool one = spec.id == NearCache::kOneKey;
  const bool many = spec.id == NearCache::kManyKeys && worker_.config.near.mget;
  if ((!one && !many) || !spec.AcceptsCount(request.argument_count())) return Near::kForward;
  if (!SeesNearCache()) return Near::kForward;
  // What has waited for a fence was looked at, and found.
  const bool waited = std::exchange(near_waited_, false);
  if (!waited && worker_.near->Spares(request.args.subspan(1))) return Near::kForward;
  return one ? AskNearForOne(request) : AskNearForMany(request);
}

Session::Near Session::AskNearForOne(const resp::Request& request) {
  NearCache& near = *worker_.near;
  if (request.args[1].size() > NearCache::kLongestKey) return Near::kForward;
  const resp::HashedKey key(request.args[1]);
  NearEntry* const entry = near.Find(key);
  if (entry != nullptr && MayBeServedNear()) {
    if (near.Satisfies(near_need_)) {
      ServeOneNear(key, *entry);
      return Near::kServed;
    }
    if (AwaitNear()) return Near::kWait;
  }
  near.NotePassedOn(key, entry);
  return Near::kForward;
}

bool Session::ServeNearNow(const resp::HashedKey& key) {
  NearCache& near = *worker_.near;
  assert(key.bytes.size() <= NearCache::kLongestKey);
  if (!near.Satisfies(near_need_)) return false;
  NearEntry* const entry = near.Find(key);
  if (entry == nullptr) return false;  // it comes again, through the door for all
  ServeOneNear(key, *entry);
  return true;
}

void Session::ServeOneNear(const resp::HashedKey& key, NearEntry& entry) {
  NoteServedNear(resp::Spec(NearCache::kOneKey), key.bytes);
  DeliverNear(entry);
  worker_.near->NoteServed(entry, key);
  OnServedNear();
}

// All or nothing: an answer half of which is asked for later would be neither old nor new. What is
// served may be of different moments still, as none of these keys is read together with another.
Session::Near Session::AskNearForMany(const resp::Request& request) {
  NearCache& near = *worker_.near;
  const auto keys = request.args.subspan(1);
  bool all = MayBeServedNear();
  for (const std::string_view bytes : keys) {
    if (bytes.size() > NearCache::kLongestKey) return Near::kForward;
    all = near.Find(resp::HashedKey(bytes)) != nullptr && all;
  }
  if (all && near.Satisfies(near_need_)) {
    ServeManyNear(keys);
    return Near::kServed;
  }
  if (all && AwaitNear()) return Near::kWait;
  for (const std::string_view bytes : keys) {
    const resp::HashedKey key(bytes);
    near.NotePassedOn(key, near.Find(key));
  }
  return Near::kForward;
}

void Session::ServeManyNear(std::span<const std::string_view> keys) {
  NoteServedNear(resp::Spec(NearCache::kManyKeys), keys.front());
  Deliver("*" + std::to_string(keys.size()) + "\r\n");
  for (const std::string_view bytes : keys) {
    const resp::HashedKey key(bytes);
    // Still there: nothing has been dropped or fetched since.
    NearEntry& entry = *worker_.near->Find(key);
    DeliverNear(entry);
    worker_.near->NoteServed(entry, key);
  }
  OnServedNear();
}

void Session::DeliverNear(const NearEntry& entry) {
  if (!entry.is_null) return Deliver(entry.reply());
  Deliver(state_.protocol == resp::Protocol::kResp3 ? kNull3 : kNull2);
}

// True: it goes on, and is asked once more, when the fence has come back.
bool Session::AwaitNear() {
  waiting_ = near_waited_ = worker_.near->Await(*this, near_need_);
  return waiting_;
}

void Session::OnNearFence() {
  if (closed_ || in_flight_ > 0) return;
  if (std::exchange(waiting_, false)) OnMaySubmit();
}

void Session::NoteServedNear(const resp::CommandSpec& spec, std::string_view key) {
  worker_.metrics.counters.requests[spec.id].Add();
  worker_.metrics.RecordReply(spec, false, std::chrono::nanoseconds(0), key, worker_.now);
}

}  // namespace keyhole::core
