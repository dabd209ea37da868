#include "proxy/store/types/stream/stream_block.h"

#include <algorithm>
#include <cassert>
#include <cstring>
#include <new>

#include "proxy/store/memory/heap.h"
#include "resp/number.h"

namespace keyhole::store {

namespace {

constexpr uint8_t kDeleted = 1;
constexpr uint8_t kOwnNames = 2;
constexpr size_t kMsShift = 2;
constexpr size_t kSeqShift = 5;
constexpr uint8_t kCodeMask = 7;
constexpr uint8_t kEightBytes = 7;
constexpr uint8_t kMore = 0x80;
constexpr size_t kMaxVarint = 5;

size_t WriteVarint(uint32_t value, char* out) {
  size_t size = 0;
  for (; value >= kMore; value >>= 7) out[size++] = static_cast<char>(value | kMore);
  out[size++] = static_cast<char>(value);
  return size;
}

uint32_t ReadVarint(const char* in, size_t* size) {
  uint32_t value = static_cast<uint8_t>(in[0]);
  if (value < kMore) [[likely]] {
    *size = 1;
    return value;
  }
  value &= kMore - 1;
  size_t at = 1;
  for (;; ++at) {
    const uint32_t byte = static_cast<uint8_t>(in[at]);
    value |= (byte & (kMore - 1)) << (7 * at);
    if (byte < kMore) break;
  }
  *size = at + 1;
  return value;
}

// How many bytes the number takes, and the code for that.
uint8_t CodeOf(uint64_t value) {
  uint8_t bytes = 0;
  for (; value != 0; value >>= 8) ++bytes;
  return bytes > 6 ? kEightBytes : bytes;
}

size_t BytesOf(uint8_t code) {
  return code == kEightBytes ? 8 : code;
}

char* WriteBytes(uint64_t value, size_t bytes, char* out) {
  for (size_t i = 0; i < bytes; ++i) *out++ = static_cast<char>(value >> (8 * i));
  return out;
}

uint64_t ReadBytes(const char** in, size_t bytes) {
  uint64_t value = 0;
  for (size_t i = 0; i < bytes; ++i) {
    value |= uint64_t{static_cast<uint8_t>(*(*in)++)} << (8 * i);
  }
  return value;
}

// The bytes of an element in a listpack, with the length that follows.
size_t WithLength(size_t bytes) {
  if (bytes <= 127) return bytes + 1;
  if (bytes < 16383) return bytes + 2;
  if (bytes < 2097151) return bytes + 3;
  return bytes + (bytes < 268435455 ? 4 : 5);
}

}  // namespace

size_t ListpackBytes(int64_t value) {
  if (value >= 0 && value <= 127) return 2;
  if (value >= -4096 && value <= 4095) return 3;
  for (const size_t bytes : {2U, 3U, 4U}) {
    const int64_t limit = int64_t{1} << (bytes * 8 - 1);
    if (value >= -limit && value < limit) return 1 + bytes + 1;
  }
  return 10;
}

size_t ListpackBytes(std::string_view text) {
  constexpr size_t kMaxDigits = 20;
  int64_t value = 0;
  const bool maybe = !text.empty() && text.size() <= kMaxDigits && text[0] <= '9';
  if (maybe && resp::ParseInteger(text, &value)) return ListpackBytes(value);
  if (text.size() < 64) return WithLength(1 + text.size());
  return WithLength((text.size() < 4096 ? 2 : 5) + text.size());
}

StreamBlock::StreamBlock(StreamId first, size_t fields, std::string_view names,
                         size_t listpack_bytes) {
  char* const memory = MallocHeap().Allocate(sizeof(Header) + names.size());
  header_ = new (memory) Header{.first = first,
                                .size = static_cast<uint32_t>(names.size()),
                                .names = static_cast<uint32_t>(names.size()),
                                .fields = static_cast<uint32_t>(fields),
                                .listpack = static_cast<uint32_t>(listpack_bytes)};
  names.copy(data(), names.size());
}

StreamBlock::~StreamBlock() {
  if (header_ != nullptr) MallocHeap().Free(bytes(), used());
}

StreamBlock StreamBlock::Clone() const {
  StreamBlock copy;
  char* const memory = MallocHeap().Allocate(used());
  std::memcpy(memory, bytes(), used());
  copy.header_ = reinterpret_cast<Header*>(memory);
  return copy;
}

size_t StreamBlock::listpack_bytes() const {
  return header_->listpack + ListpackBytes(int64_t{header_->live}) +
         ListpackBytes(int64_t{header_->dead});
}

size_t StreamBlock::memory() const {
  return MallocCost(header_);
}

// A little more than is needed, so that small streams stay small.
void StreamBlock::Reserve(size_t more) {
  constexpr size_t kSmall = 512;
  const size_t needed = used() + more;
  if (needed > MallocCapacity(header_)) Resize(needed + needed / (needed < kSmall ? 32 : 8));
}

void StreamBlock::Shrink() {
  Resize(used());
}

void StreamBlock::Resize(size_t size) {
  header_ = reinterpret_cast<Header*>(MallocHeap().Resize(bytes(), used(), size));
}

void StreamBlock::Append(StreamId id, size_t own_fields, std::string_view elements,
                         size_t listpack_bytes) {
  const uint64_t ms = id.ms - header_->first.ms;
  const uint64_t seq = ms == 0 ? id.seq - header_->first.seq : id.seq;
  const uint8_t ms_code = CodeOf(ms);
  const uint8_t seq_code = CodeOf(seq);
  char head[1 + 8 + 8 + kMaxVarint];
  head[0] = static_cast<char>((own_fields != 0 ? kOwnNames : 0) | ms_code << kMsShift |
                              seq_code << kSeqShift);
  char* at = WriteBytes(ms, BytesOf(ms_code), head + 1);
  at = WriteBytes(seq, BytesOf(seq_code), at);
  if (own_fields != 0) at += WriteVarint(static_cast<uint32_t>(own_fields), at);
  const auto head_size = static_cast<size_t>(at - head);

  char size_bytes[kMaxVarint];
  const size_t size_size =
      WriteVarint(static_cast<uint32_t>(head_size + elements.size()), size_bytes);
  const size_t whole = size_size + head_size + elements.size();
  char back[kMaxVarint];
  const size_t back_size = WriteVarint(static_cast<uint32_t>(whole), back);
  std::reverse(back, back + back_size);

  Reserve(whole + back_size);
  char* out = data() + header_->size;
  out = std::copy_n(size_bytes, size_size, out);
  out = std::copy_n(head, head_size, out);
  if (!elements.empty()) std::memcpy(out, elements.data(), elements.size());
  std::copy_n(back, back_size, out + elements.size());
  header_->size += static_cast<uint32_t>(whole + back_size);
  header_->listpack += static_cast<uint32_t>(listpack_bytes);
  ++header_->live;
}

StreamEntry StreamBlock::Read(size_t at) const {
  assert(at < end());
  StreamEntry entry;
  entry.begin = at;
  size_t size_size = 0;
  const char* in = data() + at;
  const uint32_t size = ReadVarint(in, &size_size);
  in += size_size;
  const char* const behind = in + size;
  const size_t whole = size_size + size;
  size_t back_size = 1;
  for (size_t rest = whole; rest >= kMore; rest >>= 7) ++back_size;
  entry.end = at + whole + back_size;

  const auto head = static_cast<uint8_t>(*in++);
  entry.deleted = (head & kDeleted) != 0;
  const uint64_t ms = ReadBytes(&in, BytesOf(head >> kMsShift & kCodeMask));
  const uint64_t seq = ReadBytes(&in, BytesOf(head >> kSeqShift & kCodeMask));
  entry.id = {header_->first.ms + ms, ms == 0 ? header_->first.seq + seq : seq};
  if ((head & kOwnNames) != 0) {
    size_t fields_size = 0;
    entry.fields = ReadVarint(in, &fields_size);
    in += fields_size;
  } else {
    entry.fields = header_->fields;
    entry.names = names();
  }
  entry.elements = {in, static_cast<size_t>(behind - in)};
  return entry;
}

size_t StreamBlock::Before(size_t at) const {
  assert(at > begin());
  size_t whole = 0;
  size_t back_size = 0;
  for (;;) {
    const auto byte = static_cast<uint8_t>(data()[at - 1 - back_size]);
    whole |= size_t{byte & (kMore - 1U)} << (7 * back_size++);
    if (byte < kMore) break;
  }
  return at - back_size - whole;
}

void StreamBlock::Delete(const StreamEntry& entry) {
  assert(!entry.deleted);
  size_t size_size = 0;
  ReadVarint(data() + entry.begin, &size_size);
  char* const head = data() + entry.begin + size_size;
  *head = static_cast<char>(static_cast<uint8_t>(*head) | kDeleted);
  --header_->live;
  ++header_->dead;
}

}  // namespace keyhole::store
