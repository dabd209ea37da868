// BITFIELD: a string as an array of integers of any width.
#include <algorithm>
#include <string>
#include <vector>

#include "proxy/store/commands/bit_arguments.h"
#include "proxy/store/commands/handlers.h"
#include "proxy/store/commands/replies.h"
#include "proxy/store/types/bits.h"
#include "resp/number.h"

namespace keyhole::store::handlers {

namespace {

enum class FieldAction : uint8_t { kGet, kSet, kAdd };

struct FieldStep {
  FieldAction action;
  IntegerType type;
  Overflow overflow;
  uint64_t bit;
  int64_t value;
};

struct FieldProgram {
  std::vector<FieldStep> steps;
  bool writes = false;
  uint64_t last_bit = 0;  // of those that are written
};

// "i8", "u63". False if it is no type; then that is the reply.
bool TypeArgument(Call& call, size_t index, IntegerType* type) {
  const std::string_view text = UpToNul(call.args[index]);
  int64_t width = 0;
  const bool is_signed = text.starts_with('i');
  const bool named = is_signed || text.starts_with('u');
  if (!named || !resp::ParseInteger(text.substr(1), &width) || width < 1 ||
      width > (is_signed ? 64 : 63)) {
    call.reply.Error(
        "ERR Invalid bitfield type. Use something like i16 u8. Note that u64 is not supported but "
        "i64 is.");
    return false;
  }
  *type = {is_signed, static_cast<unsigned>(width)};
  return true;
}

// Reads what follows OVERFLOW. False if it is wrong; then that is the reply.
bool OverflowArgument(Call& call, size_t index, Overflow* overflow) {
  if (call.Is(index, "WRAP")) {
    *overflow = Overflow::kWrap;
  } else if (call.Is(index, "SAT")) {
    *overflow = Overflow::kSaturate;
  } else if (call.Is(index, "FAIL")) {
    *overflow = Overflow::kFail;
  } else {
    call.reply.Error("ERR Invalid OVERFLOW type specified");
    return false;
  }
  return true;
}

// Reads one step, whose action stands at *index, and moves *index behind it. False if it is wrong;
// then that is the reply.
bool ParseStep(Call& call, size_t* index, FieldProgram* program, FieldStep* step) {
  const size_t at = *index;
  const size_t left = call.args.size() - at - 1;
  if (call.Is(at, "GET") && left >= 2) {
    step->action = FieldAction::kGet;
  } else if (call.Is(at, "SET") && left >= 3) {
    step->action = FieldAction::kSet;
  } else if (call.Is(at, "INCRBY") && left >= 3) {
    step->action = FieldAction::kAdd;
  } else {
    call.reply.Error(kSyntaxError);
    return false;
  }
  if (!TypeArgument(call, at + 1, &step->type)) return false;
  if (!BitOffsetArgument(call, at + 2, step->type.width, &step->bit)) return false;
  *index += 3;
  step->value = 0;
  if (step->action == FieldAction::kGet) return true;
  program->writes = true;
  program->last_bit = std::max(program->last_bit, step->bit + step->type.width - 1);
  ++*index;
  return IntegerArgument(call, at + 3, &step->value);
}

bool ParseProgram(Call& call, FieldProgram* program) {
  Overflow overflow = Overflow::kWrap;
  for (size_t i = 2; i < call.args.size();) {
    if (call.Is(i, "OVERFLOW") && i + 1 < call.args.size()) {
      if (!OverflowArgument(call, i + 1, &overflow)) return false;
      i += 2;
      continue;
    }
    FieldStep step{};
    step.overflow = overflow;
    if (!ParseStep(call, &i, program, &step)) return false;
    program->steps.push_back(step);
  }
  return true;
}

void ReplyField(Call& call, std::string_view bytes, const FieldStep& step) {
  call.reply.Integer(AsInteger(ReadBits(bytes, step.bit, step.type.width), step.type));
}

// SET and INCRBY. True if the string has changed, or would have if it were shorter: `grown`.
bool WriteField(Call& call, Entry entry, const FieldStep& step, bool grown) {
  const auto [action, type, overflow, bit, value] = step;
  const int64_t before = AsInteger(ReadBits(entry.value(), bit, type.width), type);
  const bool adds = action == FieldAction::kAdd;
  int64_t after = 0;
  const bool fits = adds ? AddIntegers(before, value, type, overflow, &after)
                         : AddIntegers(value, 0, type, overflow, &after);
  if (!fits && overflow == Overflow::kFail) {
    call.reply.Null();
    return false;
  }
  call.reply.Integer(adds ? after : before);
  WriteBits(entry.value_bytes(), bit, type.width, static_cast<uint64_t>(after));
  return grown || before != after;
}

void ReadFields(Call& call, const FieldProgram& program) {
  Entry entry;
  if (!ReadAs(call, call.args[1], ValueType::kString, &entry)) return;
  call.reply.Array(static_cast<int64_t>(program.steps.size()));
  for (const FieldStep& step : program.steps) {
    ReplyField(call, entry ? entry.value() : std::string_view(), step);
  }
}

void WriteFields(Call& call, const FieldProgram& program) {
  bool grown = false;
  Entry* const slot = BitsToWrite(call, program.last_bit, &grown);
  if (slot == nullptr) return;
  call.db().Adjust(slot, [] {});  // its bytes will be written: a snapshot may want them as they are
  call.reply.Array(static_cast<int64_t>(program.steps.size()));
  bool changed = false;
  for (const FieldStep& step : program.steps) {
    if (step.action == FieldAction::kGet) {
      ReplyField(call, slot->value(), step);
    } else if (WriteField(call, *slot, step, grown)) {
      changed = true;
    }
  }
  if (!changed) return;
  call.db().Change(slot, [] {});                           // its bytes have been
  call.Emit(EventClass::kString, "setbit", call.args[1]);  // layering: not a command
}

}  // namespace

void Bitfield(Call& call) {
  FieldProgram program;
  if (!ParseProgram(call, &program)) return;
  if (program.writes) return WriteFields(call, program);
  ReadFields(call, program);
}

void BitfieldRo(Call& call) {
  FieldProgram program;
  if (!ParseProgram(call, &program)) return;
  if (program.writes) return call.reply.Error("ERR BITFIELD_RO only supports the GET subcommand");
  ReadFields(call, program);
}

}  // namespace keyhole::store::handlers
