// What consumers of a group have not acknowledged: asking for it, and claiming it for another
// consumer.
#include <algorithm>
#include <optional>
#include <vector>

#include "proxy/store/commands/handlers.h"
#include "proxy/store/commands/replies.h"
#include "proxy/store/commands/stream_arguments.h"
#include "proxy/store/commands/stream_groups.h"
#include "resp/number.h"

namespace keyhole::store::handlers {

namespace {

bool Refuse(Call& call, std::string_view error) {
  call.reply.Error(error);
  return false;
}

// Reads an integer with an error of its own.
bool NumberArgument(Call& call, size_t index, std::string_view error, int64_t* value) {
  return resp::ParseInteger(call.args[index], value) || Refuse(call, error);
}

StreamId Behind(StreamId id) {
  Increment(&id);
  return id;
}

struct PendingOptions {
  int64_t min_idle = 0;
  StreamId from;
  StreamId to;
  int64_t count = 0;
  std::optional<std::string_view> consumer;
};

// XPENDING with a range. False if something is wrong; then that is the reply.
bool ParsePending(Call& call, PendingOptions* options) {
  size_t first = 3;
  if (call.Is(3, "IDLE")) {
    if (!IntegerArgument(call, 4, &options->min_idle)) return false;
    if (call.args.size() < 8) return Refuse(call, kSyntaxError);
    first = 5;
  }
  if (!IntegerArgument(call, first + 2, &options->count)) return false;
  if (!RangeArgument(call, first, RangeEnd::kFrom, &options->from)) return false;
  if (!RangeArgument(call, first + 1, RangeEnd::kTo, &options->to)) return false;
  if (first + 3 < call.args.size()) options->consumer = call.args[first + 3];
  return true;
}

// How many are pending, from where to where, and for whom.
void ReplyPendingSummary(Call& call, const ConsumerGroup& group) {
  call.reply.Array(4);
  call.reply.Integer(static_cast<int64_t>(group.pending().size()));
  if (group.pending().empty()) {
    call.reply.Null();
    call.reply.Null();
    return call.reply.NullArray();
  }
  ReplyStreamId(call, group.pending().first());
  ReplyStreamId(call, group.pending().last());
  int64_t consumers = 0;
  group.ForEachConsumer([&](std::string_view, ConsumerGroup::Number number) {
    if (group.consumer(number).pending > 0) ++consumers;
  });
  call.reply.Array(consumers);
  group.ForEachConsumer([&](std::string_view name, ConsumerGroup::Number number) {
    const size_t pending = group.consumer(number).pending;
    if (pending == 0) return;
    call.reply.Array(2);
    call.reply.Bulk(name);
    call.reply.Bulk(std::to_string(pending));
  });
}

void ReplyPendingRange(Call& call, const ConsumerGroup& group, const PendingOptions& options) {
  std::optional<ConsumerGroup::Number> consumer;
  if (options.consumer) {
    const ConsumerGroup::Number* const found = group.Find(*options.consumer);
    if (found == nullptr) return call.reply.Array(0);
    consumer = *found;
  }
  ReplyLateArray(call, [&] {
    int64_t shown = 0;
    auto entry = group.pending().Next(options.from, consumer);
    for (; entry && entry->id <= options.to && shown < options.count;
         entry = group.pending().Next(Behind(entry->id), consumer)) {
      const int64_t idle = call.now - entry->pending.delivered;
      if (options.min_idle == 0 || idle >= options.min_idle) {
        ++shown;
        call.reply.Array(4);
        ReplyStreamId(call, entry->id);
        call.reply.Bulk(group.name(entry->pending.consumer));
        call.reply.Integer(std::max(idle, int64_t{0}));
        call.reply.Integer(static_cast<int64_t>(entry->pending.deliveries));
      }
      if (entry->id == kMaxStreamId) break;
    }
    return shown;
  });
}

}  // namespace

void Xpending(Call& call) {
  const size_t args = call.args.size();
  PendingOptions options;
  GroupPlace place;
  if (args != 3 && (args < 6 || args > 9)) return call.reply.Error(kSyntaxError);
  if (args > 3 && !ParsePending(call, &options)) return;
  if (!ReadGroup(call, call.args[1], call.args[2], &place)) return;
  if (place.group == nullptr) return NoKeyOrGroup(call, call.args[1], call.args[2]);
  if (args == 3) return ReplyPendingSummary(call, *place.group);
  ReplyPendingRange(call, *place.group, options);
}

namespace {

// How an entry is claimed.
struct Claim {
  int64_t min_idle = 0;
  UnixMillis delivered = 0;
  std::optional<uint64_t> deliveries;  // RETRYCOUNT
  bool force = false;
  bool just_id = false;
};

// Claims for the consumer that args[3] names, who is made with the first entry that is.
class Claimant {
 public:
  Claimant(Call& call, const GroupPlace& place, const Claim& claim)
      : call_(call), place_(place), claim_(claim) {}

  // The entry is there, and pending for whom it may be taken from, or for nobody.
  void Take(StreamId id, std::optional<Pending> pending) {
    const bool is_new = !pending;
    if (is_new && !claim_.force) return;
    if (is_new) pending = Pending{.delivered = call_.now, .deliveries = 1};
    const bool rests = call_.now - pending->delivered < claim_.min_idle;
    if (!is_new && claim_.min_idle != 0 && rests) return;
    if (!consumer_) consumer_ = ConsumerNamed(call_, place_, call_.args[3]);
    pending->consumer = *consumer_;
    pending->delivered = claim_.delivered;
    if (claim_.deliveries) {
      pending->deliveries = *claim_.deliveries;
    } else if (!claim_.just_id) {
      ++pending->deliveries;
    }
    ChangeGroup(call_, place_, [&](ConsumerGroup& group) { group.Assign({id, *pending}); });
    taken_.push_back(id);
  }
  // The entry is no longer there: it is not pending either.
  void Drop(StreamId id) {
    ChangeGroup(call_, place_, [id](ConsumerGroup& group) { group.Release(id); });
  }
  size_t taken() const { return taken_.size(); }

  void Reply() const {
    call_.reply.Array(static_cast<int64_t>(taken_.size()));
    for (const StreamId id : taken_) {
      if (claim_.just_id) {
        ReplyStreamId(call_, id);
      } else {
        ReplyEntryOf(call_, *place_.stream, id);
      }
    }
  }

 private:
  Call& call_;
  const GroupPlace& place_;
  const Claim& claim_;
  std::optional<ConsumerGroup::Number> consumer_;
  std::vector<StreamId> taken_;
};

struct ClaimOptions {
  Claim claim;
  std::vector<StreamId> ids;
  StreamId last_id;  // of the group, at least
};

// Reads the option at args[*index].
bool ClaimOption(Call& call, size_t* index, int64_t* delivered, ClaimOptions* options) {
  const bool more = *index + 1 < call.args.size();
  int64_t number = 0;
  if (call.Is(*index, "FORCE")) {
    options->claim.force = true;
  } else if (call.Is(*index, "JUSTID")) {
    options->claim.just_id = true;
  } else if (more && call.Is(*index, "IDLE")) {
    constexpr std::string_view kError = "ERR Invalid IDLE option argument for XCLAIM";
    if (!NumberArgument(call, ++*index, kError, &number)) return false;
    if (__builtin_sub_overflow(call.now, number, delivered)) *delivered = call.now;
  } else if (more && call.Is(*index, "TIME")) {
    constexpr std::string_view kError = "ERR Invalid TIME option argument for XCLAIM";
    if (!NumberArgument(call, ++*index, kError, delivered)) return false;
  } else if (more && call.Is(*index, "RETRYCOUNT")) {
    constexpr std::string_view kError = "ERR Invalid RETRYCOUNT option argument for XCLAIM";
    if (!NumberArgument(call, ++*index, kError, &number)) return false;
    options->claim.deliveries.reset();
    if (number >= 0) options->claim.deliveries = static_cast<uint64_t>(number);
  } else if (more && call.Is(*index, "LASTID")) {
    if (!StreamIdArgument(call, ++*index, &options->last_id)) return false;
  } else {
    return Refuse(call, std::string("ERR Unrecognized XCLAIM option '")
                            .append(UpToNul(call.args[*index]))
                            .append("'"));
  }
  return true;
}

// Reads args[4] on. False if they are wrong; then that is the reply.
bool ParseClaim(Call& call, ClaimOptions* options) {
  constexpr std::string_view kError = "ERR Invalid min-idle-time argument for XCLAIM";
  constexpr int64_t kNotGiven = -1;
  int64_t delivered = kNotGiven;
  if (!NumberArgument(call, 4, kError, &options->claim.min_idle)) return false;
  options->claim.min_idle = std::max(options->claim.min_idle, int64_t{0});
  size_t i = 5;
  for (StreamId id; i < call.args.size() && ParseStreamId(call.args[i], 0, &id); ++i) {
    options->ids.push_back(id);
  }
  for (; i < call.args.size(); ++i) {
    if (!ClaimOption(call, &i, &delivered, options)) return false;
  }
  // A moment that cannot be, such as one to come, is now.
  const bool sane = delivered >= 0 && delivered <= call.now;
  options->claim.delivered = sane ? delivered : call.now;
  return true;
}

}  // namespace

void Xclaim(Call& call) {
  GroupPlace place;
  ClaimOptions options;
  if (!ReadGroup(call, call.args[1], call.args[2], &place)) return;
  if (place.group == nullptr) return NoKeyOrGroup(call, call.args[1], call.args[2]);
  if (!ParseClaim(call, &options)) return;
  if (options.last_id > place.group->last_id) {
    ChangeGroup(call, place, [&](ConsumerGroup& group) { group.last_id = options.last_id; });
  }
  Claimant claimant(call, place, options.claim);
  for (const StreamId id : options.ids) {
    if (place.stream->Has(id)) {
      claimant.Take(id, place.group->pending().Find(id));
    } else {
      claimant.Drop(id);
    }
  }
  claimant.Reply();
}

namespace {

struct AutoClaimOptions {
  Claim claim;
  StreamId from;
  int64_t count = 100;
};

// Reads args[4] on. False if they are wrong; then that is the reply.
bool ParseAutoClaim(Call& call, AutoClaimOptions* options) {
  constexpr std::string_view kError = "ERR Invalid min-idle-time argument for XAUTOCLAIM";
  constexpr std::string_view kBadCount = "ERR COUNT must be > 0";
  constexpr int64_t kMostCount = std::numeric_limits<int64_t>::max() / 16;
  options->claim.delivered = call.now;
  if (!NumberArgument(call, 4, kError, &options->claim.min_idle)) return false;
  options->claim.min_idle = std::max(options->claim.min_idle, int64_t{0});
  if (!RangeArgument(call, 5, RangeEnd::kFrom, &options->from)) return false;
  for (size_t i = 6; i < call.args.size(); ++i) {
    if (call.Is(i, "COUNT") && i + 1 < call.args.size()) {
      if (!NumberArgument(call, ++i, kBadCount, &options->count)) return false;
      if (options->count < 1 || options->count > kMostCount) return Refuse(call, kBadCount);
    } else if (call.Is(i, "JUSTID")) {
      options->claim.just_id = true;
    } else {
      return Refuse(call, kSyntaxError);
    }
  }
  return true;
}

}  // namespace

void Xautoclaim(Call& call) {
  constexpr int64_t kAttempts = 10;            // entries looked at for each that may be claimed
  constexpr int64_t kMuch = int64_t{1} << 32;  // for which Redis finds no memory
  GroupPlace place;
  AutoClaimOptions options;
  if (!ParseAutoClaim(call, &options)) {
    call.Read(call.args[1]);  // Redis has looked for it by then
    return;
  }
  if (!ReadGroup(call, call.args[1], call.args[2], &place)) return;
  if (place.group == nullptr) return NoKeyOrGroup(call, call.args[1], call.args[2]);
  if (options.count > kMuch) {
    return call.reply.Error(
        "ERR Insufficient memory, failed allocating transient memory, COUNT too high.");
  }
  Claimant claimant(call, place, options.claim);
  std::vector<StreamId> deleted;
  const auto count = static_cast<size_t>(options.count);
  int64_t attempts = options.count * kAttempts;
  auto next = place.group->pending().Next(options.from);
  while (next && attempts-- > 0 && claimant.taken() + deleted.size() < count) {
    const StreamId id = next->id;
    if (place.stream->Has(id)) {
      claimant.Take(id, next->pending);
    } else {
      claimant.Drop(id);
      deleted.push_back(id);
    }
    if (id == kMaxStreamId) next.reset();
    if (next) next = place.group->pending().Next(Behind(id));
  }
  call.reply.Array(3);
  ReplyStreamId(call, next ? next->id : kNoStreamId);
  claimant.Reply();
  call.reply.Array(static_cast<int64_t>(deleted.size()));
  for (const StreamId id : deleted) ReplyStreamId(call, id);
}

}  // namespace keyhole::store::handlers
