#include "proxy/store/types/packed.h"

#include <charconv>
#include <cstdint>
#include <cstring>

#include "resp/number.h"

namespace keyhole::store {

namespace {

constexpr uint8_t kSmallInteger = 0x80;   // 10iiiiii
constexpr uint8_t kMediumInteger = 0xC0;  // 110iiiii
constexpr uint8_t kBytesInteger = 0xE0;   // 1110nnnn
constexpr uint8_t kLongString = 0xF0;     // 1111nnnn
constexpr size_t kMaxShort = 127;

uint8_t ByteAt(std::string_view bytes, size_t i) {
  return static_cast<uint8_t>(bytes[i]);
}

size_t LongHeader(std::string_view block) {
  return 1 + size_t{ByteAt(block, 0) & 0x0FU};
}

size_t LongSize(std::string_view block) {
  size_t size = 0;
  for (size_t i = 1; i < LongHeader(block); ++i) size |= size_t{ByteAt(block, i)} << (8 * (i - 1));
  return size;
}

// The bits from `width` on are those of the sign.
int64_t SignExtend(uint64_t bits, size_t width) {
  const uint64_t sign = uint64_t{1} << (width - 1);
  return static_cast<int64_t>((bits ^ sign) - sign);
}

int64_t FirstInteger(std::string_view block) {
  const uint8_t head = ByteAt(block, 0);
  if (head < kMediumInteger) return head & 0x3F;
  if (head < kBytesInteger) return SignExtend((head & 0x1FU) << 8 | ByteAt(block, 1), 13);
  const size_t bytes = head & 0x0F;
  uint64_t bits = 0;
  for (size_t i = 0; i < bytes; ++i) bits |= uint64_t{ByteAt(block, 1 + i)} << (8 * i);
  return SignExtend(bits, 8 * bytes);
}

}  // namespace

PackedForm::PackedForm(std::string_view text) {
  int64_t value = 0;
  if (resp::ParseInteger(text, &value)) {
    AddInteger(value);
    return;
  }
  bytes_ = text;
  if (text.size() <= kMaxShort) {
    AddByte(text.size());
  } else {
    AddHead(kLongString, text.size(), text.size() < (1 << 16) ? 2 : 4);
  }
}

void PackedForm::AddInteger(int64_t value) {
  const auto bits = static_cast<uint64_t>(value);
  if (value >= 0 && value < 64) return AddByte(kSmallInteger | bits);
  if (value >= -4096 && value < 4096) {
    AddByte(kMediumInteger | ((bits >> 8) & 0x1F));
    return AddByte(bits);
  }
  for (const size_t bytes : {2U, 3U, 4U}) {
    const int64_t limit = int64_t{1} << (bytes * 8 - 1);
    if (value >= -limit && value < limit) return AddHead(kBytesInteger, bits, bytes);
  }
  AddHead(kBytesInteger, bits, 8);
}

void PackedForm::AddHead(uint8_t kind, uint64_t value, size_t bytes) {
  AddByte(kind | bytes);
  for (size_t i = 0; i < bytes; ++i) AddByte(value >> (8 * i));
}

void PackedForm::Write(char* to) const {
  std::memcpy(to, head_, head_size_);
  if (!bytes_.empty()) std::memcpy(to + head_size_, bytes_.data(), bytes_.size());
}

size_t FirstPackedSize(std::string_view block) {
  const uint8_t head = ByteAt(block, 0);
  if (head < kSmallInteger) return 1 + size_t{head};
  if (head < kMediumInteger) return 1;
  if (head < kBytesInteger) return 2;
  if (head < kLongString) return 1 + size_t{head & 0x0FU};
  return LongHeader(block) + LongSize(block);
}

std::string_view PackedReader::Next() {
  const std::string_view block = rest_;
  rest_.remove_prefix(FirstPackedSize(block));
  const uint8_t head = ByteAt(block, 0);
  if (head < kSmallInteger) return block.substr(1, head);
  if (head >= kLongString) return block.substr(LongHeader(block), LongSize(block));
  second_ = !second_;
  char* const digits = digits_[second_ ? 1 : 0];
  const char* const end = std::to_chars(digits, digits + kDigits, FirstInteger(block)).ptr;
  return {digits, static_cast<size_t>(end - digits)};
}

void PackedReader::Skip() {
  rest_.remove_prefix(FirstPackedSize(rest_));
}

void AppendPacked(std::string_view text, std::string* block) {
  const PackedForm form(text);
  const size_t before = block->size();
  block->resize(before + form.size());
  form.Write(block->data() + before);
}

void AppendPackedInteger(int64_t value, std::string* block) {
  const PackedForm form(value);
  const size_t before = block->size();
  block->resize(before + form.size());
  form.Write(block->data() + before);
}

bool FirstPackedInteger(std::string_view block, int64_t* value) {
  const uint8_t head = ByteAt(block, 0);
  if (head < kSmallInteger || head >= kLongString) return false;
  *value = FirstInteger(block);
  return true;
}

size_t CountPacked(std::string_view block) {
  size_t count = 0;
  for (PackedReader reader(block); !reader.at_end(); reader.Skip()) ++count;
  return count;
}

size_t FindPacked(std::string_view block, std::string_view text, size_t stride) {
  const PackedForm form(text);
  PackedReader reader(block);
  for (size_t i = 0; !reader.at_end(); ++i, reader.Skip()) {
    if (i % stride != 0 || !form.IsFirstOf(reader.rest())) continue;
    return block.size() - reader.rest().size();
  }
  return std::string_view::npos;
}

void ReplacePacked(std::string* block, size_t offset, size_t count, std::string_view text) {
  std::string element;
  AppendPacked(text, &element);
  PackedReader reader(std::string_view(*block).substr(offset));
  for (; count > 0; --count) reader.Skip();
  block->replace(offset, block->size() - offset - reader.rest().size(), element);
}

void ErasePacked(std::string* block, size_t offset, size_t count) {
  PackedReader reader(std::string_view(*block).substr(offset));
  for (; count > 0; --count) reader.Skip();
  block->erase(offset, block->size() - offset - reader.rest().size());
}

}  // namespace keyhole::store
