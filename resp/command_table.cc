#include "resp/command_table.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <type_traits>

namespace keyhole::resp {
namespace {

// ---- The columns of commands.def ----

using enum HitRule;

constexpr KeySpec NoKeys() {
  return {};
}
constexpr KeySpec Keys(int8_t first, int8_t last, int8_t step) {
  return {KeySpec::Kind::kRange, first, last, step};
}
constexpr KeySpec TwoKeys(int8_t first, int8_t second) {
  return {KeySpec::Kind::kTwo, first, second, 1};
}
constexpr KeySpec CountAt(int8_t count) {
  return {KeySpec::Kind::kCountAt, count, 0, 1};
}
constexpr KeySpec CountAtAndKey(int8_t count, int8_t key) {
  return {KeySpec::Kind::kCountAt, count, key, 1};
}
constexpr KeySpec AfterStreams() {
  return {KeySpec::Kind::kAfterStreams, 0, 0, 1};
}
constexpr KeySpec MigrateKeys() {
  return {KeySpec::Kind::kMigrate, 3, 0, 1};
}
// `first` is where the options begin.
constexpr KeySpec SortKeys() {
  return {KeySpec::Kind::kSort, 2, 0, 1};
}
constexpr KeySpec GeoKeys(int8_t first) {
  return {KeySpec::Kind::kSort, first, 0, 1};
}

constexpr HitColumn NoHit() {
  return {};
}
constexpr HitColumn Counted(HitRule rule) {
  return {rule, true};
}
constexpr HitColumn Optional(HitRule rule) {
  return {rule, false};
}

// ---- The rows ----

constexpr CommandSpec Row(CommandId id, CommandId parent, std::string_view name, int16_t arity,
                          int flags, Effect effect, KeySpec keys, HitColumn hit) {
  return {id, parent, name, name, arity, static_cast<uint16_t>(flags), effect, keys, hit};
}

constexpr std::array<CommandSpec, kCommandCount> kBareRows = {{
    {},
#define CMD(id, name, arity, flags, effect, keys, hit, store) \
  Row(CommandId::id, CommandId::kUnknown, name, arity, flags, Effect::effect, keys, hit),
#define SUB(id, parent, name, arity, flags, effect, keys, hit, store) \
  Row(CommandId::id, CommandId::parent, name, arity, flags, Effect::effect, keys, hit),
#include "resp/commands.def"
#undef CMD
#undef SUB
}};

constexpr size_t Index(CommandId id) {
  return static_cast<size_t>(id);
}

constexpr const CommandSpec& Parent(const CommandSpec& row) {
  return kBareRows[Index(row.parent)];
}

constexpr size_t FullNameBytes() {
  size_t sum = 0;
  for (const CommandSpec& row : kBareRows) {
    if (row.parent != CommandId::kUnknown) sum += Parent(row).name.size() + 1 + row.name.size();
  }
  return sum;
}

// "client|setname" and so on, one after the other.
constexpr auto kFullNames = [] {
  std::array<char, FullNameBytes()> text{};
  char* out = text.data();
  for (const CommandSpec& row : kBareRows) {
    if (row.parent == CommandId::kUnknown) continue;
    const std::string_view container = Parent(row).name;
    out = std::copy(container.begin(), container.end(), out);
    *out++ = '|';
    out = std::copy(row.name.begin(), row.name.end(), out);
  }
  return text;
}();

constexpr std::array<CommandSpec, kCommandCount> kRows = [] {
  std::array<CommandSpec, kCommandCount> rows = kBareRows;
  const char* next = kFullNames.data();
  for (CommandSpec& row : rows) {
    if (row.parent == CommandId::kUnknown) continue;
    row.full_name = {next, Parent(row).name.size() + 1 + row.name.size()};
    next += row.full_name.size();
  }
  return rows;
}();

// ---- Finding a row ----
//
// A name is folded into three words of lower-case letters, so that hashing and comparing it take no
// loop over its bytes. Words of names up to 16 bytes overlap; the length tells them apart.

struct FoldedName {
  uint64_t words[3] = {};
  size_t size = 0;
  friend bool operator==(const FoldedName&, const FoldedName&) = default;
};
constexpr size_t kMaxName = sizeof(FoldedName::words);

// Sets bit 0x20 of every byte that is 'A' to 'Z'.
constexpr uint64_t FoldCase(uint64_t word) {
  constexpr uint64_t kOnes = 0x0101010101010101;
  const uint64_t low = word & (0x7f * kOnes);
  const uint64_t from_a = low + (0x80 - 'A') * kOnes;   // bit 7 of a byte: at least 'A'
  const uint64_t above_z = low + (0x7f - 'Z') * kOnes;  // bit 7 of a byte: more than 'Z'
  const uint64_t upper = (from_a ^ above_z) & ~word & (0x80 * kOnes);
  return word | (upper >> 2);
}

// The first `size` <= 8 bytes, as a little-endian number.
constexpr uint64_t Load(const char* bytes, size_t size) {
  if (std::is_constant_evaluated() || std::endian::native != std::endian::little) {
    uint64_t word = 0;
    for (size_t i = 0; i < size; ++i) {
      word |= static_cast<uint64_t>(static_cast<unsigned char>(bytes[i])) << (8 * i);
    }
    return word;
  }
  if (size < 4) {  // first, middle and last, some of them the same one
    if (size == 0) return 0;
    const auto at = [bytes](size_t i) {
      return static_cast<uint64_t>(static_cast<unsigned char>(bytes[i])) << (8 * i);
    };
    return at(0) | at(size / 2) | at(size - 1);
  }
  if (size == 8) {
    uint64_t word = 0;
    std::memcpy(&word, bytes, 8);
    return word;
  }
  uint32_t head = 0;
  uint32_t tail = 0;
  std::memcpy(&head, bytes, 4);
  std::memcpy(&tail, bytes + size - 4, 4);
  return head | static_cast<uint64_t>(tail) << (8 * (size - 4));
}

// `name` has at most kMaxName bytes.
constexpr FoldedName Fold(std::string_view name) {
  FoldedName folded;
  folded.size = name.size();
  const char* bytes = name.data();
  folded.words[0] = FoldCase(Load(bytes, std::min<size_t>(name.size(), 8)));
  if (name.size() > 8) folded.words[1] = FoldCase(Load(bytes + name.size() - 8, 8));
  if (name.size() > 16) folded.words[2] = FoldCase(Load(bytes + 8, 8));
  return folded;
}

constexpr size_t kSlots = std::bit_ceil(kCommandCount * 2);
constexpr int kSlotBits = std::countr_zero(kSlots);

constexpr size_t Slot(const FoldedName& name, CommandId parent) {
  uint64_t hash = name.words[0] + name.words[1] * 0x9e3779b97f4a7c15 + name.words[2];
  hash = (hash ^ (Index(parent) << 32) ^ name.size) * 0xd6e8feb86659fd93;
  hash ^= hash >> 32;
  return static_cast<size_t>((hash * 0xd6e8feb86659fd93) >> (64 - kSlotBits));
}

constexpr std::array<FoldedName, kCommandCount> kFolded = [] {
  std::array<FoldedName, kCommandCount> folded{};
  for (const CommandSpec& row : kRows) folded[Index(row.id)] = Fold(row.name);
  return folded;
}();

static_assert(
    std::ranges::all_of(kRows, [](const CommandSpec& row) { return row.name.size() <= kMaxName; }),
    "a name in commands.def is longer than FoldedName can hold");

// Open addressing, linear probing; kUnknown is an empty slot.
constexpr std::array<CommandId, kSlots> kTable = [] {
  std::array<CommandId, kSlots> table{};
  for (size_t i = 1; i < kCommandCount; ++i) {
    size_t slot = Slot(kFolded[i], kRows[i].parent);
    while (table[slot] != CommandId::kUnknown) slot = (slot + 1) % kSlots;
    table[slot] = kRows[i].id;
  }
  return table;
}();

CommandId Lookup(std::string_view name, CommandId parent) {
  if (name.size() > kMaxName) return CommandId::kUnknown;
  const FoldedName folded = Fold(name);
  for (size_t slot = Slot(folded, parent);; slot = (slot + 1) % kSlots) {
    const CommandId id = kTable[slot];
    if (id == CommandId::kUnknown) return id;
    const FoldedName& row = kFolded[Index(id)];
    if (row.words[0] != folded.words[0] || row.size != folded.size) continue;
    const bool same_rest = folded.size <= 8 || row == folded;
    if (same_rest && kRows[Index(id)].parent == parent) return id;
  }
}

}  // namespace

const CommandSpec& Spec(CommandId id) {
  return kRows[Index(id)];
}

std::span<const CommandSpec> AllCommands() {
  return std::span(kRows).subspan(1);
}

const CommandSpec& Find(std::span<const std::string_view> args) {
  const CommandSpec& command = Spec(Lookup(args[0], CommandId::kUnknown));
  if (!command.has(kContainer) || args.size() < 2) return command;
  const CommandId subcommand = Lookup(args[1], command.id);
  return subcommand == CommandId::kUnknown ? command : Spec(subcommand);
}

bool EqualsIgnoreCase(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  for (size_t i = 0; i < a.size(); ++i) {
    if (lower(a[i]) != lower(b[i])) return false;
  }
  return true;
}

}  // namespace keyhole::resp
