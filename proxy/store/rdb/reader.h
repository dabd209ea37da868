// Reads what writer.h writes, and what is as old as Redis itself. The bytes may come from anybody:
// whatever they are, no function reads beyond them or takes more memory than they can mean.
//
// All return false if the bytes end too early or mean nothing; nothing may be read after that.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace keyhole::store::rdb {

class Reader {
 public:
  explicit Reader(std::string_view bytes) : rest_(bytes) {}

  bool Byte(uint8_t* byte);
  // Of a value: no more of anything than there are bytes left.
  bool Count(uint64_t* count);
  // The same without that bound.
  bool Length(uint64_t* length);
  // Valid until the next call; `*scratch`, which may hold it, is the caller's.
  bool String(std::string* scratch, std::string_view* text);
  bool Bytes(size_t size, std::string_view* bytes) { return Take(size, bytes); }
  bool Double(double* value);
  bool Milliseconds(int64_t* value);
  // As Redis wrote them before 4.0: a length and the digits, or 253 to 255 for NaN and infinities.
  bool OldDouble(double* value);

  std::string_view rest() const { return rest_; }
  // Something failed because there were too few bytes: with more it might not.
  bool wants_more() const { return wants_more_; }

 private:
  // A length, or with *encoded one of the forms of a string that are not one.
  bool LengthOrForm(uint64_t* length, bool* encoded);
  bool Take(uint64_t size, std::string_view* bytes);
  bool IntegerString(size_t size, std::string* text);
  bool CompressedString(std::string* text);

  std::string_view rest_;
  bool wants_more_ = false;
};

}  // namespace keyhole::store::rdb
