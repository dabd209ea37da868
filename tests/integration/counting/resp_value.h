// A reply as a tree, RESP2 and RESP3, read by code that the proxy does not share.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace keyhole::test {

struct RespValue {
  char type = 0;  // the first byte
  bool null = false;
  std::string text;                 // of a string, status, error or number
  std::vector<RespValue> elements;  // of a map: key, value, key, value ...

  bool is_error() const { return type == '-' || type == '!'; }
  bool is(std::string_view status) const { return type == '+' && text == status; }
};

// Of exactly one whole reply. Throws std::runtime_error if it is not that.
RespValue ParseResp(std::string_view bytes);

}  // namespace keyhole::test
