// Changing a list, or making one. The one place that knows when a list leaves its key's block for
// chunks, and when it comes back.
//
//     ListEdit edit(db, limits, slot);
//     edit.Push(ListEnd::kBack, "element");
//     edit.Commit(key);
//
//                       more than 64 elements or 512 bytes
//     kPackedList  ------------------------------------------>  kChunkedList
//                  <------------------------------------------
//                       16 elements and 128 bytes, or less
//
// OBJECT ENCODING shows the same for both. An index is below size().
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "proxy/store/keyspace/keyspace.h"
#include "proxy/store/types/list.h"
#include "proxy/store/types/list_object.h"

namespace keyhole::store {

class ListEdit {
 public:
  // slot: of a list, valid until Commit(); null: a new one.
  ListEdit(Keyspace& db, const ListLimits& limits, Entry* slot);
  ~ListEdit();
  ListEdit(const ListEdit&) = delete;
  ListEdit& operator=(const ListEdit&) = delete;

  size_t size() const { return object_ != nullptr ? object_->size() : count_; }
  // See ListObject.
  void Push(ListEnd end, std::string_view text);
  void Push(ListEnd end, std::span<const std::string_view> texts);
  void Insert(size_t index, std::string_view text);
  void Replace(size_t index, std::string_view text);
  void Erase(size_t first, size_t count);
  size_t Remove(std::string_view text, size_t most, ListEnd from);

  // Puts the result under the key, which is that of the slot if there is one. False if it has
  // become empty: then there is no such key any more. The last call.
  bool Commit(std::string_view key);
  // The same as an entry, which is the caller's. REQUIRES: it was a new one, not empty.
  Entry Build(std::string_view key);

 private:
  // Calls f(), which changes the object.
  template <typename F>
  void OnObject(F&& f);
  size_t OffsetOf(size_t index) const;
  void InsertAt(size_t offset, std::string_view text);
  void SpillIfLarge();
  void Store(std::string_view key);
  void Pack();
  size_t RemoveFromBlock(const PackedForm& form, size_t skip, size_t most);

  Keyspace& db_;
  const ListLimits& limits_;
  Entry* slot_;
  std::string block_;                  // what lies in the entry, unless there is an object
  size_t count_ = 0;                   // of its elements
  ListObject* object_ = nullptr;       // the slot's, or the next one
  std::unique_ptr<ListObject> fresh_;  // not yet the slot's
  bool changed_ = false;
};

}  // namespace keyhole::store
