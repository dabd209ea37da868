#include "proxy/store/commands/direct.h"

#include <string>

#include "proxy/store/commands/dispatch.h"
#include "resp/number.h"

namespace keyhole::store {
namespace {

using resp::CommandId;
using resp::DirectCommand;
using resp::HashedKey;

// The client is in a plain state, and nobody else has to see or to hear of it.
bool IsPlain(const Engine& engine, const Client& client, const DirectCommand& command) {
  const ReplyMode& mode = client.reply_mode;
  const bool plain = client.authenticated && !client.transaction.open && client.sources == 0 &&
                     !mode.off && !mode.skip_next && !engine.observed() && !engine.scripts.busy();
  return plain && (!command.writes() || !engine.events.wants_any());
}

// A value that is bytes, and will be there for a while yet.
bool IsPlain(const Entry& entry, const DirectCommand& command) {
  return entry.type() == ValueType::kString && entry.expire() > command.latest;
}

bool Get(Engine& engine, Client& client, Keyspace& keys, DirectCommand* command) {
  const Entry* const slot = keys.Find(command->keys[0], command->earliest, !client.no_touch);
  command->answer = slot != nullptr ? 1 : 0;
  if (slot == nullptr) {
    if (engine.events.wants(EventClass::kMiss)) return false;
    ++client.stats.misses;
    return true;
  }
  if (!IsPlain(*slot, *command)) return false;
  command->bytes->assign(slot->value());
  ++client.stats.hits;
  return true;
}

bool Mget(Engine& engine, Client& client, Keyspace& keys, DirectCommand* command) {
  if (engine.events.wants(EventClass::kMiss)) return false;
  command->bytes->clear();
  command->sizes->clear();
  uint64_t hits = 0;
  for (const HashedKey& key : command->keys) {
    const Entry* const slot = keys.Find(key, command->earliest, !client.no_touch);
    if (slot == nullptr) {
      command->sizes->push_back(DirectCommand::kMissing);
      continue;
    }
    if (!IsPlain(*slot, *command)) return false;
    const std::string_view value = slot->value();
    command->bytes->append(value);
    command->sizes->push_back(static_cast<int64_t>(value.size()));
    ++hits;
  }
  client.stats.hits += hits;
  client.stats.misses += command->keys.size() - hits;
  return true;
}

bool Set(Keyspace& keys, const DirectCommand& command) {
  const UnixMillis expire = command.number == 0 ? kNever : command.latest + command.number;
  keys.Put(command.keys[0], command.value, expire);
  return true;
}

bool Del(const Client& client, Keyspace& keys, DirectCommand* command) {
  command->answer = 0;
  for (const HashedKey& key : command->keys) {
    Entry* const slot = keys.Find(key, command->latest, !client.no_touch);
    if (slot == nullptr) continue;
    keys.Erase(slot);
    ++command->answer;
  }
  return true;
}

bool Increase(const Client& client, Keyspace& keys, DirectCommand* command) {
  Entry* const slot = keys.Find(command->keys[0], command->latest, !client.no_touch);
  int64_t value = 0;
  if (slot != nullptr) {
    const bool number =
        slot->type() == ValueType::kString && resp::ParseInteger(slot->value(), &value);
    if (!number) return false;
  }
  if (__builtin_add_overflow(value, command->number, &value)) return false;
  const std::string text = std::to_string(value);
  if (slot == nullptr) {
    keys.Put(command->keys[0], text, kNever);
  } else {
    keys.Overwrite(slot, text, slot->expire());
  }
  command->answer = value;
  return true;
}

bool Carry(Engine& engine, Client& client, DirectCommand* command) {
  Keyspace& keys = engine.database(client.database);
  switch (command->id) {
    case CommandId::kGet:
      return Get(engine, client, keys, command);
    case CommandId::kMget:
      return Mget(engine, client, keys, command);
    case CommandId::kSet:
      return Set(keys, *command);
    case CommandId::kDel:
      return Del(client, keys, command);
    case CommandId::kIncr:
    case CommandId::kIncrby:
      return Increase(client, keys, command);
    default:
      return false;
  }
}

}  // namespace

bool RunDirect(Engine& engine, Client& client, DirectCommand* command) {
  if (!IsPlain(engine, client, *command) || !Carry(engine, client, command)) return false;
  client.last_command_at = command->earliest;
  CountCall(engine, client, resp::Spec(command->id));
  return true;
}

}  // namespace keyhole::store
