// DUMP and RESTORE: values in the format of Redis' snapshots, to carry them to another server and
// back.
#include <algorithm>
#include <optional>

#include "proxy/store/commands/handlers.h"
#include "proxy/store/commands/replies.h"
#include "proxy/store/rdb/dump.h"
#include "resp/number.h"

namespace keyhole::store::handlers {

namespace {

struct RestoreOptions {
  bool replace = false;
  bool absolute = false;
  std::optional<int64_t> idle;  // seconds
  bool has_frequency = false;   // which no policy here looks at
};

// Reads IDLETIME's argument. False if it is wrong; then that is the reply.
bool IdleArgument(Call& call, size_t index, RestoreOptions* options) {
  int64_t idle = 0;
  if (!IntegerArgument(call, index, &idle)) return false;
  options->idle = idle;
  if (idle >= 0) return true;
  call.reply.Error("ERR Invalid IDLETIME value, must be >= 0");
  return false;
}

// The same of FREQ.
bool FrequencyArgument(Call& call, size_t index, RestoreOptions* options) {
  constexpr int64_t kMost = 255;
  int64_t frequency = 0;
  if (!IntegerArgument(call, index, &frequency)) return false;
  options->has_frequency = true;
  if (frequency >= 0 && frequency <= kMost) return true;
  call.reply.Error("ERR Invalid FREQ value, must be >= 0 and <= 255");
  return false;
}

// False if they are wrong; then that is the reply.
bool ParseRestore(Call& call, RestoreOptions* options) {
  for (size_t i = 4; i < call.args.size(); ++i) {
    const bool has_value = i + 1 < call.args.size();
    if (call.Is(i, "REPLACE")) {
      options->replace = true;
    } else if (call.Is(i, "ABSTTL")) {
      options->absolute = true;
    } else if (call.Is(i, "IDLETIME") && has_value && !options->has_frequency) {
      if (!IdleArgument(call, ++i, options)) return false;
    } else if (call.Is(i, "FREQ") && has_value && !options->idle.has_value()) {
      if (!FrequencyArgument(call, ++i, options)) return false;
    } else {
      call.reply.Error(kSyntaxError);
      return false;
    }
  }
  return true;
}

// Reads the TTL, 0 being none. False if it is wrong; then that is the reply.
bool TtlArgument(Call& call, bool absolute, UnixMillis* expire) {
  int64_t ttl = 0;
  if (!IntegerArgument(call, 2, &ttl)) return false;
  if (ttl < 0) {
    call.reply.Error("ERR Invalid TTL value, must be >= 0");
    return false;
  }
  const UnixMillis longest = absolute ? kNever - 1 : kNever - 1 - call.now;
  *expire = ttl == 0 ? kNever : std::min(ttl, longest) + (absolute ? 0 : call.now);
  return true;
}

// The value, ready to be put under its key. False if there is none; then that is the reply.
bool PayloadArgument(Call& call, Entry* entry) {
  std::string_view payload = call.args[3];
  if (!rdb::OpenPayload(&payload)) {
    call.reply.Error("ERR DUMP payload version or checksum are wrong");
    return false;
  }
  *entry = rdb::ReadValue(payload, call.args[1], call.db(), call.engine.read_limits());
  if (*entry) return true;
  call.reply.Error("ERR Bad data format");
  return false;
}

}  // namespace

void Dump(Call& call) {
  const Entry* const slot = call.Read(call.args[1]);
  if (slot == nullptr) return call.reply.Null();
  call.reply.Bulk(rdb::DumpPayload(*slot));
}

void Restore(Call& call) {
  const std::string_view key = call.args[1];
  RestoreOptions options;
  if (!ParseRestore(call, &options)) return;
  Entry* const old = call.Find(key);
  if (old != nullptr && !options.replace) {
    return call.reply.Error("BUSYKEY Target key name already exists.");
  }
  UnixMillis expire = kNever;
  Entry entry;
  if (!TtlArgument(call, options.absolute, &expire) || !PayloadArgument(call, &entry)) return;
  call.reply.Ok();
  if (expire <= call.now) {
    Entry::Destroy(entry);
    if (old == nullptr) return;
    call.db().Erase(old);
    return call.Emit(EventClass::kGeneric, "del", key);  // layering: not a command
  }
  call.db().Insert(Entry::WithExpire(entry, expire));
  if (options.idle.has_value()) call.db().SetIdleTime(key, *options.idle);
  call.Emit(EventClass::kGeneric, "restore", key);  // layering: not a command
}

// In a cluster, for keys that move: there is none here.
void RestoreAsking(Call& call) {
  Restore(call);
}

}  // namespace keyhole::store::handlers
