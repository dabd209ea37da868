// Streams: adding, trimming, ranges. Reading what comes next is in stream_read_commands.cc, groups
// are in stream_group_commands.cc.
#include <memory>
#include <utility>
#include <vector>

#include "proxy/store/commands/handlers.h"
#include "proxy/store/commands/replies.h"
#include "proxy/store/commands/stream_arguments.h"

namespace keyhole::store::handlers {

namespace {

constexpr size_t kMaxEntryBytes = size_t{1} << 30;  // of all its fields, as in Redis

constexpr std::string_view kTooLarge = "ERR Elements are too large to be stored";

// The ID of the new entry: the one that was given, or the next one. Null, or why there is none.
std::string_view NextId(const Call& call, const StreamAddOptions& options, StreamId last,
                        StreamId* id) {
  constexpr std::string_view kTooSmall =
      "ERR The ID specified in XADD is equal or smaller than the target stream top item";
  if (last == kMaxStreamId) {
    return "ERR The stream has exhausted the last possible ID, unable to add more items";
  }
  if (!options.has_id) {
    *id = {.ms = static_cast<uint64_t>(call.now), .seq = 0};
    if (id->ms > last.ms) return {};
    *id = last;
    Increment(id);
    return {};
  }
  *id = options.id;
  if (options.any_seq && id->ms == last.ms) {
    if (last.seq == kMaxSeq) return kTooLarge;  // what Redis says there
    id->seq = last.seq + 1;
  }
  return *id > last ? std::string_view() : kTooSmall;
}

bool IsTooLarge(std::span<const std::string_view> fields) {
  size_t bytes = 0;
  for (const std::string_view text : fields) bytes += text.size();
  return bytes > kMaxEntryBytes;
}

// Adds the entry, and trims. Returns how many entries that took away.
uint64_t Add(Call& call, Entry* slot, StreamObject* stream, StreamId id,
             const StreamAddOptions& options) {
  const auto fields = call.args.subspan(options.id_index + 1);
  uint64_t trimmed = 0;
  const auto add = [&](StreamObject* to) {
    to->Append(id, fields, call.engine.stream_limits());
    trimmed = to->Trim(options.trim);
  };
  if (slot != nullptr) {
    call.db().Change(slot, [&] { add(stream); });
    return trimmed;
  }
  auto made = std::make_unique<StreamObject>();
  add(made.get());
  call.db().Insert(Entry::MakeObject(Encoding::kStream, call.args[1], std::move(made), kNever));
  return trimmed;
}

}  // namespace

void Xadd(Call& call) {
  StreamAddOptions options;
  Entry* slot = nullptr;
  StreamObject* stream = nullptr;
  if (!StreamAddOptionsOf(call, /*adds=*/true, &options)) return;
  // Redis counts from the ID on, which may be missing.
  const size_t fields = call.args.size() - std::min(options.id_index + 1, call.args.size());
  if (fields < 2 || fields % 2 != 0) return WrongArity(call);
  if (options.has_id && !options.any_seq && options.id == kNoStreamId) {
    return call.reply.Error("ERR The ID specified in XADD must be greater than 0-0");
  }
  if (!FindStream(call, call.args[1], &slot, &stream)) return;
  if (slot == nullptr && options.no_stream_made) return call.reply.Null();

  StreamId id;
  const StreamId last = stream == nullptr ? kNoStreamId : stream->last_id;
  const std::string_view error = NextId(call, options, last, &id);
  if (!error.empty()) return call.reply.Error(error);
  if (IsTooLarge(call.args.subspan(options.id_index + 1))) {
    return call.reply.Error(kTooLarge);
  }
  const uint64_t trimmed = Add(call, slot, stream, id, options);
  ReplyStreamId(call, id);
  call.Emit(EventClass::kStream, "xadd", call.args[1]);  // layering: not a command
  if (trimmed > 0)
    call.Emit(EventClass::kStream, "xtrim", call.args[1]);  // layering: not a command
}

void Xtrim(Call& call) {
  StreamAddOptions options;
  Entry* slot = nullptr;
  StreamObject* stream = nullptr;
  if (!StreamAddOptionsOf(call, /*adds=*/false, &options)) return;
  if (!FindStream(call, call.args[1], &slot, &stream)) return;
  if (slot == nullptr) return call.reply.Integer(0);
  const size_t before = stream->size();
  // Not Change(): nothing may go.
  call.db().Adjust(slot, [&] { stream->Trim(options.trim); });
  const size_t removed = before - stream->size();
  if (removed > 0) {
    call.db().Change(slot, [] {});
    call.Emit(EventClass::kStream, "xtrim", call.args[1]);  // layering: not a command
  }
  call.reply.Integer(static_cast<int64_t>(removed));
}

void Xdel(Call& call) {
  Entry* slot = nullptr;
  StreamObject* stream = nullptr;
  if (!FindStream(call, call.args[1], &slot, &stream)) return;
  if (slot == nullptr) return call.reply.Integer(0);
  std::vector<StreamId> ids(call.args.size() - 2);
  for (size_t i = 0; i < ids.size(); ++i) {
    if (!StreamIdArgument(call, i + 2, &ids[i])) return;
  }
  int64_t deleted = 0;
  call.db().Adjust(slot, [&] {
    for (const StreamId id : ids) deleted += stream->Delete(id) ? 1 : 0;
  });
  if (deleted > 0) {
    call.db().Change(slot, [] {});
    call.Emit(EventClass::kStream, "xdel", call.args[1]);  // layering: not a command
  }
  call.reply.Integer(deleted);
}

void Xlen(Call& call) {
  const StreamObject* stream = nullptr;
  if (!ReadStream(call, call.args[1], &stream)) return;
  call.reply.Integer(stream == nullptr ? 0 : static_cast<int64_t>(stream->size()));
}

namespace {

// COUNT, which -1 stands for if it is not given. False if something is wrong; then that is the
// reply.
bool CountOption(Call& call, int64_t* count) {
  for (size_t i = 4; i < call.args.size(); ++i) {
    if (!call.Is(i, "COUNT") || i + 1 == call.args.size()) {
      call.reply.Error(kSyntaxError);
      return false;
    }
    if (!IntegerArgument(call, ++i, count)) return false;
    *count = std::max(*count, int64_t{0});
  }
  return true;
}

void ReplyRangeOf(Call& call, bool backward) {
  StreamId from;
  StreamId to;
  int64_t count = -1;
  const StreamObject* stream = nullptr;
  if (!RangeArgument(call, backward ? 3 : 2, RangeEnd::kFrom, &from)) return;
  if (!RangeArgument(call, backward ? 2 : 3, RangeEnd::kTo, &to)) return;
  if (!CountOption(call, &count)) return;
  if (!ReadStream(call, call.args[1], &stream)) return;
  if (stream == nullptr) return call.reply.Array(0);
  if (count == 0) return call.reply.NullArray();
  ReplyRange(call, *stream, from, to, count < 0 ? 0 : static_cast<size_t>(count), backward);
}

}  // namespace

void Xrange(Call& call) {
  ReplyRangeOf(call, /*backward=*/false);
}

void Xrevrange(Call& call) {
  ReplyRangeOf(call, /*backward=*/true);
}

namespace {

struct SetIdOptions {
  StreamId last;
  StreamId max_deleted;
  int64_t added = -1;
};

bool ParseSetId(Call& call, SetIdOptions* options) {
  if (!StreamIdArgument(call, 2, &options->last)) return false;
  for (size_t i = 3; i < call.args.size(); i += 2) {
    const bool more = i + 1 < call.args.size();
    std::string_view error;
    if (more && call.Is(i, "ENTRIESADDED")) {
      if (!IntegerArgument(call, i + 1, &options->added)) return false;
      if (options->added < 0) error = "ERR entries_added must be positive";
    } else if (more && call.Is(i, "MAXDELETEDID")) {
      if (!StreamIdArgument(call, i + 1, &options->max_deleted)) return false;
      if (options->last < options->max_deleted) {
        error = "ERR The ID specified in XSETID is smaller than the provided max_deleted_entry_id";
      }
    } else {
      error = kSyntaxError;
    }
    if (error.empty()) continue;
    call.reply.Error(error);
    return false;
  }
  return true;
}

}  // namespace

void Xsetid(Call& call) {
  SetIdOptions options;
  Entry* slot = nullptr;
  StreamObject* stream = nullptr;
  if (!ParseSetId(call, &options)) return;
  if (!FindStream(call, call.args[1], &slot, &stream)) return;
  if (slot == nullptr) return call.reply.Error("ERR no such key");
  if (stream->size() > 0 && options.last < stream->newest()) {
    return call.reply.Error(
        "ERR The ID specified in XSETID is smaller than the target stream top item");
  }
  if (stream->size() > 0 && options.added != -1 &&
      stream->size() > static_cast<uint64_t>(options.added)) {
    return call.reply.Error(
        "ERR The entries_added specified in XSETID is smaller than the target stream length");
  }
  call.db().Adjust(slot, [&] {
    stream->last_id = options.last;
    if (options.added != -1) stream->entries_added = static_cast<uint64_t>(options.added);
    if (options.max_deleted != kNoStreamId) stream->max_deleted_id = options.max_deleted;
  });
  call.reply.Ok();
  call.Emit(EventClass::kStream, "xsetid", call.args[1]);  // layering: not a command
}

}  // namespace keyhole::store::handlers
