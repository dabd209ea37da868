#include "proxy/near_cache/near_reader.h"

#include <cassert>
#include <string>
#include <utility>

namespace keyhole::core {
namespace {

constexpr std::string_view kNull2 = "$-1\r\n";
constexpr std::string_view kNull3 = "_\r\n";

// It is counted while it is in flight: no read, and a request of the client's own.
bool IsOther(const Exchange& exchange) {
  return exchange.answered && !exchange.raw && exchange.purpose != Purpose::kSession &&
         !exchange.spec->has(resp::kRead);
}

}  // namespace

void NearReader::OnSent(const resp::Request& request, const Exchange& exchange) {
  if (IsOther(exchange)) ++others_;
  near_.OnSent(*exchange.spec, request.args, !exchange.in_pieces);
}

void NearReader::OnReply(const Exchange& exchange, const resp::ReplyHead& head) {
  if (IsOther(exchange)) --others_;
  need_ = near_.NeedAfter(*exchange.spec, head, need_);
}

void NearReader::Reset() {
  need_ = near_.NeedNow();
}

NearReader::Answer NearReader::Ask(const resp::Request& request, const resp::CommandSpec& spec) {
  const bool one = spec.id == NearCache::kOneKey;
  const bool many = spec.id == NearCache::kManyKeys && near_.serves_many();
  if ((!one && !many) || !spec.AcceptsCount(request.argument_count())) return Answer::kForward;
  if (!host_.sees_near_cache()) return Answer::kForward;
  // What has waited for a fence was looked at, and found.
  const bool waited = std::exchange(waited_, false);
  if (!waited && near_.Spares(request.args.subspan(1))) return Answer::kForward;
  return one ? AskForOne(request) : AskForMany(request);
}

NearReader::Answer NearReader::AskForOne(const resp::Request& request) {
  if (request.args[1].size() > NearCache::kLongestKey) return Answer::kForward;
  const resp::HashedKey key(request.args[1]);
  NearEntry* const entry = near_.Find(key);
  if (entry != nullptr && host_.may_be_served_near()) {
    if (near_.Satisfies(need_)) {
      ServeOne(key, *entry);
      return Answer::kServed;
    }
    if (Await()) return Answer::kWait;
  }
  near_.NotePassedOn(key, entry);
  return Answer::kForward;
}

bool NearReader::ServeNow(const resp::HashedKey& key) {
  assert(key.bytes.size() <= NearCache::kLongestKey);
  if (!near_.Satisfies(need_)) return false;
  NearEntry* const entry = near_.Find(key);
  if (entry == nullptr) return false;  // it comes again, through the door for all
  ServeOne(key, *entry);
  return true;
}

void NearReader::ServeOne(const resp::HashedKey& key, NearEntry& entry) {
  NoteServed(resp::Spec(NearCache::kOneKey));
  Deliver(entry);
  near_.NoteServed(entry, key);
  host_.OnServedNear();
}

// All or nothing: an answer half of which is asked for later would be neither old nor new. What is
// served may be of different moments still, as none of these keys is read together with another.
NearReader::Answer NearReader::AskForMany(const resp::Request& request) {
  const auto keys = request.args.subspan(1);
  bool all = host_.may_be_served_near();
  for (const std::string_view bytes : keys) {
    if (bytes.size() > NearCache::kLongestKey) return Answer::kForward;
    all = near_.Find(resp::HashedKey(bytes)) != nullptr && all;
  }
  if (all && near_.Satisfies(need_)) {
    ServeMany(keys);
    return Answer::kServed;
  }
  if (all && Await()) return Answer::kWait;
  for (const std::string_view bytes : keys) {
    const resp::HashedKey key(bytes);
    near_.NotePassedOn(key, near_.Find(key));
  }
  return Answer::kForward;
}

void NearReader::ServeMany(std::span<const std::string_view> keys) {
  NoteServed(resp::Spec(NearCache::kManyKeys));
  host_.DeliverNear("*" + std::to_string(keys.size()) + "\r\n");
  for (const std::string_view bytes : keys) {
    const resp::HashedKey key(bytes);
    // Still there: nothing has been dropped or fetched since.
    NearEntry& entry = *near_.Find(key);
    Deliver(entry);
    near_.NoteServed(entry, key);
  }
  host_.OnServedNear();
}

void NearReader::Deliver(const NearEntry& entry) {
  if (!entry.is_null) return host_.DeliverNear(entry.reply());
  host_.DeliverNear(requester_.protocol() == resp::Protocol::kResp3 ? kNull3 : kNull2);
}

// True: the same request comes again when the fence has come back.
bool NearReader::Await() {
  waited_ = near_.Await(*this, requester_, need_);
  return waited_;
}

void NearReader::NoteServed(const resp::CommandSpec& spec) {
  LinkContext& context = near_.context();
  context.metrics.counters.requests[spec.id].Add();
  context.metrics.RecordReply(spec, false, std::chrono::nanoseconds(0), context.now);
}

}  // namespace keyhole::core
