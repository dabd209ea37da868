// Lists: pushing and popping, reading, changing them in the middle. What waits is in
// list_blocking_commands.cc.
//
// Some commands look at their arguments first, and some at the key: the order is Redis', as it
// decides which error a request with several faults gets. Source: redis 7.0.15 t_list.c.
#include <algorithm>
#include <limits>
#include <optional>
#include <vector>

#include "proxy/store/commands/handlers.h"
#include "proxy/store/commands/list_ends.h"
#include "proxy/store/commands/replies.h"
#include "proxy/store/types/list.h"
#include "proxy/store/types/list_edit.h"
#include "resp/number.h"

namespace keyhole::store::handlers {

namespace {

using resp::CommandId;

void PushAll(Call& call, ListEnd end, bool must_exist) {
  const std::string_view key = call.args[1];
  Entry* slot = nullptr;
  if (!FindAs(call, key, ValueType::kList, &slot)) return;
  if (slot == nullptr && must_exist) return call.reply.Integer(0);
  {
    ListEdit edit(call.db(), call.engine.list_limits(), slot);
    edit.Push(end, call.args.subspan(2));
    call.reply.Integer(static_cast<int64_t>(edit.size()));
    edit.Commit(key);
  }
  const CommandId event = end == ListEnd::kFront ? CommandId::kLpush : CommandId::kRpush;
  call.Emit(EventClass::kList, resp::Spec(event).name, key);
}

void PopSome(Call& call, ListEnd end) {
  const std::string_view key = call.args[1];
  if (call.args.size() > 3) return WrongArity(call);
  const bool counted = call.args.size() == 3;
  int64_t most = 0;
  if (counted &&
      !BoundedArgument(call, 2, 0, "ERR value is out of range, must be positive", &most)) {
    return;
  }
  Entry* slot = nullptr;
  if (!FindAs(call, key, ValueType::kList, &slot)) return;
  if (slot == nullptr) return counted ? call.reply.NullArray() : call.reply.Null();
  if (!counted) return PopOne(call, key, slot, end);
  if (most == 0) return call.reply.Array(0);
  const size_t size = CountElements(*slot);
  const auto count = static_cast<size_t>(std::min<uint64_t>(static_cast<uint64_t>(most), size));
  const bool front = end == ListEnd::kFront;
  ReplyElements(call, *slot, front ? 0 : size - count, count,
                front ? ListEnd::kBack : ListEnd::kFront);
  DropFromEnd(call, key, slot, end, count);
}

// What of a list lies between two indexes, both inclusive, which count from the end if negative.
struct Range {
  size_t first = 0;
  size_t count = 0;
};
Range RangeOf(int64_t start, int64_t stop, size_t length) {
  const auto size = static_cast<int64_t>(length);
  if (start < 0) start = std::max<int64_t>(start + size, 0);
  if (stop < 0) stop += size;
  stop = std::min(stop, size - 1);
  if (start > stop) return {};
  return {static_cast<size_t>(start), static_cast<size_t>(stop - start + 1)};
}

// Where an index that may count from the end points to; none if that is outside.
std::optional<size_t> IndexIn(int64_t index, size_t length) {
  if (index < 0) index += static_cast<int64_t>(length);
  if (index < 0 || static_cast<uint64_t>(index) >= length) return std::nullopt;
  return static_cast<size_t>(index);
}

void EmitDel(const Call& call, std::string_view key) {
  call.Emit(EventClass::kGeneric, resp::Spec(CommandId::kDel).name, key);
}

}  // namespace

void Lpush(Call& call) {
  PushAll(call, ListEnd::kFront, /*must_exist=*/false);
}

void Rpush(Call& call) {
  PushAll(call, ListEnd::kBack, /*must_exist=*/false);
}

void Lpushx(Call& call) {
  PushAll(call, ListEnd::kFront, /*must_exist=*/true);
}

void Rpushx(Call& call) {
  PushAll(call, ListEnd::kBack, /*must_exist=*/true);
}

void Lpop(Call& call) {
  PopSome(call, ListEnd::kFront);
}

void Rpop(Call& call) {
  PopSome(call, ListEnd::kBack);
}

void Llen(Call& call) {
  Entry list;
  if (!ReadAs(call, call.args[1], ValueType::kList, &list)) return;
  call.reply.Integer(list ? static_cast<int64_t>(CountElements(list)) : 0);
}

void Lindex(Call& call) {
  Entry list;
  if (!ReadAs(call, call.args[1], ValueType::kList, &list)) return;
  if (!list) return call.reply.Null();
  int64_t number = 0;
  if (!IntegerArgument(call, 2, &number)) return;
  const std::optional<size_t> index = IndexIn(number, CountElements(list));
  if (!index.has_value()) return call.reply.Null();
  call.reply.Bulk(ListReader(list, *index, ListEnd::kBack).text());
}

void Lrange(Call& call) {
  int64_t start = 0;
  int64_t stop = 0;
  if (!IntegerArgument(call, 2, &start) || !IntegerArgument(call, 3, &stop)) return;
  Entry list;
  if (!ReadAs(call, call.args[1], ValueType::kList, &list)) return;
  if (!list) return call.reply.Array(0);
  const Range range = RangeOf(start, stop, CountElements(list));
  ReplyElements(call, list, range.first, range.count, ListEnd::kBack);
}

void Lset(Call& call) {
  const std::string_view key = call.args[1];
  Entry* slot = nullptr;
  if (!FindAs(call, key, ValueType::kList, &slot)) return;
  if (slot == nullptr) return call.reply.Error("ERR no such key");
  int64_t number = 0;
  if (!IntegerArgument(call, 2, &number)) return;
  const std::optional<size_t> index = IndexIn(number, CountElements(*slot));
  if (!index.has_value()) return call.reply.Error("ERR index out of range");
  {
    ListEdit edit(call.db(), call.engine.list_limits(), slot);
    edit.Replace(*index, call.args[3]);
    edit.Commit(key);
  }
  call.reply.Ok();
  call.Emit(EventClass::kList, call.spec.name, key);
}

void Linsert(Call& call) {
  const std::string_view key = call.args[1];
  const bool behind = call.Is(2, "AFTER");
  if (!behind && !call.Is(2, "BEFORE")) return call.reply.Error(kSyntaxError);
  Entry* slot = nullptr;
  if (!FindAs(call, key, ValueType::kList, &slot)) return;
  if (slot == nullptr) return call.reply.Integer(0);
  const PackedForm pivot(call.args[3]);
  ListReader reader(*slot, 0, ListEnd::kBack);
  size_t index = 0;
  for (; reader.at_element() && !reader.Is(pivot); reader.Next()) ++index;
  if (!reader.at_element()) return call.reply.Integer(-1);
  {
    ListEdit edit(call.db(), call.engine.list_limits(), slot);
    edit.Insert(behind ? index + 1 : index, call.args[4]);
    call.reply.Integer(static_cast<int64_t>(edit.size()));
    edit.Commit(key);
  }
  call.Emit(EventClass::kList, call.spec.name, key);
}

void Lrem(Call& call) {
  const std::string_view key = call.args[1];
  int64_t count = 0;
  if (!IntegerArgument(call, 2, &count)) return;
  Entry* slot = nullptr;
  if (!FindAs(call, key, ValueType::kList, &slot)) return;
  if (slot == nullptr) return call.reply.Integer(0);
  const ListEnd from = count < 0 ? ListEnd::kBack : ListEnd::kFront;
  const uint64_t wanted = count < 0 ? -static_cast<uint64_t>(count) : static_cast<uint64_t>(count);
  ListEdit edit(call.db(), call.engine.list_limits(), slot);
  const size_t removed =
      edit.Remove(call.args[3], count == 0 ? std::numeric_limits<size_t>::max() : wanted, from);
  const bool is_left = edit.Commit(key);
  if (removed > 0) call.Emit(EventClass::kList, call.spec.name, key);
  if (!is_left) EmitDel(call, key);
  call.reply.Integer(static_cast<int64_t>(removed));
}

void Ltrim(Call& call) {
  const std::string_view key = call.args[1];
  int64_t start = 0;
  int64_t stop = 0;
  if (!IntegerArgument(call, 2, &start) || !IntegerArgument(call, 3, &stop)) return;
  Entry* slot = nullptr;
  if (!FindAs(call, key, ValueType::kList, &slot)) return;
  if (slot == nullptr) return call.reply.Ok();
  ListEdit edit(call.db(), call.engine.list_limits(), slot);
  const Range kept = RangeOf(start, stop, edit.size());
  const size_t end = kept.first + kept.count;
  edit.Erase(end, edit.size() - end);
  edit.Erase(0, kept.first);
  const bool is_left = edit.Commit(key);
  call.Emit(EventClass::kList, call.spec.name, key);
  if (!is_left) EmitDel(call, key);
  call.reply.Ok();
}

namespace {

struct Search {
  int64_t rank = 1;
  int64_t count = -1;      // -1: one, not in an array; 0: all
  int64_t max_length = 0;  // 0: all are looked at
};

// Reads args[3] on. False if they are wrong; then that is the reply.
bool ParseSearch(Call& call, Search* search) {
  for (size_t i = 3; i < call.args.size(); i += 2) {
    const bool has_value = i + 1 < call.args.size();
    if (has_value && call.Is(i, "RANK")) {
      if (!IntegerArgument(call, i + 1, &search->rank)) return false;
      if (search->rank != 0) continue;
      call.reply.Error(
          "ERR RANK can't be zero: use 1 to start from the first match, 2 from the second ... or "
          "use negative to start from the end of the list");
      return false;
    }
    if (has_value && call.Is(i, "COUNT")) {
      if (!BoundedArgument(call, i + 1, 0, "ERR COUNT can't be negative", &search->count)) {
        return false;
      }
    } else if (has_value && call.Is(i, "MAXLEN")) {
      if (!BoundedArgument(call, i + 1, 0, "ERR MAXLEN can't be negative", &search->max_length)) {
        return false;
      }
    } else {
      call.reply.Error(kSyntaxError);
      return false;
    }
  }
  return true;
}

// Calls f(index) for the matches from the one with the rank on, until it returns false.
template <typename F>
void ForEachMatch(Entry list, std::string_view text, const Search& search, F&& f) {
  const bool backwards = search.rank < 0;
  const uint64_t rank =
      backwards ? -static_cast<uint64_t>(search.rank) : static_cast<uint64_t>(search.rank);
  const size_t size = CountElements(list);
  const size_t looked_at =
      search.max_length == 0
          ? size
          : static_cast<size_t>(std::min<uint64_t>(size, static_cast<uint64_t>(search.max_length)));
  const PackedForm form(text);
  ListReader reader(list, backwards ? size - 1 : 0, backwards ? ListEnd::kFront : ListEnd::kBack);
  uint64_t matches = 0;
  for (size_t i = 0; i < looked_at; ++i, reader.Next()) {
    if (!reader.Is(form) || ++matches < rank) continue;
    if (!f(static_cast<int64_t>(backwards ? size - 1 - i : i))) return;
  }
}

}  // namespace

void Lpos(Call& call) {
  Search search;
  if (!ParseSearch(call, &search)) return;
  Entry list;
  if (!ReadAs(call, call.args[1], ValueType::kList, &list)) return;
  std::vector<int64_t> found;
  if (list) {
    ForEachMatch(list, call.args[2], search, [&](int64_t index) {
      found.push_back(index);
      return search.count >= 0 && static_cast<int64_t>(found.size()) != search.count;
    });
  }
  if (search.count < 0) return found.empty() ? call.reply.Null() : call.reply.Integer(found[0]);
  call.reply.Array(static_cast<int64_t>(found.size()));
  for (const int64_t index : found) call.reply.Integer(index);
}

namespace {

void Move(Call& call, ListEnd take, ListEnd put) {
  Entry* source = nullptr;
  if (!FindAs(call, call.args[1], ValueType::kList, &source)) return;
  if (source == nullptr) return call.reply.Null();
  MoveElement(call, take, put);
}

}  // namespace

void Lmove(Call& call) {
  ListEnd take = ListEnd::kFront;
  ListEnd put = ListEnd::kFront;
  if (EndArgument(call, 3, &take) && EndArgument(call, 4, &put)) Move(call, take, put);
}

void Rpoplpush(Call& call) {
  Move(call, ListEnd::kBack, ListEnd::kFront);
}

void Lmpop(Call& call) {
  ManyPops pops;
  if (!ParseManyPops(call, 1, &pops)) return;
  for (const std::string_view key : pops.keys) {
    Entry* slot = nullptr;
    if (!FindAs(call, key, ValueType::kList, &slot)) return;
    if (slot != nullptr) return PopWithKey(call, key, slot, pops.end, pops.count);
  }
  call.reply.NullArray();
}

}  // namespace keyhole::store::handlers
