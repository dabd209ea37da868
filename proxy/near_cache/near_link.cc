#include "proxy/near_cache/near_link.h"

#include <algorithm>
#include <utility>

#include "proxy/near_cache/near_replies.h"
#include "resp/reply_writer.h"

namespace keyhole::core {
namespace {

using resp::CommandId;
using resp::ReplyType;
using std::chrono::milliseconds;

constexpr std::string_view kName = "keyhole-near";
// A Redis that will not do will hardly do in a moment.
constexpr milliseconds kAfterRefusal{30'000};
constexpr size_t kRoomForKeys = 64 * 1024;  // in a push

std::string_view Word(CommandId id) {
  return resp::Spec(id).name;
}

}  // namespace

NearLink::NearLink(LinkContext& context, NearSource source, const NearOptions& options,
                   Listener& listener)
    : context_(context), source_(std::move(source)), options_(options), listener_(listener) {}

NearLink::~NearLink() = default;

void NearLink::Retain() {
  boost::sp_adl_block::intrusive_ptr_add_ref(this);
}

void NearLink::Release() {
  boost::sp_adl_block::intrusive_ptr_release(this);
}

void NearLink::Say(std::initializer_list<std::string_view> args, Awaited awaited) {
  std::string bytes;
  resp::AppendRequest(args, &bytes);
  out_.Append(bytes);
  awaited_.Push(awaited);
  Wake();
}

// What comes is read as RESP3 from here on, whatever was before.
void NearLink::OnConnected() {
  phase_ = Phase::kGreeting;
  scanner_ = resp::ReplyScanner();
  SessionState state = source_.state;
  state.protocol = resp::Protocol::kResp3;
  state.name = kName;
  Greeting greeting = Greeting::For(state);
  greeting.Track();
  handshake_.Begin(std::move(greeting));
  Wake();
}

void NearLink::Fetch(NearFetch fetch) {
  Say({Word(CommandId::kClient), Word(CommandId::kClientCaching), "YES"}, Awaited::kCaching);
  Say({Word(CommandId::kGet), fetch.key}, Awaited::kGet);
  Say({Word(CommandId::kPttl), fetch.key}, Awaited::kPttl);
  fetches_.Push(std::move(fetch));
}

void NearLink::SendFence() {
  ++fences_sent_;
  fences_.Push(context_.now);
  context_.metrics.near.fences.Add();
  Say({Word(CommandId::kPing)}, Awaited::kFence);
}

std::optional<NearLink::Instant> NearLink::awaiting_since() const {
  return fences_.empty() ? std::nullopt : std::optional(fences_.front());
}

std::string_view NearLink::PrepareWrite() const {
  return phase_ == Phase::kGreeting ? handshake_.PrepareWrite() : out_.Data();
}

void NearLink::CommitWrite(size_t n) {
  context_.metrics.counters.upstream_bytes_out.Add(n);
  if (phase_ == Phase::kGreeting) return handshake_.CommitWrite(n);
  out_.Consume(n);
  // Even if the last one is not: then one more is sent for those who come now.
  fences_written_ = fences_sent_;
}

bool NearLink::OnRead(std::string_view bytes) {
  context_.metrics.counters.upstream_bytes_in.Add(bytes.size());
  const size_t longest = kRoomForKeys + options_.max_value;
  while (!bytes.empty() && phase_ >= Phase::kGreeting && phase_ != Phase::kGone) {
    size_t used = 0;
    const auto result = scanner_.Scan(bytes, &used);
    if (result == resp::ReplyScanner::Result::kError) return false;
    const std::string_view part = bytes.substr(0, used);
    bytes.remove_prefix(used);
    const bool whole = result == resp::ReplyScanner::Result::kDone;
    if (whole && reply_.empty() && !too_long_) {
      OnReply(scanner_.head(), part);
      continue;
    }
    too_long_ = too_long_ || reply_.size() + part.size() > longest;
    if (!too_long_) reply_.append(part);
    if (!whole) continue;
    OnReply(scanner_.head(), std::exchange(too_long_, false) ? std::string_view() : reply_);
    reply_.clear();
  }
  return phase_ != Phase::kDown;
}

// bytes: empty if they are too many.
void NearLink::OnReply(const resp::ReplyHead& head, std::string_view bytes) {
  if (head.type == ReplyType::kPush) return OnPush(bytes);
  if (phase_ == Phase::kGreeting) return OnGreeting(head, bytes);
  if (awaited_.empty()) return Lose(NearState::kConnecting, "a reply to nothing");
  const Awaited awaited = awaited_.Pop();
  switch (awaited) {
    case Awaited::kCaching:
      tracked_ = !head.is_error();
      break;
    case Awaited::kGet: {
      is_null_ = head.is_null;
      const bool good = tracked_ && (head.type == ReplyType::kBulkString || head.is_null);
      value_.assign(good ? bytes : std::string_view());
      // Not allowed to read it any more: nor is what was read before to be shown.
      if (head.is_error() && head.text.starts_with("NOPERM")) listener_.OnAllChanged();
      break;
    }
    case Awaited::kPttl:
      OnFilled(head);
      break;
    case Awaited::kRole:
      // What is not allowed tells nothing; HELLO said that it is a master.
      if (!head.is_error() && head.text != "master") {
        return Lose(NearState::kReplica, "it has become a replica");
      }
      OnFenceReply();
      break;
    case Awaited::kFence:
      OnFenceReply();
      break;
  }
}

void NearLink::OnGreeting(const resp::ReplyHead& head, std::string_view bytes) {
  handshake_.OnReply(head);
  const bool is_hello = handshake_.answered() == 1;
  if (handshake_.state() == Handshake::State::kFailed) {
    const Handshake::Failure why = handshake_.failure();
    const bool old = is_hello && why == Handshake::Failure::kUnknownCommand;
    return Lose(why == Handshake::Failure::kNotNow ? NearState::kConnecting
                : old                              ? NearState::kOldServer
                                                   : NearState::kRefused,
                handshake_.error());
  }
  if (is_hello) return OnHello(bytes);
  if (handshake_.state() != Handshake::State::kDone) return;
  phase_ = Phase::kReady;
  backoff_.Succeeded();
  heartbeat_at_ = context_.now;
  listener_.OnNearReady();
}

void NearLink::OnHello(std::string_view bytes) {
  const RedisIdentity redis = ParseHello(bytes);
  if (!TracksSoundly(redis.version)) {
    Lose(NearState::kOldServer, "Redis " + std::string(redis.version) +
                                    " does not track keys without fault; 6.2.11, 7.0.10, 7.2 and "
                                    "later do");
  } else if (redis.mode == "cluster") {  // layering: not a command
    Lose(NearState::kCluster, "it is a node of a cluster");
  } else if (redis.role != "master") {
    Lose(NearState::kReplica, "it is a replica");
  }
}

void NearLink::OnFilled(const resp::ReplyHead& pttl) {
  const NearFetch fetch = fetches_.Pop();
  const int64_t left = pttl.type == ReplyType::kInteger ? pttl.integer : -2;
  std::optional<milliseconds> ttl;
  if (left >= 0) ttl = milliseconds(left);
  // Gone in between although there was a value: it has just expired.
  const bool known = is_null_ || left != -2;
  listener_.OnFetched(fetch, known ? std::string_view(value_) : std::string_view(), is_null_, ttl);
  value_.clear();
}

void NearLink::OnFenceReply() {
  const Instant sent = fences_.Pop();
  listener_.OnFence(++fences_done_, sent);
}

void NearLink::OnPush(std::string_view bytes) {
  const auto changed = ParseInvalidation(bytes);
  if (!changed.has_value()) return;
  // Its value has been read already, or has still to be: then Redis read it after the change.
  const bool read = !awaited_.empty() && awaited_.front() == Awaited::kPttl;
  if (changed->all) {
    if (read) fetches_.front().changed = true;
    return listener_.OnAllChanged();
  }
  for (const std::string_view key : changed->keys) {
    if (read && fetches_.front().key == key) fetches_.front().changed = true;
    listener_.OnChanged(key);
  }
}

void NearLink::OnDisconnected() {
  if (phase_ == Phase::kGone || phase_ == Phase::kDown) return;
  Lose(NearState::kConnecting, "the connection is lost");
}

// Whatever is fetched or cached is worth nothing from here on.
void NearLink::Lose(NearState why, std::string_view reason) {
  phase_ = Phase::kDown;
  closing_ = transport_ != nullptr;
  handshake_.OnLost();
  out_.Clear();
  reply_.clear();
  value_.clear();
  too_long_ = false;
  while (!awaited_.empty()) awaited_.Pop();
  while (!fetches_.empty()) fetches_.Pop();
  while (!fences_.empty()) fences_.Pop();
  fences_written_ = fences_done_ = fences_sent_;
  if (why == NearState::kConnecting) {
    backoff_.Failed(context_.now, context_.Random());
  } else {
    backoff_.Put(context_.now + kAfterRefusal);
  }
  listener_.OnNearLost(why, reason);
  Wake();
}

void NearLink::Tick(Connector& connector, bool upstream_up) {
  if (phase_ == Phase::kDown) {
    if (closing_) closing_ = transport_ != nullptr;
    if (closing_ || !upstream_up || !backoff_.IsOver(context_.now)) return;
    phase_ = Phase::kConnecting;
    began_ = context_.now;
    connector.Connect(*this, source_.endpoint);
    return;
  }
  const milliseconds heartbeat = options_.heartbeat;
  if (phase_ == Phase::kGreeting && context_.now - began_ >= heartbeat * 20) {
    return Lose(NearState::kConnecting, "it does not answer the greeting");
  }
  if (phase_ != Phase::kReady) return;
  if (!fences_.empty() && context_.now - fences_.front() >= heartbeat) {
    return Lose(NearState::kConnecting, "it does not answer in time");
  }
  if (context_.now < heartbeat_at_) return;
  heartbeat_at_ = context_.now + heartbeat;
  ++fences_sent_;
  fences_.Push(context_.now);
  Say({Word(CommandId::kRole)}, Awaited::kRole);
}

void NearLink::MoveTo(NearSource source) {
  source_ = std::move(source);
  backoff_ = Backoff();
  if (phase_ != Phase::kDown && phase_ != Phase::kGone) {
    Lose(NearState::kConnecting, "the upstream is another one");
  }
}

void NearLink::Stop() {
  phase_ = Phase::kGone;
  Wake();
}

void NearLink::Wake() {
  if (transport_ != nullptr) transport_->Wake();
}

}  // namespace keyhole::core
