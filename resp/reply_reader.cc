#include "resp/reply_reader.h"

#include "resp/number.h"

namespace keyhole::core {

namespace {

using resp::ReplyType;

// Bytes follow the header, not elements.
bool IsBulk(ReplyType type) {
  return type == ReplyType::kBulkString || type == ReplyType::kBulkError ||
         type == ReplyType::kVerbatim;
}

// What has a size in its header.
bool ReadSized(std::string_view line, std::string_view* after, ReplyElement* element) {
  int64_t size = 0;
  if (!resp::ParseInteger(line, &size) || size < -1) return false;
  element->is_null = size == -1;
  if (element->is_null) return true;
  if (!IsBulk(element->type)) {
    element->integer = size;
    return true;
  }
  const auto bytes = static_cast<size_t>(size);
  if (after->size() < 2 || bytes > after->size() - 2) return false;
  element->text = after->substr(0, bytes);
  after->remove_prefix(bytes);
  if (!after->starts_with("\r\n")) return false;
  after->remove_prefix(2);
  return true;
}

}  // namespace

std::optional<ReplyElement> ReplyReader::Next() {
  const size_t end = rest_.find("\r\n");
  if (end == std::string_view::npos || end == 0) return std::nullopt;
  ReplyElement element;
  element.type = static_cast<ReplyType>(rest_[0]);
  const std::string_view line = rest_.substr(1, end - 1);
  std::string_view after = rest_.substr(end + 2);
  switch (element.type) {
    case ReplyType::kSimpleString:
    case ReplyType::kError:
    case ReplyType::kBoolean:
    case ReplyType::kDouble:
    case ReplyType::kBigNumber:
      element.text = line;
      break;
    case ReplyType::kNull:
      element.is_null = true;
      break;
    case ReplyType::kInteger:
      if (!resp::ParseInteger(line, &element.integer)) return std::nullopt;
      break;
    case ReplyType::kBulkString:
    case ReplyType::kBulkError:
    case ReplyType::kVerbatim:
    case ReplyType::kArray:
    case ReplyType::kMap:
    case ReplyType::kSet:
    case ReplyType::kPush:
    case ReplyType::kAttribute:
      if (!ReadSized(line, &after, &element)) return std::nullopt;
      break;
    default:
      return std::nullopt;
  }
  rest_ = after;
  return element;
}

}  // namespace keyhole::core
