// The store's table of handlers with two commands more, which wait for strings as Redis' wait for
// lists. Linked in place of the store's own table, so that all else is what it is in the program.
//
//     BLPOP key ... seconds         takes the first of the keys that holds a string, with its value
//     BLMOVE from to LEFT LEFT seconds    moves the string there
#include <array>
#include <string>

#include "proxy/store/commands/handler_table.h"
#include "resp/number.h"

#define kHandlers kOwnHandlers
#define Serves OwnServes
#include "proxy/store/commands/handler_table.cc"
#undef kHandlers
#undef Serves

namespace keyhole::store {

namespace {

UnixMillis DeadlineOf(const Call& call) {
  int64_t seconds = 0;
  resp::ParseInteger(call.args.back(), &seconds);
  return seconds == 0 ? kNever : call.now + seconds * 1000;
}

bool HasString(const Entry* slot) {
  return slot != nullptr && slot->type() == ValueType::kString;
}

void TakeFirst(Call& call) {
  const auto keys = call.args.subspan(1, call.args.size() - 2);
  for (const std::string_view key : keys) {
    Entry* const slot = call.Find(key);
    if (!HasString(slot)) continue;
    call.reply.Array(2);
    call.reply.Bulk(key);
    call.reply.Bulk(slot->value());
    return call.db().Erase(slot);
  }
  if (!call.Wait(keys, DeadlineOf(call))) call.reply.NullArray();
}

void TakeOver(Call& call) {
  Entry* const slot = call.Find(call.args[1]);
  if (!HasString(slot)) {
    if (!call.Wait(call.args.subspan(1, 1), DeadlineOf(call))) call.reply.Null();
    return;
  }
  const std::string value(slot->value());
  call.db().Erase(slot);
  call.db().Put(call.args[2], value, kNever);
  call.reply.Bulk(value);
}

}  // namespace

const std::array<Handler, resp::kCommandCount> kHandlers = [] {
  auto handlers = kOwnHandlers;
  handlers[static_cast<size_t>(resp::CommandId::kBlpop)] = TakeFirst;
  handlers[static_cast<size_t>(resp::CommandId::kBlmove)] = TakeOver;
  return handlers;
}();

bool Serves(const resp::CommandSpec& spec) {
  return HandlerOf(spec) != nullptr || OwnServes(spec);
}

}  // namespace keyhole::store
