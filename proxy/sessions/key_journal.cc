#include "proxy/sessions/key_journal.h"

#include <algorithm>
#include <cstring>

#include "proxy/base/digits.h"
#include "resp/hashed_key.h"

namespace keyhole::core {
namespace {

using resp::CommandId;

// What a write does to the time that its key has to live.
struct Expiry {
  enum class Does : uint8_t { kKeeps, kEnds, kSets };  // kEnds: it has all the time from now on
  Does does = Does::kKeeps;
  int64_t at = 0;  // kSets: milliseconds since 1970
};

// The unit of a time, and whether it counts from now.
struct Unit {
  int64_t millis;
  bool from_now;
};

Expiry At(std::string_view text, Unit unit, int64_t now) {
  const std::optional<uint64_t> number = ParseDigits(text);
  if (!number || *number > uint64_t{1} << 42) return {};
  const int64_t millis = static_cast<int64_t>(*number) * unit.millis;
  return {Expiry::Does::kSets, unit.from_now ? now + millis : millis};
}

// SET k v EX 60, GETEX k PX 100
Expiry FromOptions(std::span<const std::string_view> options, Expiry::Does otherwise, int64_t now) {
  constexpr struct {
    std::string_view word;
    Unit unit;
  } kWords[] = {
      {"EX", {1000, true}}, {"PX", {1, true}}, {"EXAT", {1000, false}}, {"PXAT", {1, false}}};
  for (size_t i = 0; i < options.size(); ++i) {
    if (resp::IsKeyword(options[i], "KEEPTTL")) return {};
    for (const auto& [word, unit] : kWords) {
      if (!resp::IsKeyword(options[i], word) || i + 1 == options.size()) continue;
      return At(options[i + 1], unit, now);
    }
  }
  return {otherwise, 0};
}

Expiry ExpiryOf(const resp::CommandSpec& spec, std::span<const std::string_view> args,
                int64_t now) {
  const auto third = [&args, now](Unit unit) {
    return args.size() > 2 ? At(args[2], unit, now) : Expiry();
  };
  switch (spec.id) {
    case CommandId::kSet:
      return FromOptions(args.subspan(std::min<size_t>(args.size(), 3)), Expiry::Does::kEnds, now);
    case CommandId::kGetex:
      return FromOptions(args.subspan(std::min<size_t>(args.size(), 2)), Expiry::Does::kKeeps, now);
    case CommandId::kSetex:
    case CommandId::kExpire:
      return third({1000, true});
    case CommandId::kPsetex:
    case CommandId::kPexpire:
      return third({1, true});
    case CommandId::kExpireat:
      return third({1000, false});
    case CommandId::kPexpireat:
      return third({1, false});
    case CommandId::kSetnx:
    case CommandId::kGetset:
    case CommandId::kMset:
    case CommandId::kPersist:
      return {Expiry::Does::kEnds, 0};
    default:
      return {};
  }
}

bool Removes(CommandId id) {
  return id == CommandId::kDel || id == CommandId::kUnlink || id == CommandId::kGetdel ||
         id == CommandId::kRename || id == CommandId::kMove;
}

uint64_t HashOf(const resp::HashedKey& key, int database) {
  const uint64_t hash = key.hash ^ static_cast<uint64_t>(database) * 0x9E3779B97F4A7C15;
  return hash == 0 ? 1 : hash;
}

}  // namespace

void KeyJournal::Sign(const resp::CommandSpec& spec, const Writer& writer, int64_t now,
                      Record* record) {
  record->at = now;
  record->command = spec.id;
  char* to = record->client;
  char* const end = to + kClientBytes;
  const auto append = [&to, end](std::string_view text) {
    const size_t n = std::min(text.size(), static_cast<size_t>(end - to));
    if (n > 0) std::memcpy(to, text.data(), n);
    to += n;
  };
  append(writer.name);
  if (!writer.name.empty()) append(" ");
  append(writer.address);
  record->size = static_cast<uint8_t>(to - record->client);
}

KeyJournal::Record& KeyJournal::RecordFor(uint64_t hash) {
  Bucket& bucket = buckets_[hash % kBuckets];
  Record* oldest = &bucket.front();
  for (Record& record : bucket) {
    if (record.hash == hash) return record;
    if (record.at < oldest->at) oldest = &record;
  }
  *oldest = {};
  oldest->hash = hash;
  return *oldest;
}

void KeyJournal::Begin(int64_t now) {
  if (buckets_ != nullptr) return;
  buckets_ = std::make_unique<Bucket[]>(kBuckets);
  since_ = now;
}

void KeyJournal::Note(const resp::DirectCommand& command, const Writer& writer) {
  const int64_t now = command.latest;
  Begin(now);
  for (const resp::HashedKey& key : command.keys) {
    Record& record = RecordFor(HashOf(key, writer.database));
    Sign(resp::Spec(command.id), writer, now, &record);
    if (command.id != CommandId::kSet) continue;
    record.ttl = command.number;
    record.expires = command.number == 0 ? 0 : now + command.number;
  }
}

void KeyJournal::Note(const resp::CommandSpec& spec, std::span<const std::string_view> args,
                      const Writer& writer, int64_t now) {
  Begin(now);
  const Expiry expiry = ExpiryOf(spec, args, now);
  bool any = false;
  resp::ForEachKey(spec, args, [&](std::string_view key) {
    // Of two keys of RENAME only the first goes away.
    if (any && spec.id == CommandId::kRename) return;
    any = true;
    Record& record = RecordFor(HashOf(resp::HashedKey(key), writer.database));
    Sign(spec, writer, now, &record);
    if (expiry.does == Expiry::Does::kKeeps) return;
    record.expires = expiry.at;
    record.ttl = expiry.at == 0 ? 0 : std::max<int64_t>(expiry.at - now, 0);
  });
  if (!any) Sign(spec, writer, now, &dropped_);
}

KeyFate KeyJournal::FateOf(const Record& record) {
  return {.kind = Removes(record.command) ? KeyFate::Kind::kRemoved : KeyFate::Kind::kWritten,
          .at = record.at,
          .expires = record.expires,
          .ttl = record.ttl,
          .command = record.command,
          .client = std::string(record.client, record.size)};
}

std::optional<KeyFate> KeyJournal::Find(std::string_view key, int database) const {
  std::optional<KeyFate> fate;
  if (buckets_ == nullptr) return fate;
  const uint64_t hash = HashOf(resp::HashedKey(key), database);
  for (const Record& record : buckets_[hash % kBuckets]) {
    if (record.hash == hash) fate = FateOf(record);
  }
  if (dropped_.at > (fate ? fate->at : 0)) {
    fate = FateOf(dropped_);
    fate->kind = KeyFate::Kind::kDropped;
  }
  return fate;
}

}  // namespace keyhole::core
