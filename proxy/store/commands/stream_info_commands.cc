// XINFO: what there is to know of a stream, its groups and their consumers.
#include <algorithm>

#include "proxy/store/commands/handlers.h"
#include "proxy/store/commands/replies.h"
#include "proxy/store/commands/stream_arguments.h"
#include "proxy/store/commands/stream_groups.h"

namespace keyhole::store::handlers {

namespace {

bool ReadExisting(Call& call, const StreamObject** stream) {
  if (!ReadStream(call, call.args[2], stream)) return false;
  if (*stream == nullptr) call.reply.Error("ERR no such key");
  return *stream != nullptr;
}

void Named(Call& call, std::string_view name, int64_t value) {
  call.reply.Bulk(name);
  call.reply.Integer(value);
}

void Named(Call& call, std::string_view name, size_t value) {
  Named(call, name, static_cast<int64_t>(value));
}

void Named(Call& call, std::string_view name, StreamId id) {
  call.reply.Bulk(name);
  ReplyStreamId(call, id);
}

// FULL, and how many entries of each list it shows; 0: all.
struct InfoOptions {
  bool full = false;
  size_t count = 10;
};

// False if they are wrong; then that is the reply.
bool ParseInfo(Call& call, InfoOptions* options) {
  const size_t args = call.args.size();
  options->full = args > 3;
  const bool right = args == 3 || (args == 4 && call.Is(3, "FULL")) ||
                     (args == 6 && call.Is(3, "FULL") && call.Is(4, "COUNT"));
  if (!right) {
    WrongSubcommand(call, "XINFO");
    return false;
  }
  if (args < 6) return true;
  int64_t count = 0;
  if (!IntegerArgument(call, 5, &count)) return false;
  if (count >= 0) options->count = static_cast<size_t>(count);
  return true;
}

void ReplyEdge(Call& call, const StreamObject& stream, std::string_view name, StreamId id) {
  call.reply.Bulk(name);
  if (!ReplyEntryOf(call, stream, id)) call.reply.Null();
}

void ReplySummary(Call& call, const StreamObject& stream) {
  Named(call, "length", stream.size());
  Named(call, "radix-tree-keys", stream.blocks());
  Named(call, "radix-tree-nodes", stream.tree_nodes());
  Named(call, "last-generated-id", stream.last_id);
  Named(call, "max-deleted-entry-id", stream.max_deleted_id);
  Named(call, "entries-added", static_cast<int64_t>(stream.entries_added));
  Named(call, "recorded-first-entry-id", stream.first_id());
}

// The first entries that are pending: of one consumer, or of all with their names.
void ReplyPending(Call& call, const ConsumerGroup& group,
                  std::optional<ConsumerGroup::Number> consumer, size_t count) {
  const size_t there = consumer ? group.consumer(*consumer).pending : group.pending().size();
  const size_t shown = count == 0 ? there : std::min(count, there);
  call.reply.Bulk("pending");
  call.reply.Array(static_cast<int64_t>(shown));
  StreamId from;
  for (size_t i = 0; i < shown; ++i) {
    const PendingEntry entry = *group.pending().Next(from, consumer);
    call.reply.Array(consumer ? 3 : 4);
    ReplyStreamId(call, entry.id);
    if (!consumer) call.reply.Bulk(group.name(entry.pending.consumer));
    call.reply.Integer(entry.pending.delivered);
    call.reply.Integer(static_cast<int64_t>(entry.pending.deliveries));
    from = entry.id;
    Increment(&from);
  }
}

void ReplyWholeGroup(Call& call, const StreamObject& stream, std::string_view name,
                     const ConsumerGroup& group, size_t count) {
  call.reply.Map(7);
  call.reply.Bulk("name");
  call.reply.Bulk(name);
  Named(call, "last-delivered-id", group.last_id);
  call.reply.Bulk("entries-read");
  ReplyEntriesRead(call, group);
  call.reply.Bulk("lag");
  ReplyLag(call, stream, group);
  Named(call, "pel-count", group.pending().size());
  ReplyPending(call, group, std::nullopt, count);
  call.reply.Bulk("consumers");
  call.reply.Array(static_cast<int64_t>(group.consumers()));
  group.ForEachConsumer([&](std::string_view consumer, ConsumerGroup::Number number) {
    call.reply.Map(4);
    call.reply.Bulk("name");
    call.reply.Bulk(consumer);
    Named(call, "seen-time", group.consumer(number).seen);
    Named(call, "pel-count", group.consumer(number).pending);
    ReplyPending(call, group, number, count);
  });
}

}  // namespace

void XinfoStream(Call& call) {
  const StreamObject* stream = nullptr;
  InfoOptions options;
  if (!ReadExisting(call, &stream)) return;
  if (!ParseInfo(call, &options)) return;
  call.reply.Map(options.full ? 9 : 10);
  ReplySummary(call, *stream);
  if (!options.full) {
    Named(call, "groups", stream->groups());
    ReplyEdge(call, *stream, "first-entry", stream->first_id());
    ReplyEdge(call, *stream, "last-entry", stream->newest());
    return;
  }
  call.reply.Bulk("entries");
  ReplyRange(call, *stream, kNoStreamId, kMaxStreamId, options.count);
  call.reply.Bulk("groups");
  call.reply.Array(static_cast<int64_t>(stream->groups()));
  stream->ForEachGroup([&](std::string_view name, const ConsumerGroup& group) {
    ReplyWholeGroup(call, *stream, name, group, options.count);
  });
}

void XinfoGroups(Call& call) {
  const StreamObject* stream = nullptr;
  if (!ReadExisting(call, &stream)) return;
  call.reply.Array(static_cast<int64_t>(stream->groups()));
  stream->ForEachGroup([&](std::string_view name, const ConsumerGroup& group) {
    call.reply.Map(6);
    call.reply.Bulk("name");
    call.reply.Bulk(name);
    Named(call, "consumers", group.consumers());
    Named(call, "pending", group.pending().size());
    Named(call, "last-delivered-id", group.last_id);
    call.reply.Bulk("entries-read");
    ReplyEntriesRead(call, group);
    call.reply.Bulk("lag");
    ReplyLag(call, *stream, group);
  });
}

void XinfoConsumers(Call& call) {
  const StreamObject* stream = nullptr;
  if (!ReadExisting(call, &stream)) return;
  const ConsumerGroup* const group = stream->FindGroup(call.args[3]);
  if (group == nullptr) return NoGroup(call, call.args[2], call.args[3]);
  call.reply.Array(static_cast<int64_t>(group->consumers()));
  group->ForEachConsumer([&](std::string_view name, ConsumerGroup::Number number) {
    const Consumer& consumer = group->consumer(number);
    call.reply.Map(3);
    call.reply.Bulk("name");
    call.reply.Bulk(name);
    Named(call, "pending", consumer.pending);
    Named(call, "idle", std::max(call.now - consumer.seen, UnixMillis{0}));
  });
}

void XinfoHelp(Call& call) {
  constexpr std::string_view kLines[] = {"CONSUMERS <key> <groupname>",
                                         "    Show consumers of <groupname>.",
                                         "GROUPS <key>",
                                         "    Show the stream consumer groups.",
                                         "STREAM <key> [FULL [COUNT <count>]",
                                         "    Show information about the stream."};
  Help(call, kLines);
}

}  // namespace keyhole::store::handlers
