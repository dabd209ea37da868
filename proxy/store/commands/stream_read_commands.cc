// Reading what has come to streams: XREAD, and XREADGROUP for a consumer of a group; or waiting
// until something comes. Source of what ends a wait: redis 7.0.15 blocked.c.
#include <algorithm>
#include <utility>
#include <vector>

#include "proxy/store/commands/handlers.h"
#include "proxy/store/commands/replies.h"
#include "proxy/store/commands/stream_arguments.h"
#include "proxy/store/commands/stream_groups.h"
#include "proxy/store/commands/timeouts.h"

namespace keyhole::store::handlers {

namespace {

// What stands before the keys, and which keys those are.
struct ReadOptions {
  bool in_group = false;  // XREADGROUP
  size_t count = 0;       // of entries of each stream at most; 0: all
  bool waits = false;     // BLOCK
  UnixMillis deadline = kNever;
  bool no_ack = false;
  bool has_group = false;
  std::string_view group;
  std::string_view consumer;
  std::span<const std::string_view> keys;
  size_t first_id = 0;  // the argument with the ID for the first key
};

// A stream, and behind which of its entries to read.
struct Reading {
  GroupPlace place;
  StreamId id;
  bool is_new() const { return id == kMaxStreamId; }  // >: what nobody of the group has had
};

bool Refuse(Call& call, std::string_view error) {
  call.reply.Error(error);
  return false;
}

// Reads what stands behind STREAMS.
bool StreamsArgument(Call& call, size_t first, ReadOptions* options) {
  const size_t rest = call.args.size() - first;
  if (rest % 2 != 0) {
    return Refuse(call,
                  "ERR Unbalanced XREAD list of streams: for each stream key an ID or '$' must be "
                  "specified.");
  }
  if (options->in_group && !options->has_group) {
    return Refuse(call, "ERR Missing GROUP option for XREADGROUP");
  }
  options->keys = call.args.subspan(first, rest / 2);
  options->first_id = first + rest / 2;
  return true;
}

// GROUP and NOACK.
bool GroupOption(Call& call, size_t* index, ReadOptions* options) {
  const bool names_it = call.Is(*index, "GROUP") && *index + 2 < call.args.size();
  if (!names_it && !call.Is(*index, "NOACK")) return Refuse(call, kSyntaxError);
  if (!options->in_group) {
    return Refuse(call, std::string("ERR The ")
                            .append(names_it ? "GROUP" : "NOACK")
                            .append(" option is only supported by XREADGROUP. You called XREAD "
                                    "instead."));
  }
  if (!names_it) {
    options->no_ack = true;
    return true;
  }
  options->has_group = true;
  options->group = call.args[++*index];
  options->consumer = call.args[++*index];
  return true;
}

// False if they are wrong; then that is the reply.
bool ParseRead(Call& call, ReadOptions* options) {
  for (size_t i = 1; i < call.args.size(); ++i) {
    const bool more = i + 1 < call.args.size();
    if (more && call.Is(i, "BLOCK")) {
      if (!MillisTimeoutArgument(call, ++i, &options->deadline)) return false;
      options->waits = true;
    } else if (more && call.Is(i, "COUNT")) {
      int64_t count = 0;
      if (!IntegerArgument(call, ++i, &count)) return false;
      options->count = static_cast<size_t>(std::max(count, int64_t{0}));
    } else if (more && call.Is(i, "STREAMS")) {
      return StreamsArgument(call, i + 1, options);
    } else if (!GroupOption(call, &i, options)) {
      return false;
    }
  }
  return Refuse(call, kSyntaxError);
}

// Reads the ID of a stream that has been looked up.
bool ReadingId(Call& call, size_t index, bool in_group, Reading* reading) {
  const std::string_view id = UpToNul(call.args[index]);
  if (id == "$") {
    if (in_group) {
      return Refuse(call,
                    "ERR The $ ID is meaningless in the context of XREADGROUP: you want to read "
                    "the history of this consumer by specifying a proper ID, or use the > ID to "
                    "get new messages. The $ ID would just return an empty result set.");
    }
    const StreamObject* const stream = reading->place.stream;
    reading->id = stream == nullptr ? kNoStreamId : stream->last_id;
    return true;
  }
  if (id == ">") {
    if (!in_group) {
      return Refuse(call,
                    "ERR The > ID can be specified only when calling XREADGROUP using the GROUP "
                    "<group> <consumer> option.");
    }
    reading->id = kMaxStreamId;
    return true;
  }
  return StreamIdArgument(call, index, &reading->id);
}

// False if one cannot be read; then that is the reply.
bool LookUp(Call& call, const ReadOptions& options, std::vector<Reading>* all) {
  for (size_t i = 0; i < options.keys.size(); ++i) {
    Reading one;
    if (!ReadGroup(call, options.keys[i], options.group, &one.place)) return false;
    if (!options.in_group) one.place.group = nullptr;  // one of no name may be there
    if (options.in_group && one.place.group == nullptr) {
      NoKeyOrGroup(call, options.keys[i], options.group, " in XREADGROUP with GROUP option");
      return false;
    }
    if (!ReadingId(call, options.first_id + i, options.in_group, &one)) return false;
    all->push_back(one);
  }
  return true;
}

// There is something to be said: an entry, or a consumer's history, which may be empty.
bool HasNews(const Reading& reading) {
  const StreamObject* const stream = reading.place.stream;
  if (stream == nullptr) return false;
  const ConsumerGroup* const group = reading.place.group;
  if (group != nullptr && !reading.is_new()) return true;
  return stream->size() > 0 && stream->newest() > (group != nullptr ? group->last_id : reading.id);
}

StreamId Behind(StreamId id) {
  Increment(&id);
  return id;
}

// The entry is the last one that the group was given.
void Advance(const StreamObject& stream, StreamId id, ConsumerGroup* group) {
  if (group->entries_read != kUnknownCount && !stream.HasGapFrom(id)) {
    ++group->entries_read;
  } else if (stream.entries_added > 0) {
    group->entries_read = stream.CountUpTo(id);
  }
  group->last_id = id;
}

// Gives the consumer what nobody of the group has had yet.
void Deliver(Call& call, const GroupPlace& place, ConsumerGroup::Number consumer,
             const ReadOptions& options) {
  const StreamObject& stream = *place.stream;
  const StreamId from = Behind(place.group->last_id);
  size_t left = ReplyRange(call, stream, from, kMaxStreamId, options.count);
  if (left == 0) return;
  ChangeGroup(call, place, [&](ConsumerGroup& group) {
    stream.ForEach(from, kMaxStreamId, [&](const StreamEntry& entry) {
      Advance(stream, entry.id, &group);
      if (!options.no_ack) {
        group.Assign({entry.id, {.delivered = call.now, .deliveries = 1, .consumer = consumer}});
      }
      return --left != 0;
    });
  });
}

// Gives the consumer again what is pending for it.
void DeliverAgain(Call& call, const GroupPlace& place, ConsumerGroup::Number consumer,
                  StreamId from, size_t count) {
  std::vector<PendingEntry> all;
  size_t left = place.group->consumer(consumer).pending;
  if (count != 0) left = std::min(left, count);
  while (left-- > 0) {
    const auto next = place.group->pending().Next(from, consumer);
    if (!next) break;
    all.push_back(*next);
    from = Behind(next->id);
    if (from == kNoStreamId) break;
  }
  call.reply.Array(static_cast<int64_t>(all.size()));
  ChangeGroup(call, place, [&](ConsumerGroup& group) {
    for (PendingEntry& entry : all) {
      if (!ReplyEntryOf(call, *place.stream, entry.id)) {
        call.reply.Array(2);
        ReplyStreamId(call, entry.id);
        call.reply.NullArray();
        continue;
      }
      entry.pending.delivered = call.now;
      ++entry.pending.deliveries;
      group.Assign(entry);
    }
  });
}

// One key with its entries.
void ReplyReading(Call& call, const Reading& reading, const ReadOptions& options) {
  if (call.reply.protocol() == resp::Protocol::kResp2) call.reply.Array(2);
  call.reply.Bulk(reading.place.key);
  if (!options.in_group) {
    ReplyRange(call, *reading.place.stream, Behind(reading.id), kMaxStreamId, options.count);
    return;
  }
  GroupPlace place = reading.place;
  place.slot = call.Find(place.key);  // again: a look at another key may have moved it
  const ConsumerGroup::Number consumer = ConsumerNamed(call, place, options.consumer);
  if (reading.is_new()) {
    Deliver(call, place, consumer, options);
  } else {
    DeliverAgain(call, place, consumer, Behind(reading.id), options.count);
  }
}

void ReplyHead(Call& call, size_t keys) {
  if (call.reply.protocol() == resp::Protocol::kResp2) {
    call.reply.Array(static_cast<int64_t>(keys));
  } else {
    call.reply.Map(static_cast<int64_t>(keys));
  }
}

// False if there is nothing to be said. With several keys only the end tells of how many: a key
// may be named twice.
bool ReplyNews(Call& call, const std::vector<Reading>& all, const ReadOptions& options) {
  if (all.size() == 1) {
    if (!HasNews(all[0])) return false;
    ReplyHead(call, 1);
    ReplyReading(call, all[0], options);
    return true;
  }
  const size_t before = call.out->size();
  size_t keys = 0;
  for (const Reading& one : all) {
    if (!HasNews(one)) continue;
    ReplyReading(call, one, options);
    ++keys;
  }
  if (keys == 0) return false;
  const std::string body(call.out->Data().substr(before));
  call.out->Truncate(before);
  ReplyHead(call, keys);
  call.out->Append(body);
  return true;
}

// The client waits for what comes behind where the streams are now, whatever "$" will be by then.
// False if it must not wait.
bool WaitForNews(Call& call, const ReadOptions& options, const std::vector<Reading>& all) {
  std::vector<std::string_view> args(call.args.begin(), call.args.end());
  std::vector<StreamIdText> ids;
  ids.reserve(all.size());
  for (size_t i = 0; i < all.size() && !options.in_group; ++i) {
    args[options.first_id + i] = ids.emplace_back(all[i].id).view();
  }
  const auto asked = std::exchange(call.args, std::span<const std::string_view>(args));
  const bool waits = call.Wait(options.keys, options.deadline,
                               options.in_group ? WakeOn::kChange : WakeOn::kPresence);
  call.args = asked;
  return waits;
}

// A stream for which the client has waited has changed, or is none any more.
void ReadWoken(Call& call, std::string_view key, ReadOptions options) {
  constexpr size_t kMostEntries = 1000;
  const auto named = std::find(options.keys.begin(), options.keys.end(), key);
  const auto index = static_cast<size_t>(named - options.keys.begin());
  Reading one;
  one.place.key = *named;
  one.place.slot = call.Find(key);
  const bool is_stream = one.place.slot != nullptr && one.place.slot->type() == ValueType::kStream;
  if (is_stream) {
    one.place.stream = static_cast<StreamObject*>(one.place.slot->object());
    if (options.in_group) one.place.group = one.place.stream->FindGroup(options.group);
  }
  if (options.in_group && !is_stream) {
    return call.reply.Error("UNBLOCKED the stream key no longer exists");
  }
  if (options.in_group && one.place.group == nullptr) {
    return call.reply.Error(
        "NOGROUP the consumer group this client was blocked on no longer exists");
  }
  ReadingId(call, options.first_id + index, options.in_group, &one);
  if (!HasNews(one)) {
    call.Wait(options.keys, options.deadline);
    return;
  }
  if (options.count == 0) options.count = kMostEntries;
  ReplyHead(call, 1);
  ReplyReading(call, one, options);
}

void ReadStreams(Call& call, bool in_group) {
  ReadOptions options;
  options.in_group = in_group;
  if (!ParseRead(call, &options)) return;
  if (const auto key = call.woken_by()) return ReadWoken(call, *key, options);
  std::vector<Reading> all;
  if (!LookUp(call, options, &all)) return;
  // Redis looks each one up a second time, and counts and tells of that, too.
  for (const Reading& one : all) call.Read(one.place.key);
  if (ReplyNews(call, all, options)) return;
  if (!options.waits || !WaitForNews(call, options, all)) call.reply.NullArray();
}

}  // namespace

void Xread(Call& call) {
  ReadStreams(call, /*in_group=*/false);
}

void Xreadgroup(Call& call) {
  ReadStreams(call, /*in_group=*/true);
}

}  // namespace keyhole::store::handlers
