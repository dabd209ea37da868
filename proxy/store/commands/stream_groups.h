// What the commands of consumer groups share.
#pragma once

#include <string_view>

#include "proxy/store/commands/handlers.h"
#include "proxy/store/commands/stream_arguments.h"

namespace keyhole::store {

// A group, and the stream that has it. The slot is valid as Keyspace says, the others until the key
// changes.
struct GroupPlace {
  std::string_view key;
  Entry* slot = nullptr;
  StreamObject* stream = nullptr;
  const ConsumerGroup* group = nullptr;
};

// Looks for the key, counted as Call::Read(), and for the group: `group` is null if either is not
// there. False if the key is no stream; then that is the reply.
bool ReadGroup(Call& call, std::string_view key, std::string_view name, GroupPlace* place);

// Calls f(ConsumerGroup&), which changes the group. Redis does not call the key changed by that.
template <typename F>
void ChangeGroup(Call& call, const GroupPlace& place, F&& f) {
  call.db().Adjust(place.slot, [&] { place.stream->ChangeGroup(*place.group, f); });
}

// The consumer of this name, which is made if it is not there; it was seen now.
ConsumerGroup::Number ConsumerNamed(Call& call, const GroupPlace& place, std::string_view name);

// "NOGROUP No such key 'k' or consumer group 'g'", and `more`.
void NoKeyOrGroup(Call& call, std::string_view key, std::string_view group,
                  std::string_view more = {});
// "NOGROUP No such consumer group 'g' for key name 'k'"
void NoGroup(Call& call, std::string_view key, std::string_view group);

// How many entries the group has not read yet, or null if that cannot be known.
void ReplyLag(Call& call, const StreamObject& stream, const ConsumerGroup& group);
void ReplyEntriesRead(Call& call, const ConsumerGroup& group);

}  // namespace keyhole::store
