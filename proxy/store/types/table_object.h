// A hash or a set that is too large for one block: its fields or members are the entries of a table
// of their own, with the values of a hash as theirs. It grows a little at a time and can be scanned
// meanwhile, as the keys of a database: entry_table.h.
//
// Owned by the entry of its key; changes go through Keyspace::Change().
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <utility>

#include "proxy/store/keyspace/entry.h"
#include "proxy/store/keyspace/entry_table.h"

namespace keyhole::store {

class TableObject final : public Object {
 public:
  size_t size() const { return table_.size(); }
  // Null if it is not there. Valid until the next change.
  const Entry* Find(std::string_view name) const {
    return table_.Find(name, EntryTable::Hash(name));
  }
  // True if it is new.
  bool Set(std::string_view name, std::string_view value);
  // False if it was not there.
  bool Remove(std::string_view name);

  // Calls f(const Entry&) for a part; see EntryTable::Scan.
  template <typename F>
  uint64_t Scan(uint64_t cursor, F&& f) const {
    return table_.Scan(cursor, [&f](const Entry* entry) { f(*entry); });
  }
  // Calls f(const Entry&) for all.
  template <typename F>
  void ForEach(F&& f) const {
    uint64_t cursor = 0;
    do {
      cursor = Scan(cursor, f);
    } while (cursor != 0);
  }
  // REQUIRES: size() > 0.
  Entry Random(uint64_t* random) const { return *table_.Random(random); }

  size_t memory() const override { return sizeof(*this) + table_.memory() + entry_bytes_; }
  std::unique_ptr<Object> Clone() const override;
  bool FreeSome(size_t* budget) override;

 private:
  EntryTable table_;
  uint64_t freed_to_ = 0;  // the cursor of FreeSome()
  size_t entry_bytes_ = 0;
};

}  // namespace keyhole::store
