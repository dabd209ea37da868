// Writes the pieces of which Redis' snapshots and DUMP are made. Sources for all of this folder:
// redis 7.0.15 rdb.c and rdb.h.
//
//     00nnnnnn                 a length up to 63         11000000 n              the integer n as a
//     01nnnnnn nnnnnnnn        up to 16383               11000001 n n            string, low byte
//     10000000 n n n n         up to 32 bits, high       11000010 n n n n        first
//     10000001 n...n           up to 64 bits    first    11000011 size length    LZF
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace keyhole::store::rdb {

class Writer {
 public:
  explicit Writer(std::string* out) : out_(*out) {}

  void Byte(uint8_t byte) { out_.push_back(static_cast<char>(byte)); }
  void Length(uint64_t length);
  // As an integer if it is one, compressed if that is worth while.
  void String(std::string_view text);
  // As they are; how many is known to the reader.
  void Bytes(std::string_view bytes) { out_.append(bytes); }
  // Eight bytes, low byte first, as the next.
  void Double(double value);
  void Milliseconds(int64_t value);

 private:
  bool Integer(std::string_view text);

  std::string& out_;
};

}  // namespace keyhole::store::rdb
