// OBJECT: how a value is kept.
#include <limits>

#include "proxy/store/commands/handlers.h"
#include "proxy/store/commands/replies.h"
#include "proxy/store/types/timed_table.h"
#include "resp/number.h"

namespace keyhole::store {

// Source: redis 7.0.15 object.c tryObjectEncoding.
std::string_view ShownEncoding(const Entry& entry) {
  constexpr size_t kMaxEmbedded = 44;  // bytes of a string that Redis allocates with its object
  constexpr size_t kMaxDigits = 20;
  const Shown shown = ShownOf(entry.encoding());
  if (shown == Shown::kUnlessListed) {
    const bool listed = static_cast<const TimedTable*>(entry.object())->listed();
    return listed ? "listpackex" : EncodingName(entry.encoding());
  }
  const std::string_view value = entry.value();
  int64_t number = 0;
  if (shown == Shown::kUnlessInteger && value.size() <= kMaxDigits &&
      resp::ParseInteger(value, &number)) {
    return "int";
  }
  if (shown != Shown::kAlways && value.size() <= kMaxEmbedded) return "embstr";
  return EncodingName(entry.encoding());
}

namespace handlers {

namespace {

bool IsSharedInteger(const Call& call, const Entry& entry) {
  constexpr int64_t kShared = 10000;
  int64_t value = 0;
  const bool is_number =
      entry.encoding() == Encoding::kString && resp::ParseInteger(entry.value(), &value);
  const bool may_share = call.engine.settings.number(Setting::kMaxmemory) == 0 ||
                         call.engine.settings.eviction() != Eviction::kLru;
  return is_number && may_share && value >= 0 && value < kShared;
}

}  // namespace

void ObjectEncoding(Call& call) {
  const Entry* const slot = call.PeekSilently(call.args[2]);
  if (slot == nullptr) return call.reply.Null();
  call.reply.Bulk(ShownEncoding(*slot));
}

void ObjectRefcount(Call& call) {
  constexpr int64_t kOfShared = std::numeric_limits<int32_t>::max();
  const Entry* const slot = call.PeekSilently(call.args[2]);
  if (slot == nullptr) return call.reply.Null();
  call.reply.Integer(IsSharedInteger(call, *slot) ? kOfShared : 1);
}

void ObjectIdletime(Call& call) {
  const Entry* const slot = call.PeekSilently(call.args[2]);
  if (slot == nullptr) return call.reply.Null();
  call.reply.Integer(call.db().IdleTime(*slot));
}

void ObjectFreq(Call& call) {
  if (call.PeekSilently(call.args[2]) == nullptr) return call.reply.Null();
  // No policy here is LFU.
  call.reply.Error(
      "ERR An LFU maxmemory policy is not selected, access frequency not tracked. Please note that "
      "when switching between policies at runtime LRU and LFU data will take some time to adjust.");
}

void ObjectHelp(Call& call) {
  constexpr std::string_view kLines[] = {
      "ENCODING <key>",
      "    Return the kind of internal representation used in order to store the value",
      "    associated with a <key>.",
      "FREQ <key>",
      "    Return the access frequency index of the <key>. The returned integer is",
      "    proportional to the logarithm of the recent access frequency of the key.",
      "IDLETIME <key>",
      "    Return the idle time of the <key>, that is the approximated number of",
      "    seconds elapsed since the last access to the key.",
      "REFCOUNT <key>",
      "    Return the number of references of the value associated with the specified",
      "    <key>."};
  Help(call, kLines);
}

}  // namespace handlers

}  // namespace keyhole::store
