#include "tests/integration/counting/resp_value.h"

#include <cstdlib>
#include <stdexcept>

namespace keyhole::test {
namespace {

std::string_view TakeLine(std::string_view* bytes) {
  const size_t end = bytes->find("\r\n");
  if (end == std::string_view::npos) throw std::runtime_error("a reply without an end");
  const std::string_view line = bytes->substr(0, end);
  bytes->remove_prefix(end + 2);
  return line;
}

RespValue Take(std::string_view* bytes) {
  if (bytes->empty()) throw std::runtime_error("a reply was expected");
  RespValue value;
  value.type = bytes->front();
  const std::string line(TakeLine(bytes).substr(1));
  switch (value.type) {
    case '$':
    case '!':
    case '=': {
      const long size = std::atol(line.c_str());
      value.null = size < 0;
      if (value.null) break;
      const auto length = static_cast<size_t>(size);
      if (bytes->size() < length + 2) throw std::runtime_error("a string that is too short");
      value.text = bytes->substr(0, length);
      bytes->remove_prefix(length + 2);
      break;
    }
    case '*':
    case '~':
    case '>':
    case '%': {
      const long count = std::atol(line.c_str()) * (value.type == '%' ? 2 : 1);
      value.null = count < 0;
      for (long i = 0; i < count; ++i) value.elements.push_back(Take(bytes));
      break;
    }
    case '_':
      value.null = true;
      break;
    default:
      value.text = line;
      break;
  }
  return value;
}

}  // namespace

RespValue ParseResp(std::string_view bytes) {
  RespValue value = Take(&bytes);
  if (!bytes.empty()) throw std::runtime_error("more than one reply");
  return value;
}

}  // namespace keyhole::test
