// SAVE, BGSAVE, LASTSAVE: see snapshot.h. What is in memory is written while clients go on, by SAVE
// as well: it alone waits until the file is there.
#include <algorithm>

#include "proxy/store/commands/handlers.h"
#include "proxy/store/commands/replies.h"

namespace keyhole::store::handlers {

namespace {

// False if it cannot be; then that is the reply.
bool Begin(Call& call) {
  if (call.engine.snapshot.phase() != Snapshot::Phase::kIdle) {
    call.reply.Error("ERR Background save already in progress");
    return false;
  }
  if (!call.engine.CanSave()) {
    call.reply.Error("ERR the embedded store has no file to save to; --snapshot names one");
    return false;
  }
  call.engine.BeginSnapshot(call.now);
  return true;
}

}  // namespace

void Save(Call& call) {
  if (call.woken_by().has_value()) {
    if (call.engine.snapshot.last_ok()) return call.reply.Ok();
    return call.reply.Error("ERR the snapshot could not be written; the log says why");
  }
  if (!Begin(call)) return;
  if (call.Wait({}, kNever)) call.engine.snapshot.savers.push_back(call.client.id);
}

void BgSave(Call& call) {
  if (call.args.size() > 2 || (call.args.size() == 2 && !call.Is(1, "SCHEDULE"))) {
    return call.reply.Error(kSyntaxError);
  }
  if (Begin(call)) call.reply.Simple("Background saving started");
}

void LastSave(Call& call) {
  constexpr UnixMillis kSecond = 1000;
  call.reply.Integer(call.engine.last_save() / kSecond);
}

}  // namespace keyhole::store::handlers
