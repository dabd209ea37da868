#include "proxy/links/link.h"

#include <algorithm>
#include <cassert>
#include <string>
#include <utility>

namespace keyhole::core {
namespace {

using resp::CommandId;
using resp::Effect;
using resp::HitRule;
using resp::ReplyHead;
using resp::ReplyType;
using resp::Verdict;

// What is left of a request whose session has been told that Redis holds it until EXEC.
Exchange Held(Exchange& queued, KeyViews keys) {
  Exchange held;
  held.spec = queued.spec;
  held.effect = queued.effect;
  held.rule = queued.rule;
  held.keys = static_cast<uint32_t>(keys.size());
  held.replies = queued.replies;
  held.change = std::move(queued.change);
  return held;
}

std::string_view FirstOf(KeyViews keys) {
  return keys.empty() ? std::string_view() : keys.front();
}

std::string_view BytesOf(std::string_view key) {
  return key;
}
std::string_view BytesOf(const resp::HashedKey& key) {
  return key.bytes;
}

}  // namespace

Link::Link(LinkContext& context) : context_(context) {}

Link::~Link() = default;

template <typename F>
void Link::ForEachKeptKey(const resp::Request& request, const Exchange& pending, F&& f) const {
  const bool all = pending.rule != HitRule::kNone || context_.observer != nullptr;
  bool any = false;
  resp::ForEachKey(*pending.spec, request.args, [&](std::string_view key) {
    if (all || !any) f(key);
    any = true;
  });
}

void Link::Expect(const resp::Request& request, Exchange&& pending) {
  if (pending.spec->keys.IsFirstArgument() && request.args.size() > 1) [[likely]] {
    keys_.Push(request.args[1]);
    pending.keys = 1;
  } else {
    KeepKeys(request, &pending);
  }
  pending_.Push(std::move(pending));
}

void Link::KeepKeys(const resp::Request& request, Exchange* pending) {
  if (pending->purpose == Purpose::kListing) {
    pending->rule = HitRule::kNone;
    return;
  }
  ForEachKeptKey(request, *pending, [&](std::string_view key) {
    keys_.Push(key);
    ++pending->keys;
  });
}

void Link::Answered(const resp::Request& request, Exchange&& pending, size_t before,
                    const resp::HashedKey& first) {
  const std::string_view reply = owner_->output().Data().substr(before);
  if (resp::NeedsElements(pending.rule)) scanner_.WantElements();
  size_t used = 0;
  const auto result = scanner_.Scan(reply, &used);
  if (result != resp::ReplyScanner::Result::kDone) [[unlikely]] {
    assert(ended());
    owner_->OnOutput(before);
    return pending.requester->OnReplyEnd(pending, ReplyHead());
  }
  assert(used == reply.size());
  given_.clear();
  ForEachKeptKey(request, pending, [this](std::string_view key) { given_.push_back(key); });
  // Before the session has the reply: it may let go of the request then, and the keys with it.
  const bool queued = first.bytes.data() != nullptr
                          ? Note(pending, given_, first, scanner_.head())
                          : Note(pending, given_, FirstOf(given_), scanner_.head());
  owner_->OnOutput(before);
  Report(pending, queued, scanner_.head());
}

void Link::FinishLast(std::span<const std::string_view> late_arguments, size_t arguments) {
  if (pending_.empty()) return;  // already lost
  Exchange& last = pending_.back();
  if (last.spec->hit.rule != HitRule::kSetGet || !context_.counts(*last.spec)) return;
  // Name, key and value, then the options: the last ones, all of them small.
  std::vector<std::string_view> args(3);
  const size_t options =
      std::min(arguments - std::min(arguments, args.size()), late_arguments.size());
  args.insert(args.end(), late_arguments.end() - static_cast<std::ptrdiff_t>(options),
              late_arguments.end());
  last.rule = resp::Resolve(*last.spec, args);
}

bool Link::Receive(std::string_view bytes) {
  if (raw_) return ReceiveRaw(bytes);
  while (!bytes.empty()) {
    if (!ReceiveReply(&bytes)) return false;
  }
  return true;
}

// Takes one reply off the bytes, or as much of it as has come.
inline bool Link::ReceiveReply(std::string_view* bytes) {
  if (scanner_.at_start()) BeginReply(bytes->front());
  size_t used = 0;
  const auto result = scanner_.Scan(*bytes, &used);
  if (result == resp::ReplyScanner::Result::kError) return false;
  if (receiver_ != nullptr) {
    const bool slow = receiver_->OnReplyBytes(slot_, bytes->substr(0, used));
    if (slow && owner_ == nullptr && !receiver_->closed()) OnSlowReader(*receiver_);
  }
  bytes->remove_prefix(used);
  return result != resp::ReplyScanner::Result::kDone || EndReply();
}

// First the replies to what was asked before.
bool Link::ReceiveRaw(std::string_view bytes) {
  while (!bytes.empty() && !pending_.empty()) {
    if (!ReceiveReply(&bytes)) return false;
  }
  if (!bytes.empty() && owner_ != nullptr) owner_->OnReplyBytes(kStraight, bytes);
  return true;
}

bool Link::PendingOnlyOf(const Requester& requester) const {
  for (size_t i = 0; i < pending_.size(); ++i) {
    if (pending_[i].requester != &requester) return false;
  }
  return true;
}

void Link::BeginReply(char type) {
  if (pending_.empty()) return BeginPush();
  const Exchange& front = pending_.front();
  slot_ = front.slot;  // what answers no request comes before its reply
  if (type == static_cast<char>(ReplyType::kPush)) {
    receiver_ = owner_;
    return;
  }
  Requester* const to = front.requester.get();  // a private link's is its owner, or the link itself
  receiver_ = front.purpose == Purpose::kSession ? nullptr : to;
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

// *3 subscribe <channel> <count>, for a request with this row.
bool Link::IsConfirmation(const resp::CommandSpec& spec, const ReplyHead& head) {
  return (head.type == ReplyType::kPush || head.type == ReplyType::kArray) &&
         resp::TraitsOf(spec.effect).confirmed() && head.text == spec.name;
}

// Notes one confirmation. True if it is the last one for its request.
bool Link::NoteSubscription(Exchange& pending, const ReplyHead& head) {
  const Effect effect = pending.effect;
  if (pending.replies == Exchange::kConfirmAll) {
    const int64_t had = effect == Effect::kUnsubscribe    ? channels_
                        : effect == Effect::kPunsubscribe ? patterns_
                                                          : shards_;
    pending.replies = static_cast<int32_t>(std::max<int64_t>(1, had));
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
  return --pending.replies == 0;
}

bool Link::EndReply() {
  const ReplyHead& head = scanner_.head();
  receiver_ = nullptr;
  if (!pending_.empty() && IsConfirmation(*pending_.front().spec, head)) {
    Exchange& front = pending_.front();
    if (NoteSubscription(front, head)) Complete(head);
    return true;
  }
  // Nothing is pending if the session has closed on what has just come.
  if (!pending_.empty() && transaction_.left > 0 &&
      transaction_.next < transaction_.queued.size()) {
    Exchange& queued = transaction_.queued[transaction_.next];
    if (IsConfirmation(*queued.spec, head)) {
      return !NoteSubscription(queued, head) || EndExec(head);
    }
  }
  if (IsPush(head)) return EndPush();
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
    Prove(Effect::kExec, nullptr, head);  // the last element's head will be an element's
    // Not what we saw being queued (CLIENT REPLY OFF hid it): follow the reply, count nothing.
    if (head.integer != static_cast<int64_t>(transaction_.queued.size())) {
      transaction_.queued.clear();
    }
    return true;
  }
  if (transaction_.next < transaction_.queued.size()) {
    Exchange& queued = transaction_.queued[transaction_.next++];
    const KeyViews keys = transaction_.keys.Front(queued.keys);
    Count(*queued.spec, queued.rule, keys, FirstOf(keys), head);
    transaction_.keys.Pop(keys);
    const boost::intrusive_ptr<Requester> requester = pending_.front().requester;
    Prove(queued.effect, queued.change.get(), head);
    requester->OnEffect(queued.effect, queued.change.get(), head);
  }
  if (--transaction_.left == 0) Complete(head);
  return true;
}

// The reply to the oldest request is complete.
void Link::Complete(const ReplyHead& head) {
  Exchange pending = pending_.Pop();  // first: what is told below may send or close
  const KeyViews keys = keys_.Front(pending.keys);
  if (pending.requester == nullptr) [[unlikely]] {
    if (pending.effect == Effect::kSetName && head.is_error()) OnUnclean();
    return keys_.Pop(keys);
  }
  bool queued = false;
  if (pending.purpose >= Purpose::kSession) [[unlikely]] {
    NoteUncounted(pending, head);
  } else {
    queued = Note(pending, keys, FirstOf(keys), head);
  }
  keys_.Pop(keys);
  Report(pending, queued, head);
}

// What the metrics learn of a request from its reply. True if it is only queued: what there is to
// count or to apply is told by EXEC's reply.
template <typename Key>
bool Link::Note(Exchange& pending, KeyViews keys, const Key& first, const ReplyHead& head) {
  const auto duration = context_.now - pending.sent;
  if (context_.metrics.RecordReply(*pending.spec, head.is_error(), duration, context_.now))
      [[unlikely]] {
    NoteSlow(pending, keys, head);
  }
  if (context_.may_be_told(duration)) [[unlikely]]
    Tell(pending, keys, head);
  OnAnswered(pending);
  if (head.is_error()) [[unlikely]] {
    const metrics::ErrorClass error = metrics::ErrorClassOf(head.text);
    context_.metrics.counters.errors[error].Add();
    OnError(head.text);
    // A script may say so, too: what proves something is the answer to EXEC, however malformed.
    const bool abort = error == metrics::ErrorClass::kTransaction;
    if (abort && pending.spec->effect == Effect::kExec) proven_.OnExecAbort();
  }
  if (head.type != ReplyType::kSimpleString || head.text != "QUEUED") {
    Count(*pending.spec, pending.rule, keys, first, head);
    return false;
  }
  proven_.OnQueued();
  if (owner_ == nullptr && !proven_.clean()) OnUnclean();
  transaction_.keys.Push(keys);
  transaction_.queued.push_back(Held(pending, keys));
  return true;
}

// What its session learns.
void Link::Report(Exchange& pending, bool queued, const ReplyHead& head) {
  const Effect effect = pending.effect;
  if (effect != Effect::kNone && !queued) {
    Prove(effect, pending.change.get(), head);
    if (effect == Effect::kMonitor && !head.is_error()) monitoring_ = true;
    const bool begun = effect == Effect::kMulti && !head.is_error();
    if (begun || effect == Effect::kExec || effect == Effect::kDiscard) {
      transaction_.queued.clear();
      transaction_.keys.Clear();
    }
    pending.requester->OnEffect(effect, pending.change.get(), head);
  }
  pending.requester->OnReplyEnd(pending, head);
}

// What the reply says of the connection itself.
void Link::Prove(Effect effect, const StateChange* change, const ReplyHead& head) {
  proven_.OnReply(effect, head);
  if (change != nullptr && change->LeavesDoubt(head.is_error(), head.text)) proven_.OnHalfDone();
  if (change != nullptr && change->pause.has_value() && !head.is_error()) OnPause(*change->pause);
  if (owner_ == nullptr && !proven_.clean()) OnUnclean();
}

// Counts the keys by what the reply says.
template <typename Key>
inline void Link::Count(const resp::CommandSpec& spec, HitRule rule, KeyViews keys,
                        const Key& first, const ReplyHead& head) {
  if (context_.observer != nullptr) [[unlikely]]
    NotifyObserver(spec, keys, head);
  if (keys.size() != 1 || rule == HitRule::kEachNullIsMiss) [[unlikely]]
    return CountMany(spec, rule, keys, head);
  CountKey(spec, rule, first, head, 0, head.bytes);
}

// One of them: the element with this index, of so many bytes, is about it.
template <typename Key>
inline void Link::CountKey(const resp::CommandSpec& spec, HitRule rule, const Key& key,
                           const ReplyHead& head, size_t element, uint64_t bytes) {
  if (bytes > 0) context_.metrics.RecordValue(spec, BytesOf(key), bytes, context_.now);
  if (rule == HitRule::kNone) return;
  const Verdict verdict = resp::Judge(rule, head, element);
  if (verdict == Verdict::kNeither) [[unlikely]]
    return context_.metrics.keys.RecordError(BytesOf(key));
  context_.metrics.keys.Record(key, verdict == Verdict::kHit, bytes);
}

void Link::CountMany(const resp::CommandSpec& spec, HitRule rule, KeyViews keys,
                     const ReplyHead& head) {
  const bool each = rule == HitRule::kEachNullIsMiss && head.elements != nullptr;
  for (size_t i = 0; i < keys.size(); ++i) {
    const uint64_t bytes = !each                       ? head.bytes
                           : i < head.elements->size() ? (*head.element_bytes)[i]
                                                       : 0;
    CountKey(spec, rule, keys[i], head, i, bytes);
  }
  if (rule == HitRule::kNone) return;
  // Keys too long or too many to be kept are told apart by nobody, but they are counted.
  const size_t answers = each ? head.elements->size() : 1;
  for (size_t i = keys.size(); i < answers; ++i) {
    const Verdict verdict = resp::Judge(rule, head, i);
    if (verdict != Verdict::kNeither) context_.metrics.keys.RecordOther(verdict == Verdict::kHit);
  }
}

}  // namespace keyhole::core
