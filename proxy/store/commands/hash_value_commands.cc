// Values and ends of fields in one: what came with Redis 8.
#include <optional>
#include <string>

#include "proxy/store/commands/event_words.h"
#include "proxy/store/commands/handlers.h"
#include "proxy/store/commands/hash_field_ends.h"
#include "proxy/store/commands/replies.h"
#include "proxy/store/types/collection.h"
#include "resp/number.h"

namespace keyhole::store::handlers {

namespace {

struct EndWord {
  std::string_view word;
  ExpiryUnit unit;
};
constexpr EndWord kEndWords[] = {
    {"EX", kSeconds}, {"PX", kMillis}, {"EXAT", kUnixSeconds}, {"PXAT", kUnixMillis}};

std::optional<ExpiryUnit> EndWordAt(const Call& call, size_t index) {
  for (const EndWord& known : kEndWords) {
    if (call.Is(index, known.word)) return known.unit;
  }
  return std::nullopt;
}

// Replies with the value of each field for which take(FieldEnds&, field) is true, else with null.
template <typename F>
void ReplyValues(Call& call, Entry* slot, std::span<const std::string_view> fields, F&& take) {
  call.reply.Array(static_cast<int64_t>(fields.size()));
  if (slot == nullptr) {
    for (size_t i = 0; i < fields.size(); ++i) call.reply.Null();
    return;
  }
  FieldEnds ends(call, slot);
  for (const std::string_view field : fields) {
    FoundItem item;
    FindItem(*slot, field, &item);
    const std::string value(item.value);  // it may be gone
    if (item.found && take(ends, field)) {
      call.reply.Bulk(value);
    } else {
      call.reply.Null();
    }
  }
  ends.Finish();
}

}  // namespace

void Hgetdel(Call& call) {
  Entry* slot = nullptr;
  std::span<const std::string_view> fields;
  if (!FindAs(call, call.args[1], ValueType::kHash, &slot)) return;
  if (!FieldsArgument(call, 2, kWrongFieldCount, &fields)) return;
  ReplyValues(call, slot, fields,
              [](FieldEnds& ends, std::string_view field) { return ends.Remove(field); });
}

void Hgetex(Call& call) {
  Entry* slot = nullptr;
  UnixMillis end = kNever;
  std::span<const std::string_view> fields;
  if (!FindAs(call, call.args[1], ValueType::kHash, &slot)) return;
  const std::optional<ExpiryUnit> unit = EndWordAt(call, 2);
  const bool persist = call.Is(2, "PERSIST");
  if (unit && !EndArgument(call, 3, *unit, &end)) return;
  const size_t at = unit ? 4 : persist ? 3 : 2;
  if (!FieldsArgument(call, at, kWrongFieldCount, &fields)) return;
  ReplyValues(call, slot, fields, [&](FieldEnds& ends, std::string_view field) {
    if (persist) return ends.Persist(field) != kNoField;
    return !unit || ends.Set(field, end) != kNoField;
  });
}

namespace {

struct SetexOptions {
  bool if_all = false;   // FXX
  bool if_none = false;  // FNX
  bool keep = false;     // KEEPTTL
  std::optional<UnixMillis> end;
  std::span<const std::string_view> pairs;
};

// Reads the option at *index, and its argument. False if it is wrong; then that is the reply.
bool TakeSetexOption(Call& call, size_t* index, SetexOptions* options) {
  const bool if_all = call.Is(*index, "FXX");
  const bool if_none = call.Is(*index, "FNX");
  const bool keep = call.Is(*index, "KEEPTTL");
  const std::optional<ExpiryUnit> unit = EndWordAt(call, *index);
  if (if_all || if_none) {
    if (options->if_all || options->if_none) {
      call.reply.Error("ERR Only one of FXX or FNX arguments can be specified");
      return false;
    }
    (if_all ? options->if_all : options->if_none) = true;
    return true;
  }
  if (!keep && !unit) {
    call.reply.Error(std::string("ERR unknown argument: ").append(UpToNul(call.args[*index])));
    return false;
  }
  if (options->keep || options->end) {
    call.reply.Error("ERR Only one of EX, PX, EXAT, PXAT or KEEPTTL arguments can be specified");
    return false;
  }
  options->keep = keep;
  if (keep) return true;
  if (++*index >= call.args.size()) {
    call.reply.Error("ERR missing expire time");
    return false;
  }
  return EndArgument(call, *index, *unit, &options->end.emplace());
}

// False if they are wrong; then that is the reply.
bool ParseSetex(Call& call, SetexOptions* options) {
  size_t i = 2;
  for (; i < call.args.size() && !call.Is(i, "FIELDS"); ++i) {
    if (!TakeSetexOption(call, &i, options)) return false;
  }
  int64_t count = 0;
  const size_t behind = i + 2;
  if (behind + 2 > call.args.size()) {
    WrongArity(call);
    return false;
  }
  if (!resp::ParseInteger(call.args[i + 1], &count) || count < 1) {
    call.reply.Error("ERR invalid number of fields");
    return false;
  }
  options->pairs = call.args.subspan(behind);
  if (options->pairs.size() % 2 == 0 && static_cast<int64_t>(options->pairs.size() / 2) == count) {
    return true;
  }
  WrongArity(call);
  return false;
}

bool ConditionHolds(const SetexOptions& options, const Entry* slot) {
  if (!options.if_all && !options.if_none) return true;
  for (size_t i = 0; i < options.pairs.size(); i += 2) {
    const bool there = slot != nullptr && HasItem(*slot, options.pairs[i]);
    if (there != options.if_all) return false;
  }
  return true;
}

}  // namespace

void Hsetex(Call& call) {
  SetexOptions options;
  Entry* slot = nullptr;
  if (!ParseSetex(call, &options)) return;
  if (!FindAs(call, call.args[1], ValueType::kHash, &slot)) return;
  if (!ConditionHolds(options, slot)) return call.reply.Integer(0);
  {
    CollectionEdit edit(call.db(), call.engine.collection_limits(), ValueType::kHash, slot,
                        call.db().HeapOf(call.args[1]));
    if (options.keep) edit.KeepExpiry();
    for (size_t i = 0; i < options.pairs.size(); i += 2) {
      edit.Set(options.pairs[i], options.pairs[i + 1]);
    }
    edit.Commit(call.args[1]);
  }
  call.Emit(EventClass::kHash, kHsetEvent, call.args[1]);
  if (options.end) {
    FieldEnds ends(call, call.Find(call.args[1]));
    for (size_t i = 0; i < options.pairs.size(); i += 2) ends.Set(options.pairs[i], *options.end);
    ends.Finish();
  }
  call.reply.Integer(1);
}

}  // namespace keyhole::store::handlers
