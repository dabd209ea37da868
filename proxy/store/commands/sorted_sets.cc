#include "proxy/store/commands/sorted_sets.h"

#include <cmath>

#include "proxy/store/commands/replies.h"
#include "proxy/store/types/float_text.h"

namespace keyhole::store {

bool DoubleArgument(Call& call, size_t index, double* value, std::string_view error) {
  if (ParseDouble(call.args[index], value)) return true;
  call.reply.Error(error);
  return false;
}

bool ExcludeEachOther(Call& call, const AddOptions& options) {
  const int conditions =
      (options.only_new ? 1 : 0) + (options.only_greater ? 1 : 0) + (options.only_less ? 1 : 0);
  if (options.only_new && options.only_known) {
    call.reply.Error("ERR XX and NX options at the same time are not compatible");
  } else if (conditions > 1) {
    call.reply.Error("ERR GT, LT, and/or NX options at the same time are not compatible");
  } else {
    return false;
  }
  return true;
}

namespace {

enum class Added : uint8_t { kNothing, kSame, kChanged, kNew, kNotANumber };

// *score becomes the one that the member has now.
Added AddOne(SortedSetEdit* edit, const AddOptions& options, std::string_view member,
             double* score) {
  const SortedSetEdit::Found found = edit->Find(member);
  if (!found.found) {
    if (options.only_known) return Added::kNothing;
    edit->Add(member, *score);
    return Added::kNew;
  }
  if (options.only_new) return Added::kNothing;
  if (options.increment) *score += found.score;
  if (std::isnan(*score)) return Added::kNotANumber;
  if (options.only_less && *score >= found.score) return Added::kNothing;
  if (options.only_greater && *score <= found.score) return Added::kNothing;
  if (*score == found.score) return Added::kSame;
  edit->Rescore(found, member, *score);
  return Added::kChanged;
}

bool BeginsPacked(const SortedSetLimits& limits, std::string_view first) {
  return limits.members == 0 || first.size() > limits.bytes;
}

}  // namespace

void AddMembers(Call& call, const AddOptions& options, std::span<const ScoredMember> members) {
  const std::string_view key = call.args[1];
  Entry* slot = call.Find(key);
  if (IsWrongType(call, slot, ValueType::kSortedSet)) return;
  int64_t added = 0;
  int64_t changed = 0;
  double score = 0;
  Added last = Added::kNothing;
  SortedSetEdit edit(call.db(), call.engine.sorted_set_limits(), slot, call.db().HeapOf(key));
  const bool is_packed =
      slot == nullptr && BeginsPacked(call.engine.sorted_set_limits(), members[0].member);
  if (is_packed) edit.BeginPacked();
  for (const ScoredMember& one : members) {
    score = one.score;
    last = AddOne(&edit, options, one.member, &score);
    if (last == Added::kNew) ++added;
    if (last == Added::kChanged) ++changed;
  }
  edit.Commit(key);
  if (last == Added::kNotANumber) {
    call.reply.Error("ERR resulting score is not a number (NaN)");
  } else if (!options.increment) {
    call.reply.Integer(options.count_changed ? added + changed : added);
  } else if (last == Added::kNothing) {
    call.reply.Null();
  } else {
    call.reply.Double(score);
  }
  if (added + changed == 0) return;
  const std::string_view event = resp::Spec(resp::CommandId::kZadd).name;
  call.Emit(EventClass::kSortedSet, options.increment ? "zincr" : event, key);
}

void EmitGone(Call& call, std::string_view key) {
  call.Emit(EventClass::kGeneric, resp::Spec(resp::CommandId::kDel).name, key);
}

void EraseTarget(Call& call, std::string_view key) {
  Entry* const slot = call.Find(key);
  if (slot == nullptr) return;
  call.db().Erase(slot);
  EmitGone(call, key);
}

void ReplyMemberCount(Call& call, size_t count, bool with_scores) {
  const bool flat = with_scores && call.reply.protocol() == resp::Protocol::kResp2;
  call.reply.Array(static_cast<int64_t>(flat ? count * 2 : count));
}

void ReplyMember(Call& call, std::string_view member, double score, bool with_scores) {
  if (!with_scores) return call.reply.Bulk(member);
  if (call.reply.protocol() == resp::Protocol::kResp3) call.reply.Array(2);
  call.reply.Bulk(member);
  call.reply.Double(score);
}

}  // namespace keyhole::store
