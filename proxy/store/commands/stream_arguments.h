// What the commands of streams share: reading IDs and the options of trimming, replying with
// entries. Texts and order of checks are those of Redis 7.0.15.
#pragma once

#include <cstdint>
#include <limits>
#include <string_view>

#include "proxy/store/commands/handlers.h"
#include "proxy/store/types/stream/stream_object.h"

namespace keyhole::store {

inline constexpr uint64_t kMaxSeq = std::numeric_limits<uint64_t>::max();

// "ms-seq", or "ms" with `missing` as its seq. any_seq: not null where "ms-*" will do, too; then
// whether it is that. False if it is none.
bool ParseStreamId(std::string_view text, uint64_t missing, StreamId* id, bool* any_seq = nullptr);

// The same for an argument. False if it is none; then that is the reply.
bool StreamIdArgument(Call& call, size_t index, StreamId* id, bool* any_seq = nullptr);

// An end of a range, included: "-", "+", an ID, or "(" and an ID, for the next one to it. False if
// it is none; then that is the reply.
enum class RangeEnd : uint8_t { kFrom, kTo };
bool RangeArgument(Call& call, size_t index, RangeEnd end, StreamId* id);

// XADD and XTRIM.
struct StreamAddOptions {
  StreamTrim trim;
  bool no_stream_made = false;  // NOMKSTREAM
  bool has_id = false;          // not *
  bool any_seq = false;         // ms-*
  StreamId id;
  size_t id_index = 0;  // where it stands
};
// Reads args[2] on; up to the ID if it is of XADD. False if they are wrong; then that is the reply.
bool StreamAddOptionsOf(Call& call, bool adds, StreamAddOptions* options);

// The stream of a key: *slot and *stream are null if there is none. False if it is something else;
// then that is the reply. Find: for those that write; Read: counted as Call::Read().
bool FindStream(Call& call, std::string_view key, Entry** slot, StreamObject** stream);
bool ReadStream(Call& call, std::string_view key, const StreamObject** stream);

void ReplyStreamId(Call& call, StreamId id);
void ReplyEntry(Call& call, const StreamEntry& entry);
// The entries of a range, as an array. count: 0 for all. Returns how many.
size_t ReplyRange(Call& call, const StreamObject& stream, StreamId from, StreamId to, size_t count,
                  bool backward = false);
// The entry with this ID, if it is there.
bool ReplyEntryOf(Call& call, const StreamObject& stream, StreamId id);

// Runs f(), which writes the items of an array and returns how many it has written, and puts the
// array's head before them.
template <typename F>
void ReplyLateArray(Call& call, F&& f) {
  const size_t before = call.out->size();
  const auto count = static_cast<int64_t>(f());
  const std::string items(call.out->Data().substr(before));
  call.out->Truncate(before);
  call.reply.Array(count);
  call.out->Append(items);
}

}  // namespace keyhole::store
