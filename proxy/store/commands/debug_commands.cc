// DEBUG: what tests of clients and of servers use. Refused unless the process was started with
// --enable-debug-command, as in Redis.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <thread>

#include "proxy/store/commands/debug_dataset.h"
#include "proxy/store/commands/handlers.h"
#include "proxy/store/commands/replies.h"
#include "proxy/store/setting_forms.h"
#include "resp/number.h"

namespace keyhole::store::handlers {

namespace {

// Keeps this worker, and whoever waits for the same keys, from doing anything: tests of time-outs
// want that.
void Sleep(Call& call) {
  constexpr double kLongest = 24 * 3600;
  const double seconds = std::strtod(std::string(call.args[2]).c_str(), nullptr);
  if (seconds > 0) {
    std::this_thread::sleep_for(std::chrono::duration<double>(std::min(seconds, kLongest)));
  }
  call.reply.Ok();
}

void WriteLog(Call& call) {
  call.engine.Log(std::string("DEBUG LOG: ").append(call.args[2]));
  call.reply.Ok();
}

void Error(Call& call) {
  call.reply.Error(call.args[2]);
}

// As atoi() reads it.
bool IsOn(Call& call) {
  return std::atoi(std::string(call.args[2]).c_str()) != 0;
}

void SetActiveExpire(Call& call) {
  call.engine.debug.active_expire = IsOn(call);
  call.reply.Ok();
}

void PauseCron(Call& call) {
  call.engine.debug.pause_upkeep = IsOn(call);
  call.reply.Ok();
}

void SkipChecksums(Call& call) {
  call.engine.debug.skip_checksums = IsOn(call);
  call.reply.Ok();
}

// Lists keep large elements as they keep small ones, so there is nothing to be set.
void SetPackedThreshold(Call& call) {
  constexpr int64_t kMost = std::numeric_limits<uint32_t>::max();
  const auto bytes = ParseMemory(call.args[2]);
  if (!bytes.has_value() || *bytes > kMost) {
    return call.reply.Error(
        "ERR argument must be a memory value bigger than 1 and smaller than 4gb");
  }
  call.reply.Ok();
}

// An entry is not serialized to find out how long that would be: serializedlength is what it takes
// in memory, with its key.
void ShowObject(Call& call) {
  const Entry* const slot = call.Find(call.args[2]);
  if (slot == nullptr) return call.reply.Error("ERR no such key");
  const uint64_t idle = call.db().IdleTime(*slot);
  constexpr uint64_t kLruClock = (1 << 24) - 1;
  char text[200];
  std::snprintf(
      text, sizeof(text),
      "Value at:%p refcount:1 encoding:%.*s serializedlength:%zu lru:%llu "
      "lru_seconds_idle:%llu",
      static_cast<const void*>(slot->raw()), static_cast<int>(ShownEncoding(*slot).size()),
      ShownEncoding(*slot).data(), call.db().MemoryOf(*slot),
      static_cast<unsigned long long>((static_cast<uint64_t>(call.now) / 1000 - idle) & kLruClock),
      static_cast<unsigned long long>(idle));
  call.reply.Simple(text);
}

// POPULATE count [prefix] [size]: strings that are not there yet.
void Populate(Call& call) {
  int64_t count = 0;
  int64_t size = 0;
  const bool sized = call.args.size() == 5;
  if (!resp::ParseInteger(call.args[2], &count) || count < 0 ||
      (sized && (!resp::ParseInteger(call.args[4], &size) || size < 0))) {
    return call.reply.Error("ERR value is out of range, must be positive");
  }
  const std::string prefix = call.args.size() > 3 ? std::string(call.args[3]) : "key";
  for (int64_t i = 0; i < count; ++i) {
    const std::string key = prefix + ":" + std::to_string(i);
    if (call.Find(key) != nullptr) continue;
    std::string value = "value:" + std::to_string(i);
    if (size > 0) value.resize(static_cast<size_t>(size));
    call.db().Put(key, value, kNever);
  }
  call.reply.Ok();
}

template <typename F>
void Three(resp::ReplyWriter& reply, F&& item) {
  for (int64_t i = 0; i < 3; ++i) {
    reply.Integer(i);
    item(i);
  }
}

struct ProtocolRow {
  std::string_view name;
  void (*write)(Call& call);
};
constexpr ProtocolRow kProtocolRows[] = {
    {"STRING", [](Call& call) { call.reply.Bulk("Hello World"); }},
    {"INTEGER", [](Call& call) { call.reply.Integer(12345); }},
    {"DOUBLE", [](Call& call) { call.reply.Double(3.141); }},
    {"BIGNUM", [](Call& call) { call.reply.BigNumber("1234567999999999999999999999999999999"); }},
    {"NULL", [](Call& call) { call.reply.Null(); }},
    {"ARRAY",
     [](Call& call) {
       call.reply.Array(3);
       Three(call.reply, [](int64_t) {});
     }},
    {"SET",
     [](Call& call) {
       call.reply.Set(3);
       Three(call.reply, [](int64_t) {});
     }},
    {"MAP",
     [](Call& call) {
       call.reply.Map(3);
       Three(call.reply, [&call](int64_t i) { call.reply.Boolean(i == 1); });
     }},
    {"ATTRIB",
     [](Call& call) {
       if (call.reply.protocol() == resp::Protocol::kResp3) {
         call.reply.Attribute(1);
         call.reply.Bulk("key-popularity");
         call.reply.Array(2);
         call.reply.Bulk("key:123");
         call.reply.Integer(90);
       }
       call.reply.Bulk("Some real reply following the attribute");
     }},
    {"PUSH",
     [](Call& call) {
       if (call.reply.protocol() != resp::Protocol::kResp3) {
         return call.reply.Error("ERR RESP2 is not supported by this command");
       }
       call.reply.Push(2);
       call.reply.Bulk("server-cpu-usage");
       call.reply.Integer(42);
       call.reply.Bulk("Some real reply following the push reply");
     }},
    {"TRUE", [](Call& call) { call.reply.Boolean(true); }},
    {"FALSE", [](Call& call) { call.reply.Boolean(false); }},
    {"VERBATIM", [](Call& call) { call.reply.Verbatim("This is a verbatim\nstring"); }}};

void ShowProtocol(Call& call) {
  for (const ProtocolRow& row : kProtocolRows) {
    if (call.Is(2, row.name)) return row.write(call);
  }
  call.reply.Error(
      "ERR Wrong protocol type name. Please use one of the following: "
      "string|integer|double|bignum|null|array|set|map|attrib|push|verbatim|true|false");
}

void ShowHelp(Call& call) {
  constexpr std::string_view kLines[] = {
      "DIGEST",
      "    Output a hash of all keys and their values.",
      "DIGEST-VALUE <key> [<key> ...]",
      "    The same of values.",
      "ERROR <string>",
      "    Reply with an error that says <string>.",
      "LOG <message>",
      "    Write <message> to the log.",
      "OBJECT <key>",
      "    Show how the value of <key> is kept.",
      "PAUSE-CRON <0|1>",
      "    Stop the upkeep that goes on beside commands.",
      "POPULATE <count> [<prefix>] [<size>]",
      "    Create <count> strings named <prefix>:<number> (default: key).",
      "PROTOCOL <type>",
      "    Reply with an example of a type of the protocol.",
      "QUICKLIST-PACKED-THRESHOLD <size>",
      "    Accepted; lists keep elements of any size alike.",
      "RELOAD",
      "    Write all keys as a snapshot and read it again, in memory.",
      "SET-ACTIVE-EXPIRE <0|1>",
      "    Whether expired keys are removed when nobody asks for them.",
      "SET-SKIP-CHECKSUM-VALIDATION <0|1>",
      "    Whether the checksum of a payload to be restored matters.",
      "SLEEP <seconds>",
      "    Do nothing for so long."};
  Help(call, kLines);
}

struct DebugRow {
  std::string_view name;
  size_t least;  // arguments, with both names
  size_t most;
  void (*run)(Call& call);
};
constexpr size_t kAny = std::numeric_limits<size_t>::max();
constexpr DebugRow kDebugRows[] = {{"DIGEST", 2, 2, ShowDigest},
                                   {"DIGEST-VALUE", 2, kAny, ShowValueDigests},
                                   {"ERROR", 3, 3, Error},
                                   {"HELP", 2, 2, ShowHelp},
                                   {"LOG", 3, 3, WriteLog},
                                   {"OBJECT", 3, 3, ShowObject},
                                   {"PAUSE-CRON", 3, 3, PauseCron},
                                   {"POPULATE", 3, 5, Populate},
                                   {"PROTOCOL", 3, 3, ShowProtocol},
                                   {"QUICKLIST-PACKED-THRESHOLD", 3, 3, SetPackedThreshold},
                                   {"RELOAD", 2, 2, ReloadDataset},
                                   {"SET-ACTIVE-EXPIRE", 3, 3, SetActiveExpire},
                                   {"SET-SKIP-CHECKSUM-VALIDATION", 3, 3, SkipChecksums},
                                   {"SLEEP", 3, 3, Sleep}};

}  // namespace

void Debug(Call& call) {
  const size_t count = call.args.size();
  for (const DebugRow& row : kDebugRows) {
    if (call.Is(1, row.name) && count >= row.least && count <= row.most) return row.run(call);
  }
  WrongSubcommand(call, "DEBUG");
}

}  // namespace keyhole::store::handlers
