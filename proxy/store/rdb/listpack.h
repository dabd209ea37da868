// Redis' listpack, in which it keeps small collections and writes them into snapshots. Source:
// redis 7.0.15 listpack.c.
//
//     bytes 4 | elements 2 | element ... | 255          numbers low byte first
//     element:  head and bytes | how many those are, in 1 to 5 bytes that are read backwards
//
//     0nnnnnnn                 an integer                10nnnnnn             n bytes follow
//     110nnnnn n               of 13 bits                1110nnnn n           the same
//     F1 F2 F3 F4              of 2, 3, 4, 8 bytes       F0 n n n n           the same
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace keyhole::store::rdb {

// Gets one element, as text, after another; valid until it returns. False: no more, it is wrong.
using ElementSink = std::function<bool(std::string_view)>;

class ListpackWriter {
 public:
  void Append(std::string_view text);
  void AppendInteger(int64_t value);
  // Bytes of the whole, as far as it goes.
  size_t size() const { return bytes_.size() + 1; }
  size_t count() const { return count_; }
  // The whole; nothing may follow.
  const std::string& Finish();

 private:
  void End(size_t begin);

  std::string bytes_ = std::string(6, '\0');
  size_t count_ = 0;
};

// False if it is no listpack, or the sink said so.
bool ReadListpack(std::string_view bytes, const ElementSink& sink);

}  // namespace keyhole::store::rdb
