// What the files of commands on sorted sets share.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "proxy/store/commands/handlers.h"
#include "proxy/store/types/sorted_set.h"
#include "proxy/store/types/sorted_set_edit.h"

namespace keyhole::store {

// Reads argument `index` as a score or a weight. False if it is none; then that is the reply.
bool DoubleArgument(Call& call, size_t index, double* value,
                    std::string_view error = "ERR value is not a valid float");

struct ScoredMember {
  std::string_view member;
  double score = 0;
};

// The options of ZADD.
struct AddOptions {
  bool only_new = false;    // NX
  bool only_known = false;  // XX
  bool only_greater = false;
  bool only_less = false;
  bool count_changed = false;  // CH
  bool increment = false;      // INCR
};
// True if two of them exclude each other; then that is the reply.
bool ExcludeEachOther(Call& call, const AddOptions& options);

// What ZADD does once it has understood its arguments, and its reply.
void AddMembers(Call& call, const AddOptions& options, std::span<const ScoredMember> members);

// The key has gone, as what it held has become empty.
void EmitGone(Call& call, std::string_view key);
// Erases the target of a command that stores, as there is nothing to be stored.
void EraseTarget(Call& call, std::string_view key);

// The header of a reply of so many members, and each of them. In RESP3 a member with its score is
// an array of its own.
void ReplyMemberCount(Call& call, size_t count, bool with_scores);
void ReplyMember(Call& call, std::string_view member, double score, bool with_scores);

}  // namespace keyhole::store
