#include "proxy/store/commands/list_ends.h"

#include <algorithm>
#include <string>

#include "proxy/store/commands/replies.h"
#include "proxy/store/types/list.h"
#include "resp/number.h"

namespace keyhole::store {

namespace {

using resp::CommandId;

// The events bear the names of commands, whatever the command.
std::string_view PushEvent(ListEnd end) {
  return resp::Spec(end == ListEnd::kFront ? CommandId::kLpush : CommandId::kRpush).name;
}
std::string_view PopEvent(ListEnd end) {
  return resp::Spec(end == ListEnd::kFront ? CommandId::kLpop : CommandId::kRpop).name;
}

void EmitPop(const Call& call, std::string_view key, ListEnd end, bool is_empty) {
  call.Emit(EventClass::kList, PopEvent(end), key);
  if (is_empty) call.Emit(EventClass::kGeneric, resp::Spec(CommandId::kDel).name, key);
}

std::string TextAt(Entry list, ListEnd end) {
  const size_t index = end == ListEnd::kFront ? 0 : CountElements(list) - 1;
  return std::string(ListReader(list, index, end).text());
}

}  // namespace

bool EndArgument(Call& call, size_t index, ListEnd* end) {
  const bool is_left = call.Is(index, "LEFT");
  if (!is_left && !call.Is(index, "RIGHT")) {
    call.reply.Error(kSyntaxError);
    return false;
  }
  *end = is_left ? ListEnd::kFront : ListEnd::kBack;
  return true;
}

bool BoundedArgument(Call& call, size_t index, int64_t min, std::string_view error,
                     int64_t* value) {
  if (resp::ParseInteger(call.args[index], value) && *value >= min) return true;
  call.reply.Error(error);
  return false;
}

bool ParseManyPops(Call& call, size_t first, ManyPops* pops) {
  int64_t keys = 0;
  if (!BoundedArgument(call, first, 1, "ERR numkeys should be greater than 0", &keys)) return false;
  const size_t behind = call.args.size() - first - 1;
  if (static_cast<uint64_t>(keys) >= behind) {
    call.reply.Error(kSyntaxError);
    return false;
  }
  pops->keys = call.args.subspan(first + 1, static_cast<size_t>(keys));
  size_t next = first + 1 + pops->keys.size();
  if (!EndArgument(call, next++, &pops->end)) return false;
  constexpr int64_t kNone = -1;
  int64_t count = kNone;
  for (; next < call.args.size(); next += 2) {
    if (count != kNone || !call.Is(next, "COUNT") || next + 1 == call.args.size()) {
      call.reply.Error(kSyntaxError);
      return false;
    }
    if (!BoundedArgument(call, next + 1, 1, "ERR count should be greater than 0", &count)) {
      return false;
    }
  }
  pops->count = count == kNone ? 1 : count;
  return true;
}

void ReplyElements(Call& call, Entry list, size_t first, size_t count, ListEnd towards) {
  call.reply.Array(static_cast<int64_t>(count));
  if (count == 0) return;
  ListReader reader(list, towards == ListEnd::kBack ? first : first + count - 1, towards);
  for (; count > 0; --count, reader.Next()) call.reply.Bulk(reader.text());
}

void DropFromEnd(Call& call, std::string_view key, Entry* slot, ListEnd end, size_t count) {
  ListEdit edit(call.db(), call.engine.list_limits(), slot);
  edit.Erase(end == ListEnd::kFront ? 0 : edit.size() - count, count);
  const bool is_empty = !edit.Commit(key);
  EmitPop(call, key, end, is_empty);
}

void PopOne(Call& call, std::string_view key, Entry* slot, ListEnd end) {
  const size_t index = end == ListEnd::kFront ? 0 : CountElements(*slot) - 1;
  call.reply.Bulk(ListReader(*slot, index, end).text());
  DropFromEnd(call, key, slot, end, 1);
}

void PopWithKey(Call& call, std::string_view key, Entry* slot, ListEnd end, int64_t most) {
  const size_t size = CountElements(*slot);
  const auto count = static_cast<size_t>(std::min<uint64_t>(static_cast<uint64_t>(most), size));
  const bool front = end == ListEnd::kFront;
  call.reply.Array(2);
  call.reply.Bulk(key);
  ReplyElements(call, *slot, front ? 0 : size - count, count,
                front ? ListEnd::kBack : ListEnd::kFront);
  DropFromEnd(call, key, slot, end, count);
}

void MoveElement(Call& call, ListEnd take, ListEnd put) {
  const std::string_view from = call.args[1];
  const std::string_view to = call.args[2];
  Entry* target = nullptr;
  if (!FindAs(call, to, ValueType::kList, &target)) return;
  Entry* const source = call.Find(from);  // asked again: finding the target may have moved it
  const std::string text = TextAt(*source, take);
  call.reply.Bulk(text);
  if (from == to) {
    {
      ListEdit edit(call.db(), call.engine.list_limits(), source);
      edit.Erase(take == ListEnd::kFront ? 0 : edit.size() - 1, 1);
      edit.Push(put, text);
      edit.Commit(from);
    }
    call.Emit(EventClass::kList, PushEvent(put), to);
    return EmitPop(call, from, take, /*is_empty=*/false);
  }
  {
    ListEdit edit(call.db(), call.engine.list_limits(), call.Find(to));
    edit.Push(put, text);
    edit.Commit(to);
  }
  call.Emit(EventClass::kList, PushEvent(put), to);
  DropFromEnd(call, from, call.Find(from), take, 1);
}

}  // namespace keyhole::store
