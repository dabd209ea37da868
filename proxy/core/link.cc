#include "proxy/core/link.h"

#include <algorithm>
#include <cstring>
#include <string>

#include "proxy/core/near_cache/near_cache.h"
#include "proxy/core/session.h"
#include "proxy/core/worker_state.h"

namespace keyhole::core {
namespace {

using resp::CommandId;
using resp::Effect;
using resp::HitRule;
using resp::ReplyHead;
using resp::ReplyType;
using resp::Verdict;

bool IsSubscribing(Effect effect) {
  return effect >= Effect::kSubscribe && effect <= Effect::kSunsubscribe;
}

// Takes one key from the front of a key queue.
std::string_view FrontKey(const ByteQueue& queue) {
  uint32_t size = 0;
  std::memcpy(&size, queue.Data().data(), sizeof(size));
  return queue.Data().substr(sizeof(size), size);
}

void PopKey(ByteQueue* queue) {
  queue->Consume(sizeof(uint32_t) + FrontKey(*queue).size());
}

void PushKey(std::string_view key, ByteQueue* queue) {
  const auto size = static_cast<uint32_t>(key.size());
  char* const room = queue->Prepare(sizeof(size) + key.size()).data();
  std::memcpy(room, &size, sizeof(size));
  if (!key.empty()) std::memcpy(room + sizeof(size), key.data(), key.size());
  queue->Commit(sizeof(size) + key.size());
}

}  // namespace

Link::Link(WorkerState& worker) : worker_(worker) {}

Link::~Link() = default;

void Link::Expect(const resp::Request& request, Pending&& pending) {
  resp::ForEachKey(*pending.spec, request.args, [&](std::string_view key) {
    if (pending.rule == HitRule::kNone && pending.keys > 0 && worker_.near == nullptr) return;
    PushKey(key, &keys_);
    ++pending.keys;
  });
  pending_.Push(std::move(pending));
}

void Link::FinishLast(std::span<const std::string_view> late_arguments, size_t arguments) {
  if (pending_.empty()) return;  // already lost
  Pending& last = pending_.back();
  if (last.spec->hit.rule != HitRule::kSetGet || !worker_.counts(*last.spec)) return;
  // Name, key and value, then the options: the last ones, all of them small.
  std::vector<std::string_view> args(3);
  const size_t options =
      std::min(arguments - std::min(arguments, args.size()), late_arguments.size());
  args.insert(args.end(), late_arguments.end() - static_cast<std::ptrdiff_t>(options),
              late_arguments.end());
  last.rule = resp::Resolve(*last.spec, args);
}

void Link::ForgetKeysOf(const Pending& pending) {
  for (uint32_t i = 0; i < pending.keys; ++i) PopKey(&keys_);
}

void Link::RequeueKeysOf(const Pending& pending) {
  for (uint32_t i = 0; i < pending.keys; ++i) {
    const std::string key(FrontKey(keys_));  // a copy: the queue may move
    PopKey(&keys_);
    PushKey(key, &keys_);
  }
}

bool Link::Receive(std::string_view bytes) {
  if (raw_) {
    if (owner_ != nullptr) owner_->OnReplyBytes(bytes);
    return true;
  }
  while (!bytes.empty()) {
    if (scanner_.at_start()) BeginReply(bytes.front());
    size_t used = 0;
    const auto result = scanner_.Scan(bytes, &used);
    if (result == resp::ReplyScanner::Result::kError) return false;
    if (receiver_ != nullptr) {
      receiver_->OnReplyBytes(bytes.substr(0, used));
      if (owner_ == nullptr && receiver_->output_is_long()) OnSlowReader(*receiver_);
    }
    bytes.remove_prefix(used);
    if (result == resp::ReplyScanner::Result::kDone && !EndReply()) return false;
  }
  return true;
}

bool Link::PendingOnlyOf(const Session& session) const {
  for (size_t i = 0; i < pending_.size(); ++i) {
    if (pending_[i].session != &session) return false;
  }
  return true;
}

void Link::BeginReply(char type) {
  if (owner_ != nullptr) {
    receiver_ = owner_;
  } else if (!pending_.empty() && type != static_cast<char>(ReplyType::kPush)) {
    receiver_ = pending_.front().session;
  } else {
    receiver_ = nullptr;
  }
  if (pending_.empty() || type == static_cast<char>(ReplyType::kPush)) return;
  const Pending& front = pending_.front();
  if (transaction_.left > 0) {
    if (transaction_.next < transaction_.queued.size() &&
        resp::NeedsElements(transaction_.queued[transaction_.next].rule)) {
      scanner_.WantElements();
    }
  } else if (front.effect == Effect::kExec) {
    scanner_.WantHeaderOnly();
  } else if (resp::NeedsElements(front.rule)) {
    scanner_.WantElements();
  }
}

// Something that comes on its own and answers no request.
bool Link::IsAside(const ReplyHead& head) const {
  if (head.type == ReplyType::kPush) return true;
  if (head.type == ReplyType::kArray && subscribed() && owner_ != nullptr &&
      owner_->state().protocol == resp::Protocol::kResp2) {  // which has no pushes
    return head.text == "message" || head.text == "pmessage" || head.text == "smessage";
  }
  // +1700000000.123456 [0 127.0.0.1:50000] "GET" ...
  return monitoring_ && head.type == ReplyType::kSimpleString && !head.text.empty() &&
         head.text.front() >= '0' && head.text.front() <= '9';
}

// *3 subscribe <channel> <count>, for a request with this row.
bool Link::IsConfirmation(const resp::CommandSpec& spec, const ReplyHead& head) {
  return IsSubscribing(spec.effect) && head.text == spec.name &&
         (head.type == ReplyType::kPush || head.type == ReplyType::kArray);
}

// Notes one confirmation. True if it is the last one for its request.
bool Link::NoteSubscription(Effect effect, int64_t* replies, const ReplyHead& head) {
  if (*replies == Pending::kConfirmAll) {
    const int64_t had = effect == Effect::kUnsubscribe    ? channels_
                        : effect == Effect::kPunsubscribe ? patterns_
                                                          : shards_;
    *replies = std::max<int64_t>(1, had);
  }
  const int64_t total = head.last_integer;  // of channels and patterns, or of shard channels
  switch (effect) {
    case Effect::kSubscribe:
    case Effect::kUnsubscribe:
      channels_ = total - patterns_;
      break;
    case Effect::kPsubscribe:
    case Effect::kPunsubscribe:
      patterns_ = total - channels_;
      break;
    default:
      shards_ = total;
      break;
  }
  return --*replies == 0;
}

bool Link::EndReply() {
  const ReplyHead& head = scanner_.head();
  receiver_ = nullptr;
  if (!pending_.empty() && IsConfirmation(*pending_.front().spec, head)) {
    Pending& front = pending_.front();
    if (NoteSubscription(front.effect, &front.replies, head)) Complete(head);
    return true;
  }
  if (transaction_.left > 0 && transaction_.next < transaction_.queued.size()) {
    Queued& queued = transaction_.queued[transaction_.next];
    if (IsConfirmation(*queued.spec, head)) {
      return !NoteSubscription(queued.effect, &queued.replies, head) || EndExec(head);
    }
  }
  if (IsAside(head)) return true;
  if (pending_.empty()) return false;
  if (transaction_.left > 0 || pending_.front().effect == Effect::kExec) return EndExec(head);
  Complete(head);
  return true;
}

// EXEC's reply: its header, then one reply for each request that was queued.
bool Link::EndExec(const ReplyHead& head) {
  if (transaction_.left == 0) {
    const bool ran = head.type == ReplyType::kArray && !head.is_null && head.integer > 0;
    if (!ran) {
      Complete(head);
      return true;
    }
    transaction_.left = head.integer;
    transaction_.next = 0;
    // Not what we saw being queued (CLIENT REPLY OFF hid it): follow the reply, count nothing.
    if (head.integer != static_cast<int64_t>(transaction_.queued.size())) {
      transaction_.queued.clear();
    }
    return true;
  }
  if (transaction_.next < transaction_.queued.size()) {
    Queued& queued = transaction_.queued[transaction_.next++];
    Count(*queued.spec, queued.rule, queued.keys, &transaction_.keys, head);
    const boost::intrusive_ptr<Session> session = pending_.front().session;
    session->OnEffect(queued.effect, queued.change.get(), head);
  }
  if (--transaction_.left == 0) Complete(head);
  return true;
}

// The reply to the oldest request is complete.
void Link::Complete(const ReplyHead& head) {
  Pending pending = pending_.Pop();  // first: what is told below may send or close
  worker_.metrics.RecordReply(*pending.spec, head.is_error(), worker_.now - pending.sent,
                              pending.keys > 0 ? std::optional(FrontKey(keys_)) : std::nullopt,
                              worker_.now);
  OnAnswered(pending);
  if (head.is_error()) {
    const std::string_view word = head.text.substr(0, head.text.find(' '));
    worker_.metrics.counters.errors[metrics::ErrorClassOf(word)].Add();
  }
  if (head.type == ReplyType::kSimpleString && head.text == "QUEUED") {
    Enqueue(pending);
  } else {
    Count(*pending.spec, pending.rule, pending.keys, &keys_, head);
    if (pending.effect == Effect::kMonitor && !head.is_error()) monitoring_ = true;
    const bool begun = pending.effect == Effect::kMulti && !head.is_error();
    if (begun || pending.effect == Effect::kExec || pending.effect == Effect::kDiscard) {
      transaction_.queued.clear();
      transaction_.keys.Clear();
    }
    pending.session->OnEffect(pending.effect, pending.change.get(), head);
  }
  if (worker_.near != nullptr) [[unlikely]]
    pending.session->OnReplyNear(*pending.spec, head);
  pending.session->OnReplyEnd(head);
}

// +QUEUED: what there is to count or to apply is told by EXEC's reply.
void Link::Enqueue(Pending& pending) {
  for (uint32_t i = 0; i < pending.keys; ++i) {
    PushKey(FrontKey(keys_), &transaction_.keys);
    PopKey(&keys_);
  }
  transaction_.queued.push_back({pending.spec, pending.effect, pending.rule, pending.keys,
                                 pending.replies, std::move(pending.change)});
}

// What the near cache is to know of a request that has been answered, before its keys are taken
// off.
void Link::TellNear(const resp::CommandSpec& spec, uint32_t keys, std::string_view queue,
                    const ReplyHead& head) {
  worker_.near->OnAnswered(spec);
  for (uint32_t i = 0; i < keys; ++i) {
    uint32_t size = 0;
    std::memcpy(&size, queue.data(), sizeof(size));
    worker_.near->OnAnsweredFor(spec, queue.substr(sizeof(size), size), keys == 1 ? head.bytes : 0);
    queue.remove_prefix(sizeof(size) + size);
  }
}

// Takes `keys` keys from the queue and counts them by what the reply says.
void Link::Count(const resp::CommandSpec& spec, HitRule rule, uint32_t keys, ByteQueue* queue,
                 const ReplyHead& head) {
  metrics::KeyStats& stats = worker_.metrics.keys;
  if (worker_.near != nullptr) [[unlikely]]
    TellNear(spec, keys, queue->Data(), head);
  const bool each = rule == HitRule::kEachNullIsMiss && head.elements != nullptr;
  for (uint32_t i = 0; i < keys; ++i) {
    const std::string_view key = FrontKey(*queue);
    const uint64_t bytes = !each                       ? head.bytes
                           : i < head.elements->size() ? (*head.element_bytes)[i]
                                                       : 0;
    if (bytes > 0) worker_.metrics.RecordValue(spec, key, bytes, worker_.now);
    if (rule != HitRule::kNone) {
      const Verdict verdict = resp::Judge(rule, head, i);
      if (verdict == Verdict::kNeither) {
        stats.RecordError(key);
      } else {
        stats.Record(key, verdict == Verdict::kHit, bytes);
      }
    }
    PopKey(queue);
  }
  if (rule == HitRule::kNone) return;
  // Keys too long or too many to be kept are told apart by nobody, but they are counted.
  const uint32_t answers = each ? static_cast<uint32_t>(head.elements->size()) : 1;
  for (uint32_t i = keys; i < answers; ++i) {
    const Verdict verdict = resp::Judge(rule, head, i);
    if (verdict != Verdict::kNeither) stats.RecordOther(verdict == Verdict::kHit);
  }
}

}  // namespace keyhole::core
