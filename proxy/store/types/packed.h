// A list of byte strings in one block: how small hashes, sets and lists are kept, and the chunks of
// large lists. Strings whose text is an integer are kept as that integer.
//
//     0nnnnnnn  bytes             a string of n bytes
//     10iiiiii                    the integer i, 0 to 63
//     110iiiii  i                 an integer of 13 bits, signed, high bits first
//     1110nnnn  bytes             an integer of n = 2, 3, 4 or 8 bytes, signed, low byte first
//     1111nnnn  size   bytes      a longer string; its size is of n = 2 or 4 bytes, low byte first
//
// No element is longer than in Redis' listpack, which keeps each length a second time behind the
// element. Every text has one form only, so that two elements are equal if their bytes are.
//
// A hash has its fields and values in turn (a stride of 2), a set its members (of 1). Plain
// functions over bytes that others own; nothing is kept.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace keyhole::store {

// Walks over a block. What Next() gives is valid until the call after next, so that a field and its
// value can be held together.
class PackedReader {
 public:
  explicit PackedReader(std::string_view block) : rest_(block) {}
  bool at_end() const { return rest_.empty(); }
  std::string_view Next();
  void Skip();
  std::string_view rest() const { return rest_; }

 private:
  static constexpr size_t kDigits = 24;
  std::string_view rest_;
  bool second_ = false;
  char digits_[2][kDigits];
};

// How a text is kept: its form can be written and compared without a second look at the text.
// Whose views live as long as the text.
class PackedForm {
 public:
  explicit PackedForm(std::string_view text);
  explicit PackedForm(int64_t value) { AddInteger(value); }
  size_t size() const { return head_size_ + bytes_.size(); }
  // Writes size() bytes.
  void Write(char* to) const;
  // Whether the block begins with it.
  bool IsFirstOf(std::string_view block) const {
    return block.starts_with(std::string_view(head_, head_size_)) &&
           block.substr(head_size_).starts_with(bytes_);
  }

 private:
  void AddInteger(int64_t value);
  void AddHead(uint8_t kind, uint64_t value, size_t bytes);
  void AddByte(uint64_t byte) { head_[head_size_++] = static_cast<char>(byte); }

  char head_[9];
  uint8_t head_size_ = 0;
  std::string_view bytes_;  // that follow
};

void AppendPacked(std::string_view text, std::string* block);
void AppendPackedInteger(int64_t value, std::string* block);

// The integer as which the first element of a block is kept. False if that is a string.
bool FirstPackedInteger(std::string_view block, int64_t* value);

// Bytes of the first element of a block.
size_t FirstPackedSize(std::string_view block);

// How many elements there are.
size_t CountPacked(std::string_view block);

// Where the element with this text begins, among those at a multiple of `stride`; npos if it is not
// there.
size_t FindPacked(std::string_view block, std::string_view text, size_t stride);

// Replaces `count` elements from `offset` on by one with this text ...
void ReplacePacked(std::string* block, size_t offset, size_t count, std::string_view text);
// ... or by nothing.
void ErasePacked(std::string* block, size_t offset, size_t count);

}  // namespace keyhole::store
