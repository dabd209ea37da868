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
using enum Merge;

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

constexpr ShardColumn MultiShard(Merge merge) {
  return {Split::kMultiShard, merge};
}
constexpr ShardColumn AllShards(Merge merge) {
  return {Split::kAllShards, merge};
}
constexpr ShardColumn AllNodes(Merge merge) {
  return {Split::kAllNodes, merge};
}
constexpr ShardColumn SpecialSplit() {
  return {Split::kSpecial, Merge::kConcat};
}

// ---- The rows ----

constexpr CommandSpec Row(CommandId id, CommandId parent, std::string_view name, int16_t arity,
                          int flags, Effect effect, KeySpec keys, HitColumn hit,
                          ShardColumn shards = {}) {
  if (effect == Effect::kScript) flags |= kScripts;
  return {id, parent, name, name, arity, static_cast<uint16_t>(flags), effect, keys, hit, shards};
}

constexpr std::array<CommandSpec, kCommandCount> kBareRows = {{
    {},
#define CMD(id, name, arity, flags, effect, keys, hit, store, ...)                  \
  Row(CommandId::id, CommandId::kUnknown, name, arity, flags, Effect::effect, keys, \
      hit __VA_OPT__(, ) __VA_ARGS__),
#define SUB(id, parent, name, arity, flags, effect, keys, hit, store, ...)        \
  Row(CommandId::id, CommandId::parent, name, arity, flags, Effect::effect, keys, \
      hit __VA_OPT__(, ) __VA_ARGS__),
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
// A name is folded into words of lower-case letters, so that hashing and comparing it take no loop
// over its bytes. Words of names of 9 to 23 bytes may overlap; the length tells them apart.

constexpr size_t kMaxName = 24;

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

// The first word of a name, all of it if there are no more than 8 bytes.
constexpr uint64_t FirstWord(std::string_view name) {
  return FoldCase(Load(name.data(), std::min<size_t>(name.size(), 8)));
}

// The others. `name` has 9 to kMaxName bytes.
struct OtherWords {
  uint64_t last = 0;
  uint64_t middle = 0;
  friend bool operator==(const OtherWords&, const OtherWords&) = default;
};
constexpr OtherWords WordsAfterFirst(std::string_view name) {
  const char* bytes = name.data();
  return {FoldCase(Load(bytes + name.size() - 8, 8)),
          name.size() > 16 ? FoldCase(Load(bytes + 8, 8)) : 0};
}

static_assert(
    std::ranges::all_of(kRows, [](const CommandSpec& row) { return row.name.size() <= kMaxName; }),
    "a name in commands.def is longer than kMaxName");

constexpr std::array<OtherWords, kCommandCount> kOtherWords = [] {
  std::array<OtherWords, kCommandCount> words{};
  for (const CommandSpec& row : kRows) {
    if (row.name.size() > 8) words[Index(row.id)] = WordsAfterFirst(row.name);
  }
  return words;
}();

constexpr size_t kSlots = std::bit_ceil(kCommandCount * 2);
constexpr int kSlotBits = std::countr_zero(kSlots);

// All that tells most names apart; kUnknown is an empty slot.
struct Slot {
  uint64_t word = 0;
  CommandId id = CommandId::kUnknown;
  CommandId parent = CommandId::kUnknown;
  uint16_t size = 0;
};

constexpr size_t SlotOf(uint64_t word, size_t size, CommandId parent) {
  constexpr uint64_t kMix = 0xd6e8feb86659fd93;
  const uint64_t hash = (word ^ (Index(parent) << 32) ^ size) * kMix;
  return static_cast<size_t>((hash ^ (hash >> 29)) * kMix >> (64 - kSlotBits));
}

// Open addressing, linear probing.
constexpr std::array<Slot, kSlots> kTable = [] {
  std::array<Slot, kSlots> table{};
  for (const CommandSpec& row : std::span(kRows).subspan(1)) {
    const uint64_t word = FirstWord(row.name);
    size_t slot = SlotOf(word, row.name.size(), row.parent);
    while (table[slot].id != CommandId::kUnknown) slot = (slot + 1) % kSlots;
    table[slot] = {word, row.id, row.parent, static_cast<uint16_t>(row.name.size())};
  }
  return table;
}();

bool HasOtherWords(CommandId id, std::string_view name) {
  return WordsAfterFirst(name) == kOtherWords[Index(id)];
}

// Names of more than 8 bytes.
[[gnu::noinline]] CommandId LookupLong(std::string_view name, CommandId parent) {
  if (name.size() > kMaxName) return CommandId::kUnknown;
  const uint64_t word = FirstWord(name);
  for (size_t i = SlotOf(word, name.size(), parent);; i = (i + 1) % kSlots) {
    const Slot& slot = kTable[i];
    if (slot.id == CommandId::kUnknown) return slot.id;
    if (slot.word != word || slot.size != name.size() || slot.parent != parent) continue;
    if (HasOtherWords(slot.id, name)) return slot.id;
  }
}

inline CommandId LookupShort(std::string_view name, CommandId parent) {
  const uint64_t word = FirstWord(name);
  for (size_t i = SlotOf(word, name.size(), parent);; i = (i + 1) % kSlots) {
    const Slot& slot = kTable[i];
    const bool same = slot.word == word && slot.size == name.size() && slot.parent == parent;
    if (same || slot.id == CommandId::kUnknown) return slot.id;
  }
}

inline CommandId Lookup(std::string_view name, CommandId parent) {
  return name.size() > 8 ? LookupLong(name, parent) : LookupShort(name, parent);
}

}  // namespace

const CommandSpec& Spec(CommandId id) {
  return kRows[Index(id)];
}

std::span<const CommandSpec> AllCommands() {
  return std::span(kRows).subspan(1);
}

[[gnu::noinline]] static const CommandSpec& FindSubcommand(const CommandSpec& command,
                                                           std::string_view name) {
  const CommandId subcommand = Lookup(name, command.id);
  return subcommand == CommandId::kUnknown ? command : Spec(subcommand);
}

static const CommandSpec& Found(CommandId id, std::span<const std::string_view> args) {
  const CommandSpec& command = kRows[Index(id)];
  if (!command.has(kContainer) || args.size() < 2) [[likely]]
    return command;
  return FindSubcommand(command, args[1]);
}

[[gnu::noinline]] static const CommandSpec& FindLong(std::span<const std::string_view> args) {
  return Found(LookupLong(args[0], CommandId::kUnknown), args);
}

// All calls are the last thing it does, so that for short names, as nearly all are, it keeps no
// registers and no frame.
[[gnu::noinline]] const CommandSpec& Find(std::span<const std::string_view> args) {
  if (args[0].size() > 8) [[unlikely]]
    return FindLong(args);
  return Found(LookupShort(args[0], CommandId::kUnknown), args);
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
