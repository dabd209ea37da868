// One key with its value and its expiry, in one block of a Heap.
//
//     flags   sizes          [expiry]   key        value
//     1       1+1 or 4+4     0 or 8     key_size   value_size
//
// A key of 16 bytes with a value of 32 takes 51 bytes, 59 with an expiry. Numbers are stored
// unaligned and read with memcpy.
//
// An Entry is a handle of 8 bytes, not an owner: it is copied freely, and whoever holds the table
// slot calls Destroy() once, with the heap it was made with. Views and handles die with any call
// that takes the entry by value and returns another (Resized, WithExpire) and with Destroy().
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "proxy/store/keyspace/encoding.h"
#include "proxy/store/memory/heap.h"
#include "proxy/store/options.h"

namespace keyhole::store {

// A value that is too large to lie in an entry. Owned by its entry.
class Object {
 public:
  virtual ~Object() = default;
  virtual size_t memory() const = 0;  // bytes taken from the allocator; cheap to ask
  // A copy, made of this heap's memory.
  virtual std::unique_ptr<Object> Clone(Heap& heap) const = 0;

  // Parts of a value may end by a time of their own: fields of a hash. When the first of them does;
  // kNever: none.
  virtual UnixMillis due() const { return kNever; }
  // Removes those that have ended, until *budget, of which each takes some, is 0. False if nothing
  // is left of the value.
  virtual bool EndParts(UnixMillis /*now*/, size_t* /*budget*/) { return true; }

  // Both do a part of a long work, until *budget, of which they take what it cost, is 0: a unit is
  // about 20 ns, a step that is cheap costs one. True when all is done.
  //
  // Frees what it holds; nobody uses it any more. memory() falls as it goes on.
  virtual bool FreeSome(size_t* /*budget*/) { return true; }
  // Shows its blocks to Heap::Moved(), from where the last call ended or from the start.
  virtual bool Compact(size_t* /*budget*/) { return true; }
};

class Entry {
 public:
  Entry() = default;
  explicit Entry(char* bytes) : bytes_(bytes) {}

  // A string; its value is uninitialised and of `value_size` bytes.
  static Entry MakeString(std::string_view key, size_t value_size, UnixMillis expire,
                          Heap& heap = MallocHeap());
  // The same for any encoding that is not an Object ...
  static Entry MakeInline(Encoding encoding, std::string_view key, size_t value_size,
                          UnixMillis expire, Heap& heap = MallocHeap());
  // ... and for those that are.
  static Entry MakeObject(Encoding encoding, std::string_view key, std::unique_ptr<Object> object,
                          UnixMillis expire, Heap& heap = MallocHeap());
  // A copy of the value under another key, made with MallocHeap(); its object is of `objects`.
  static Entry MakeCopy(Entry entry, std::string_view key, Heap& objects = MallocHeap());
  static void Destroy(Entry entry, Heap& heap = MallocHeap());
  // The same without its object, which is the caller's. REQUIRES: is_object().
  static std::unique_ptr<Object> Open(Entry entry, Heap& heap);

  // Gives it another object in place of its own, which is the caller's. REQUIRES: is_object(), of
  // both encodings.
  std::unique_ptr<Object> Exchange(Encoding encoding, std::unique_ptr<Object> object) const;

  // The same entry with room for `size` bytes of value; bytes beyond the old size are
  // uninitialised. Takes the old handle's place.
  static Entry Resized(Entry entry, size_t size, Heap& heap = MallocHeap());
  // The same entry with another expiry. Takes the old handle's place.
  static Entry WithExpire(Entry entry, UnixMillis expire, Heap& heap = MallocHeap());
  // The same value and expiry under another key, and perhaps in another heap. Takes the old
  // handle's place.
  static Entry Renamed(Entry entry, std::string_view key, Heap& from = MallocHeap(),
                       Heap& to = MallocHeap());

  explicit operator bool() const { return bytes_ != nullptr; }
  Encoding encoding() const { return static_cast<Encoding>(flags() & kEncodingMask); }
  void set_encoding(Encoding encoding) const {
    *bytes_ = static_cast<char>((flags() & ~kEncodingMask) | static_cast<uint8_t>(encoding));
  }
  Layout layout() const { return LayoutOf(encoding()); }
  ValueType type() const { return TypeOf(encoding()); }
  bool is_object() const { return IsObject(encoding()); }
  bool has_expire() const { return (flags() & kExpires) != 0; }
  UnixMillis expire() const;  // kNever if none
  std::string_view key() const { return {bytes_ + KeyOffset(), key_size()}; }
  std::string_view value() const { return {value_bytes(), value_size()}; }
  char* value_bytes() const { return bytes_ + KeyOffset() + key_size(); }
  size_t value_size() const { return ReadSize(1); }
  Object* object() const;                                                  // REQUIRES: is_object()
  size_t size() const { return KeyOffset() + key_size() + value_size(); }  // of its block
  // Bytes taken from the heap, those of its object too.
  size_t memory(const Heap& heap) const;
  char* raw() const { return bytes_; }
  // A bit for whoever walks over all entries, to tell those it has seen; false when it is made.
  bool mark() const { return (flags() & kMarked) != 0; }
  void set_mark(bool mark) const {
    *bytes_ = static_cast<char>((flags() & ~kMarked) | (mark ? kMarked : 0));
  }

 private:
  static constexpr uint8_t kEncodingMask = 15;
  static_assert(kEncodingCount <= kEncodingMask + 1);
  static constexpr uint8_t kWide = 16;     // sizes are of 4 bytes each
  static constexpr uint8_t kExpires = 32;  // an expiry is there
  static constexpr uint8_t kMarked = 64;
  static constexpr size_t kNarrowMax = 255;

  static Entry Make(uint8_t flags, std::string_view key, size_t value_size, UnixMillis expire,
                    Heap& heap);
  // The same, put together anew.
  static Entry Rebuilt(Entry entry, std::string_view key, size_t value_size, UnixMillis expire,
                       Heap& from, Heap& to);
  static size_t HeaderSize(uint8_t flags) {
    return ((flags & kWide) != 0 ? 9U : 3U) + ((flags & kExpires) != 0 ? 8U : 0U);
  }
  uint8_t flags() const { return static_cast<uint8_t>(*bytes_); }
  size_t KeyOffset() const { return HeaderSize(flags()); }
  size_t key_size() const { return ReadSize(0); }
  size_t ReadSize(size_t index) const;
  void WriteSize(size_t index, size_t size);
  void WriteExpire(UnixMillis expire);

  char* bytes_ = nullptr;
};

}  // namespace keyhole::store
