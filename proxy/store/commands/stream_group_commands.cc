// Consumer groups of streams: XGROUP, and XACK.
#include <memory>
#include <vector>

#include "proxy/store/commands/handlers.h"
#include "proxy/store/commands/replies.h"
#include "proxy/store/commands/stream_arguments.h"
#include "proxy/store/commands/stream_groups.h"

namespace keyhole::store::handlers {

namespace {

struct GroupOptions {
  bool makes_stream = false;  // MKSTREAM
  int64_t entries_read = kUnknownCount;
};

// Reads args[5] on. False if they are wrong; then that is the reply.
bool ParseGroup(Call& call, bool creates, GroupOptions* options) {
  for (size_t i = 5; i < call.args.size(); ++i) {
    if (creates && call.Is(i, "MKSTREAM")) {
      options->makes_stream = true;
    } else if (call.Is(i, "ENTRIESREAD") && i + 1 < call.args.size()) {
      if (!IntegerArgument(call, ++i, &options->entries_read)) return false;
      if (options->entries_read < 0 && options->entries_read != kUnknownCount) {
        call.reply.Error("ERR value for ENTRIESREAD must be positive or -1");
        return false;
      }
    } else {
      WrongSubcommand(call, "XGROUP");
      return false;
    }
  }
  return true;
}

// The key that XGROUP names, which writes and is not counted. False if there is none, or no stream;
// then that is the reply.
bool FindExisting(Call& call, GroupPlace* place) {
  place->key = call.args[2];
  if (!FindStream(call, place->key, &place->slot, &place->stream)) return false;
  if (place->slot != nullptr) return true;
  call.reply.Error(
      "ERR The XGROUP subcommand requires the key to exist. Note that for CREATE you may want to "
      "use the MKSTREAM option to create an empty stream automatically.");
  return false;
}

// The same with a group, which must be there.
bool FindGroup(Call& call, GroupPlace* place) {
  if (!FindExisting(call, place)) return false;
  place->group = place->stream->FindGroup(call.args[3]);
  if (place->group == nullptr) NoGroup(call, call.args[2], call.args[3]);
  return place->group != nullptr;
}

// "$", or an ID. False if it is none; then that is the reply.
bool LastIdArgument(Call& call, const StreamObject* stream, StreamId* id) {
  if (UpToNul(call.args[4]) != "$") return StreamIdArgument(call, 4, id);
  *id = stream == nullptr ? kNoStreamId : stream->last_id;
  return true;
}

}  // namespace

void XgroupCreate(Call& call) {
  GroupOptions options;
  GroupPlace place;
  StreamId last;
  if (!ParseGroup(call, /*creates=*/true, &options)) return;
  if (options.makes_stream) {
    if (!FindStream(call, call.args[2], &place.slot, &place.stream)) return;
  } else if (!FindExisting(call, &place)) {
    return;
  }
  if (call.args.size() > 8) return WrongSubcommand(call, "XGROUP");
  if (!LastIdArgument(call, place.stream, &last)) return;
  if (place.slot == nullptr) {
    auto made = std::make_unique<StreamObject>();
    made->AddGroup(call.args[3], last, options.entries_read);
    call.db().Insert(Entry::MakeObject(Encoding::kStream, call.args[2], std::move(made), kNever));
  } else if (place.stream->FindGroup(call.args[3]) != nullptr) {
    return call.reply.Error("BUSYGROUP Consumer Group name already exists");
  } else {
    call.db().Adjust(place.slot,
                     [&] { place.stream->AddGroup(call.args[3], last, options.entries_read); });
  }
  call.reply.Ok();
  call.Emit(EventClass::kStream, "xgroup-create", call.args[2]);
}

void XgroupSetid(Call& call) {
  GroupOptions options;
  GroupPlace place;
  StreamId last;
  if (!ParseGroup(call, /*creates=*/false, &options)) return;
  if (!FindGroup(call, &place)) return;
  if (call.args.size() != 5 && call.args.size() != 7) return WrongSubcommand(call, "XGROUP");
  // Unlike all others, this one takes "-" and "+".
  const std::string_view text = UpToNul(call.args[4]);
  if (text == "-") {
    last = kNoStreamId;
  } else if (text == "+") {
    last = kMaxStreamId;
  } else if (!LastIdArgument(call, place.stream, &last)) {
    return;
  }
  ChangeGroup(call, place, [&](ConsumerGroup& group) {
    group.last_id = last;
    group.entries_read = options.entries_read;
  });
  call.reply.Ok();
  call.Emit(EventClass::kStream, "xgroup-setid", call.args[2]);
}

void XgroupDestroy(Call& call) {
  GroupPlace place;
  if (!FindExisting(call, &place)) return;
  if (place.stream->FindGroup(call.args[3]) == nullptr) return call.reply.Integer(0);
  call.db().Adjust(place.slot, [&] { place.stream->RemoveGroup(call.args[3]); });
  call.db().RingBell(call.args[2]);  // for those who wait for what the group would have given them
  call.reply.Integer(1);
  call.Emit(EventClass::kStream, "xgroup-destroy", call.args[2]);
}

void XgroupCreateconsumer(Call& call) {
  GroupPlace place;
  if (!FindGroup(call, &place)) return;
  if (place.group->Find(call.args[4]) != nullptr) return call.reply.Integer(0);
  ConsumerNamed(call, place, call.args[4]);
  call.reply.Integer(1);
}

void XgroupDelconsumer(Call& call) {
  GroupPlace place;
  if (!FindGroup(call, &place)) return;
  if (place.group->Find(call.args[4]) == nullptr) return call.reply.Integer(0);
  size_t pending = 0;
  ChangeGroup(call, place, [&](ConsumerGroup& group) { pending = group.Remove(call.args[4]); });
  call.reply.Integer(static_cast<int64_t>(pending));
  call.Emit(EventClass::kStream, "xgroup-delconsumer", call.args[2]);
}

void XgroupHelp(Call& call) {
  constexpr std::string_view kLines[] = {
      "CREATE <key> <groupname> <id|$> [option]",
      "    Create a new consumer group. Options are:",
      "    * MKSTREAM",
      "      Create the empty stream if it does not exist.",
      "    * ENTRIESREAD entries_read",
      "      Set the group's entries_read counter (internal use).",
      "CREATECONSUMER <key> <groupname> <consumer>",
      "    Create a new consumer in the specified group.",
      "DELCONSUMER <key> <groupname> <consumer>",
      "    Remove the specified consumer.",
      "DESTROY <key> <groupname>",
      "    Remove the specified group.",
      "SETID <key> <groupname> <id|$> [ENTRIESREAD entries_read]",
      "    Set the current group ID and entries_read counter."};
  Help(call, kLines);
}

void Xack(Call& call) {
  GroupPlace place;
  if (!ReadGroup(call, call.args[1], call.args[2], &place)) return;
  if (place.group == nullptr) return call.reply.Integer(0);
  std::vector<StreamId> ids(call.args.size() - 3);
  for (size_t i = 0; i < ids.size(); ++i) {
    if (!StreamIdArgument(call, i + 3, &ids[i])) return;
  }
  int64_t released = 0;
  ChangeGroup(call, place, [&](ConsumerGroup& group) {
    for (const StreamId id : ids) released += group.Release(id) ? 1 : 0;
  });
  call.reply.Integer(released);
}

}  // namespace keyhole::store::handlers
