// Bitmaps: single bits of a string, how many are set, where the first is, what several strings have
// in common. BITFIELD has a file of its own.
#include <algorithm>
#include <string>
#include <vector>

#include "proxy/store/commands/bit_arguments.h"
#include "proxy/store/commands/handlers.h"
#include "proxy/store/commands/replies.h"
#include "proxy/store/types/bits.h"
#include "resp/number.h"

namespace keyhole::store::handlers {

void Setbit(Call& call) {
  constexpr std::string_view kNotABit = "ERR bit is not an integer or out of range";
  uint64_t bit = 0;
  int64_t on = 0;
  if (!BitOffsetArgument(call, 2, 0, &bit)) return;
  if (!resp::ParseInteger(call.args[3], &on) || (on != 0 && on != 1)) {
    return call.reply.Error(kNotABit);
  }
  bool grown = false;
  Entry* const slot = BitsToWrite(call, bit, &grown);
  if (slot == nullptr) return;
  const bool before = BitAt(slot->value(), bit);
  const bool after = on == 1;
  if (grown || before != after) {
    call.db().Change(slot, [&] { WriteBits(slot->value_bytes(), bit, 1, after ? 1 : 0); });
    call.Emit(EventClass::kString, "setbit", call.args[1]);  // layering: not a command
  }
  call.reply.Integer(before ? 1 : 0);
}

void Getbit(Call& call) {
  uint64_t bit = 0;
  if (!BitOffsetArgument(call, 2, 0, &bit)) return;
  Entry entry;
  if (!ReadAs(call, call.args[1], ValueType::kString, &entry)) return;
  call.reply.Integer(entry && BitAt(entry.value(), bit) ? 1 : 0);
}

namespace {

// A part of a string, from one bit to another, both included.
struct BitRange {
  int64_t first = 0;
  int64_t last = 0;
  bool empty() const { return first > last; }
};

// Reads BYTE or BIT. False if it is neither; then that is the reply.
bool UnitArgument(Call& call, size_t index, bool* bits) {
  *bits = call.Is(index, "BIT");
  if (*bits || call.Is(index, "BYTE")) return true;
  call.reply.Error(kSyntaxError);
  return false;
}

// What `first` and `last` mean in a string of so many bytes, in bits.
BitRange RangeIn(size_t size, int64_t first, int64_t last, bool bits) {
  const auto total = static_cast<int64_t>(bits ? size * 8 : size);
  first = std::max<int64_t>(first < 0 ? total + first : first, 0);
  last = std::max<int64_t>(last < 0 ? total + last : last, 0);
  last = std::min(last, total - 1);
  if (bits || first > last) return {first, last};
  return {first * 8, last * 8 + 7};
}

}  // namespace

// A missing key is 0, whatever the other arguments are.
void Bitcount(Call& call) {
  Entry entry;
  if (!ReadAs(call, call.args[1], ValueType::kString, &entry)) return;
  if (!entry) return call.reply.Integer(0);
  const size_t count = call.args.size();
  if (count == 2) return call.reply.Integer(static_cast<int64_t>(CountBits(entry.value())));
  if (count != 4 && count != 5) return call.reply.Error(kSyntaxError);
  int64_t first = 0;
  int64_t last = 0;
  bool bits = false;
  if (!IntegerArgument(call, 2, &first) || !IntegerArgument(call, 3, &last)) return;
  if (first < 0 && last < 0 && first > last) return call.reply.Integer(0);
  if (count == 5 && !UnitArgument(call, 4, &bits)) return;
  const BitRange range = RangeIn(entry.value_size(), first, last, bits);
  if (range.empty()) return call.reply.Integer(0);
  call.reply.Integer(static_cast<int64_t>(CountBits(
      entry.value(), static_cast<uint64_t>(range.first), static_cast<uint64_t>(range.last))));
}

namespace {

// Reads BITPOS' range. False if it is wrong; then that is the reply.
bool ParsePosition(Call& call, size_t size, BitRange* range) {
  const size_t count = call.args.size();
  int64_t first = 0;
  int64_t last = -1;
  bool bits = false;
  if (count > 6) {
    call.reply.Error(kSyntaxError);
    return false;
  }
  if (count > 3 && !IntegerArgument(call, 3, &first)) return false;
  if (count > 5 && !UnitArgument(call, 5, &bits)) return false;
  if (count > 4 && !IntegerArgument(call, 4, &last)) return false;
  *range = RangeIn(size, first, last, bits);
  return true;
}

}  // namespace

// Without an end a string is followed by zeros for ever.
void Bitpos(Call& call) {
  int64_t bit = 0;
  if (!IntegerArgument(call, 2, &bit)) return;
  if (bit != 0 && bit != 1) return call.reply.Error("ERR The bit argument must be 1 or 0.");
  Entry entry;
  if (!ReadAs(call, call.args[1], ValueType::kString, &entry)) return;
  if (!entry) return call.reply.Integer(bit == 1 ? -1 : 0);
  BitRange range;
  if (!ParsePosition(call, entry.value_size(), &range)) return;
  if (range.empty()) return call.reply.Integer(-1);
  const uint64_t found = FindBit(entry.value(), bit == 1, static_cast<uint64_t>(range.first),
                                 static_cast<uint64_t>(range.last));
  if (found != kNoBit) return call.reply.Integer(static_cast<int64_t>(found));
  const bool goes_on = bit == 0 && call.args.size() < 5;
  call.reply.Integer(goes_on ? static_cast<int64_t>(entry.value_size()) * 8 : -1);
}

namespace {

enum class BitOperation : uint8_t { kAnd, kOr, kXor, kNot };

bool ParseOperation(const Call& call, BitOperation* operation) {
  constexpr std::string_view kNames[] = {"AND", "OR", "XOR", "NOT"};
  for (size_t i = 0; i < std::size(kNames); ++i) {
    if (!call.Is(1, kNames[i])) continue;
    *operation = static_cast<BitOperation>(i);
    return true;
  }
  return false;
}

// One source more: it is followed by zeros. Plain loops, which compilers turn into wide
// instructions.
void Combine(BitOperation operation, std::string_view source, std::string* result) {
  char* const to = result->data();
  const char* const from = source.data();
  const size_t size = source.size();
  switch (operation) {
    case BitOperation::kAnd:
      for (size_t i = 0; i < size; ++i) to[i] &= from[i];
      std::fill(to + size, to + result->size(), '\0');
      break;
    case BitOperation::kOr:
      for (size_t i = 0; i < size; ++i) to[i] |= from[i];
      break;
    case BitOperation::kXor:
      for (size_t i = 0; i < size; ++i) to[i] ^= from[i];
      break;
    case BitOperation::kNot:
      for (size_t i = 0; i < size; ++i) to[i] = static_cast<char>(~from[i]);
      break;
  }
}

}  // namespace

void Bitop(Call& call) {
  BitOperation operation{};
  if (!ParseOperation(call, &operation)) return call.reply.Error(kSyntaxError);
  if (operation == BitOperation::kNot && call.args.size() != 4) {
    return call.reply.Error("ERR BITOP NOT must be called with a single source key.");
  }
  std::vector<std::string_view> sources;  // valid while nothing is written
  size_t longest = 0;
  for (const std::string_view key : call.args.subspan(3)) {
    Entry entry;
    if (!ReadAs(call, key, ValueType::kString, &entry)) return;
    sources.push_back(entry ? entry.value() : std::string_view());
    longest = std::max(longest, sources.back().size());
  }
  const std::string_view target = call.args[2];
  call.reply.Integer(static_cast<int64_t>(longest));
  if (longest == 0) {
    Entry* const slot = call.Find(target);
    if (slot == nullptr) return;
    call.db().Erase(slot);
    return call.Emit(EventClass::kGeneric, "del", target);  // layering: not a command
  }
  std::string result(sources[0]);
  result.resize(longest);
  if (operation == BitOperation::kNot) Combine(operation, sources[0], &result);
  for (size_t i = 1; i < sources.size(); ++i) Combine(operation, sources[i], &result);
  call.db().Put(target, result, kNever, Encoding::kRawString);
  call.Emit(EventClass::kString, "set", target);  // layering: not a command
}

}  // namespace keyhole::store::handlers
