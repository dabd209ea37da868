// Changing a sorted set, or making one. The one place that knows when another encoding is due.
//
//     SortedSetEdit edit(db, limits, slot, db.HeapOf(key));
//     if (!edit.Find("member").found) edit.Add("member", 1.5);
//     edit.Commit(key);
//
//               more than zset-max-listpack-entries,     more than 128 members
//               or longer than zset-max-listpack-value    or 4 KiB
//     kListZset  --------------------------------> kPackedZset -----> kTreeZset
//
// The first step is Redis' own, with its limits, and what OBJECT ENCODING shows; the second is a
// matter of memory only. There is no way back; but what a command puts together anew may begin as a
// tree and end as a block (CommitAnew). SORT, too, takes the first step, as Redis does.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "proxy/store/keyspace/keyspace.h"
#include "proxy/store/types/sorted_set_object.h"

namespace keyhole::store {

// Up to which size that step is not due: Redis' settings.
struct SortedSetLimits {
  size_t members = 0;  // zset-max-listpack-entries
  size_t bytes = 0;    // zset-max-listpack-value
};

class SortedSetEdit {
 public:
  // slot: of a sorted set, valid until Commit(); null: a new one. heap: that of the key,
  // Keyspace::HeapOf(); of what is given to no database any.
  SortedSetEdit(Keyspace& db, const SortedSetLimits& limits, Entry* slot, Heap& heap);
  ~SortedSetEdit();
  SortedSetEdit(const SortedSetEdit&) = delete;
  SortedSetEdit& operator=(const SortedSetEdit&) = delete;

  // Both are for a new one. REQUIRES: it is empty. The first step has been taken ...
  void BeginPacked();
  // ... or both.
  void BeginAsTree();

  // Valid until the next change.
  struct Found {
    bool found = false;
    double score = 0;
    Item* slot = nullptr;  // of a tree
    size_t offset = 0;     // in a block
  };
  Found Find(std::string_view member);
  // REQUIRES: the member is not there.
  void Add(std::string_view member, double score);
  // REQUIRES: it has been found.
  void Rescore(const Found& found, std::string_view member, double score);
  // False if it was not there.
  bool Remove(std::string_view member);
  // By ranks. REQUIRES: there are so many.
  void RemoveRange(size_t first, size_t count);

  size_t size() const { return count_; }

  // Puts the result under the key, which is that of the slot if there is one: nothing, if it has
  // become empty.
  void Commit(std::string_view key);
  // The same as an entry, which is the caller's. REQUIRES: it was a new one, not empty.
  Entry Build(std::string_view key);
  // The same for a new one that was put together as a tree: as a block, if it is small enough; in
  // place of what is under the key.
  void CommitAnew(std::string_view key);
  // The tree of a new one that was made as one.
  const SortedSetObject& tree() const { return *tree_; }

 private:
  // Calls f(), which changes the tree.
  template <typename F>
  void OnTree(F&& f);
  void SpillIfLarge();
  void Spill();

  Keyspace& db_;
  const SortedSetLimits& limits_;
  Heap& heap_;
  Entry* slot_;
  Encoding encoding_;
  std::string block_;                       // what lies in the entry, unless there is a tree
  SortedSetObject* tree_ = nullptr;         // the slot's, or the next one
  std::unique_ptr<SortedSetObject> fresh_;  // not yet the slot's
  size_t count_ = 0;
  size_t longest_ = 0;  // bytes of a member, of those added to a new tree
  bool changed_ = false;
};

}  // namespace keyhole::store
