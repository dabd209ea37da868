#include "proxy/links/cluster/scan_cursor.h"

#include "proxy/base/digits.h"
#include "resp/reply_reader.h"

namespace keyhole::core {
namespace {
constexpr int kMasterBits = 10;
static_assert(ScanCursor::kMostMasters == 1 << kMasterBits);
}  // namespace

ScanCursor ScanCursor::Read(std::string_view given) {
  const std::optional<uint64_t> number = ParseDigits(given);
  if (!number.has_value()) return {0, std::string(given)};
  return {*number % kMostMasters, std::to_string(*number >> kMasterBits)};
}

std::string WithClientCursor(std::string_view reply, size_t index, size_t count) {
  ReplyReader reader(reply);
  const std::optional<ReplyElement> array = reader.Next();
  const std::optional<ReplyElement> cursor = reader.Next();
  std::string as_is(reply);
  if (!array.has_value() || !array->is(resp::ReplyType::kArray) || array->integer != 2)
    return as_is;
  if (!cursor.has_value() || !cursor->is(resp::ReplyType::kBulkString)) return as_is;
  const std::optional<uint64_t> own = ParseDigits(cursor->text);
  if (!own.has_value()) return as_is;
  constexpr std::string_view kTooLong = "-ERR keyhole: a node's SCAN cursor is too long\r\n";
  if (*own >> (64 - kMasterBits) != 0) return std::string(kTooLong);
  uint64_t next = *own << kMasterBits | index;
  if (*own == 0) next = index + 1 < count ? index + 1 : 0;
  const std::string text = std::to_string(next);
  const size_t rest =
      static_cast<size_t>(cursor->text.data() - reply.data()) + cursor->text.size() + 2;
  return "*2\r\n$" + std::to_string(text.size()) + "\r\n" + text + "\r\n" +
         std::string(reply.substr(rest));
}

}  // namespace keyhole::core
