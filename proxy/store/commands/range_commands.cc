// Parts of strings: APPEND, STRLEN, GETRANGE, SETRANGE.
#include <algorithm>
#include <cstring>

#include "proxy/store/commands/handlers.h"
#include "proxy/store/commands/replies.h"

namespace keyhole::store::handlers {

namespace {

// True if a value of size + more bytes would be longer than Redis allows; then that is the reply.
bool IsTooLong(Call& call, uint64_t size, uint64_t more) {
  if (size + more <= static_cast<uint64_t>(resp::kMaxBulkBytes)) return false;
  call.reply.Error("ERR string exceeds maximum allowed size (proto-max-bulk-len)");
  return true;
}

// The part from `start` to `end`, both included, both counted from the end if negative.
std::string_view Part(std::string_view value, int64_t start, int64_t end) {
  const auto size = static_cast<int64_t>(value.size());
  if (start < 0 && end < 0 && start > end) return {};
  start = std::max<int64_t>(start < 0 ? size + start : start, 0);
  end = std::max<int64_t>(end < 0 ? size + end : end, 0);
  end = std::min(end, size - 1);
  if (size == 0 || start > end) return {};
  return value.substr(static_cast<size_t>(start), static_cast<size_t>(end - start) + 1);
}

}  // namespace

void Append(Call& call) {
  const std::string_view more = call.args[2];
  Entry* const slot = call.Find(call.args[1]);
  if (slot == nullptr) {
    call.db().Put(call.args[1], more, kNever);
    return call.reply.Integer(static_cast<int64_t>(more.size()));
  }
  if (IsWrongType(call, slot, ValueType::kString)) return;
  const size_t before = slot->value_size();
  if (IsTooLong(call, before, more.size())) return;
  call.db().Resize(slot, before + more.size());
  if (!more.empty()) std::memcpy(slot->value_bytes() + before, more.data(), more.size());
  call.reply.Integer(static_cast<int64_t>(slot->value_size()));
}

void Strlen(Call& call) {
  const Entry* const slot = call.Read(call.args[1]);
  if (IsWrongType(call, slot, ValueType::kString)) return;
  call.reply.Integer(slot == nullptr ? 0 : static_cast<int64_t>(slot->value_size()));
}

void Getrange(Call& call) {
  int64_t start = 0;
  int64_t end = 0;
  if (!IntegerArgument(call, 2, &start) || !IntegerArgument(call, 3, &end)) return;
  const Entry* const slot = call.Read(call.args[1]);
  if (IsWrongType(call, slot, ValueType::kString)) return;
  call.reply.Bulk(slot == nullptr ? std::string_view() : Part(slot->value(), start, end));
}

void Substr(Call& call) {
  Getrange(call);
}

void Setrange(Call& call) {
  int64_t offset = 0;
  if (!IntegerArgument(call, 2, &offset)) return;
  if (offset < 0) return call.reply.Error("ERR offset is out of range");
  const std::string_view patch = call.args[3];
  Entry* slot = call.Find(call.args[1]);
  if (IsWrongType(call, slot, ValueType::kString)) return;
  const size_t before = slot == nullptr ? 0 : slot->value_size();
  if (patch.empty()) return call.reply.Integer(static_cast<int64_t>(before));

  const auto at = static_cast<size_t>(offset);
  if (IsTooLong(call, at, patch.size())) return;
  if (slot == nullptr) slot = call.db().Put(call.args[1], {}, kNever);
  call.db().Resize(slot, std::max(before, at + patch.size()));
  std::memcpy(slot->value_bytes() + at, patch.data(), patch.size());
  call.reply.Integer(static_cast<int64_t>(slot->value_size()));
}

}  // namespace keyhole::store::handlers
