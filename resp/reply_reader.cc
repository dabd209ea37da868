#include "resp/reply_reader.h"

#include "resp/number.h"

namespace keyhole::core {

std::optional<ReplyElement> ReplyReader::Next() {
  const size_t end = rest_.find("\r\n");
  if (end == std::string_view::npos || end == 0) return std::nullopt;
  ReplyElement element;
  element.type = static_cast<resp::ReplyType>(rest_[0]);
  const std::string_view line = rest_.substr(1, end - 1);
  std::string_view after = rest_.substr(end + 2);
  switch (element.type) {
    case resp::ReplyType::kSimpleString:
    case resp::ReplyType::kError:
      element.text = line;
      break;
    case resp::ReplyType::kInteger:
      if (!resp::ParseInteger(line, &element.integer)) return std::nullopt;
      break;
    case resp::ReplyType::kArray:
    case resp::ReplyType::kBulkString: {
      int64_t size = 0;
      if (!resp::ParseInteger(line, &size) || size < -1) return std::nullopt;
      element.is_null = size == -1;
      if (element.is_null) break;
      if (element.type == resp::ReplyType::kArray) {
        element.integer = size;
        break;
      }
      const size_t bytes = static_cast<size_t>(size);
      if (after.size() < 2 || bytes > after.size() - 2) return std::nullopt;
      element.text = after.substr(0, bytes);
      after.remove_prefix(bytes);
      if (!after.starts_with("\r\n")) return std::nullopt;
      after.remove_prefix(2);
      break;
    }
    default:
      return std::nullopt;
  }
  rest_ = after;
  return element;
}

}  // namespace keyhole::core
