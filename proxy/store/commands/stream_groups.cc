#include "proxy/store/commands/stream_groups.h"

#include <string>

#include "proxy/store/commands/replies.h"

namespace keyhole::store {

bool ReadGroup(Call& call, std::string_view key, std::string_view name, GroupPlace* place) {
  *place = {.key = key, .slot = call.Read(key)};
  if (IsWrongType(call, place->slot, ValueType::kStream)) return false;
  if (place->slot == nullptr) return true;
  place->stream = static_cast<StreamObject*>(place->slot->object());
  place->group = place->stream->FindGroup(name);
  return true;
}

ConsumerGroup::Number ConsumerNamed(Call& call, const GroupPlace& place, std::string_view name) {
  const ConsumerGroup::Number* const found = place.group->Find(name);
  ConsumerGroup::Number number = found == nullptr ? 0 : *found;
  ChangeGroup(call, place, [&](ConsumerGroup& group) {
    if (found == nullptr) number = group.Add(name, call.now);
    group.Seen(number, call.now);
  });
  if (found == nullptr) call.Emit(EventClass::kStream, "xgroup-createconsumer", place.key);
  return number;
}

void NoKeyOrGroup(Call& call, std::string_view key, std::string_view group, std::string_view more) {
  call.reply.Error(std::string("NOGROUP No such key '")
                       .append(UpToNul(key))
                       .append("' or consumer group '")
                       .append(UpToNul(group))
                       .append("'")
                       .append(more));
}

void NoGroup(Call& call, std::string_view key, std::string_view group) {
  call.reply.Error(std::string("NOGROUP No such consumer group '")
                       .append(UpToNul(group))
                       .append("' for key name '")
                       .append(UpToNul(key))
                       .append("'"));
}

// Source: redis 7.0.15 t_stream.c streamReplyWithCGLag.
void ReplyLag(Call& call, const StreamObject& stream, const ConsumerGroup& group) {
  const auto added = static_cast<int64_t>(stream.entries_added);
  if (added == 0) return call.reply.Integer(0);
  int64_t read = group.entries_read;
  if (read == kUnknownCount || stream.HasGapFrom(group.last_id)) {
    read = stream.CountUpTo(group.last_id);
  }
  if (read == kUnknownCount) return call.reply.Null();
  call.reply.Integer(added - read);
}

void ReplyEntriesRead(Call& call, const ConsumerGroup& group) {
  if (group.entries_read == kUnknownCount) return call.reply.Null();
  call.reply.Integer(group.entries_read);
}

}  // namespace keyhole::store
