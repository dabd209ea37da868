// What a reply of the store says, in RESP2.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <vector>

namespace keyhole::test {

// Of :n.
inline int64_t Number(const std::string& reply) {
  EXPECT_EQ(reply.substr(0, 1), ":");
  return std::stoll(reply.substr(1));
}

// The bulk strings of a reply.
inline std::vector<std::string> Bulks(const std::string& reply) {
  std::vector<std::string> bulks;
  for (size_t at = reply.find('$'); at != std::string::npos; at = reply.find('$', at)) {
    const size_t size = std::stoul(reply.substr(at + 1));
    at = reply.find("\r\n", at) + 2;
    bulks.push_back(reply.substr(at, size));
    at += size;
  }
  return bulks;
}

}  // namespace keyhole::test
