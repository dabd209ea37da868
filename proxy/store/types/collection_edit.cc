#include "proxy/store/types/collection_edit.h"

#include <cassert>
#include <utility>

#include "proxy/store/types/collection.h"
#include "resp/number.h"

namespace keyhole::store {

namespace {

constexpr size_t kMaxPackedItems = 128;
constexpr size_t kMaxPackedBytes = 4096;
constexpr size_t kKeepCapacity = 64 * 1024;

// The block of an edit is kept for the next one, so that edits need no allocation of their own.
thread_local std::string spare_block;

}  // namespace

CollectionEdit::CollectionEdit(Keyspace& db, const CollectionLimits& limits, ValueType type,
                               Entry* slot, Heap& heap)
    : db_(db),
      limits_(limits),
      slot_(slot),
      heap_(heap),
      encoding_(slot != nullptr            ? slot->encoding()
                : type == ValueType::kHash ? Encoding::kListHash
                                           : Encoding::kIntegerSet) {
  block_.swap(spare_block);
  block_.clear();
  if (slot == nullptr) return;
  count_ = CountItems(*slot);
  if (slot->layout() == Layout::kTable) {
    table_ = static_cast<TableObject*>(slot->object());
  } else {
    block_.assign(slot->value());
  }
}

CollectionEdit::~CollectionEdit() {
  if (block_.capacity() <= kKeepCapacity) block_.swap(spare_block);
}

bool CollectionEdit::Set(std::string_view name, std::string_view value) {
  bool added = false;
  changed_ = true;
  if (layout() == Layout::kIntegers && !AddToIntegers(name, &added)) EndIntegers();
  if (fresh_ != nullptr) {
    added = table_->Set(name, value);
  } else if (table_ != nullptr) {
    db_.Change(slot_, [&] { added = table_->Set(name, value); });
  } else if (layout() == Layout::kPacked) {
    SetPacked(name, value, &added);
  } else if (layout() == Layout::kTimed) {
    added = SetTimed(name, value);
  }
  if (added) ++count_;
  const bool too_many = encoding_ == Encoding::kIntegerSet
                            ? count_ > limits_.integers
                            : encoding_ == Encoding::kListHash && count_ > limits_.listed_items;
  if (too_many && is_hash()) encoding_ = Encoding::kPackedHash;
  if (too_many && encoding_ == Encoding::kIntegerSet) EndIntegers();
  const bool is_shown_as_table =
      encoding_ == Encoding::kPackedHash || encoding_ == Encoding::kPackedSet;
  if (is_shown_as_table && (count_ > kMaxPackedItems || block_.size() > kMaxPackedBytes)) Spill();
  return added;
}

// False if it is no integer.
bool CollectionEdit::AddToIntegers(std::string_view name, bool* added) {
  int64_t value = 0;
  if (!resp::ParseInteger(name, &value)) return false;
  *added = AddInteger(&block_, value);
  return true;
}

void CollectionEdit::EndIntegers() {
  std::string packed;
  for (size_t i = 0; i < CountIntegers(block_); ++i) {
    AppendPacked(std::to_string(IntegerAt(block_, i)), &packed);
  }
  block_.swap(packed);
  encoding_ = Encoding::kPackedSet;
}

void CollectionEdit::SetPacked(std::string_view name, std::string_view value, bool* added) {
  const size_t longest = limits_.listed_bytes;
  if (encoding_ == Encoding::kListHash && (name.size() > longest || value.size() > longest)) {
    encoding_ = Encoding::kPackedHash;
  }
  const size_t at = FindPacked(block_, name, stride());
  *added = at == std::string::npos;
  if (*added) {
    AppendPacked(name, &block_);
    if (is_hash()) AppendPacked(value, &block_);
  } else if (is_hash()) {
    PackedReader reader(std::string_view(block_).substr(at));
    reader.Skip();
    ReplacePacked(&block_, block_.size() - reader.rest().size(), 1, value);
  }
}

// What is done is done: nothing is left for Commit().
bool CollectionEdit::SetTimed(std::string_view name, std::string_view value) {
  const size_t longest = limits_.listed_bytes;
  bool added = false;
  db_.Change(slot_, [&] {
    TimedTable& table = *timed();
    const Item* const old = keeps_expiry_ ? table.Find(name) : nullptr;
    added = table.Set(name, value, old != nullptr ? old->expire() : kNever);
    const bool is_long = name.size() > longest || value.size() > longest;
    if (is_long || table.size() > limits_.listed_items) table.Unlist();
  });
  changed_ = false;
  return added;
}

void CollectionEdit::SetExpire(std::string_view name, UnixMillis expire) {
  assert(!changed_);
  if (layout() != Layout::kTimed) MakeTimed();
  db_.Change(slot_, [&] { timed()->SetExpire(name, expire); });
}

// However large it is, nothing is copied but a block.
void CollectionEdit::MakeTimed() {
  auto made = std::make_unique<TimedTable>(heap_, encoding_ == Encoding::kListHash);
  encoding_ = Encoding::kTimedHash;
  if (std::exchange(table_, nullptr) != nullptr) {
    db_.Exchange(slot_, encoding_, [&made](Object& old) {
      made->TakeFrom(static_cast<TableObject&>(old));
      return std::move(made);
    });
    return;
  }
  PackedReader reader(block_);
  while (!reader.at_end()) {
    const std::string_view name = reader.Next();
    made->Set(name, reader.Next(), kNever);
  }
  db_.Overwrite(slot_, encoding_, std::move(made));
}

// From the block into a table.
void CollectionEdit::Spill() {
  fresh_ = std::make_unique<TableObject>(heap_);
  table_ = fresh_.get();
  PackedReader reader(block_);
  while (!reader.at_end()) {
    const std::string_view name = reader.Next();
    table_->Set(name, is_hash() ? reader.Next() : std::string_view());
  }
  block_.clear();
  encoding_ = is_hash() ? Encoding::kTableHash : Encoding::kTableSet;
}

bool CollectionEdit::Remove(std::string_view name) {
  bool removed = false;
  if (fresh_ != nullptr) {
    removed = table_->Remove(name);
  } else if (table_ != nullptr) {
    if (table_->Find(name) != nullptr) db_.Change(slot_, [&] { removed = table_->Remove(name); });
  } else if (layout() == Layout::kPacked) {
    if (const size_t at = FindPacked(block_, name, stride()); at != std::string::npos) {
      ErasePacked(&block_, at, stride());
      removed = true;
    }
  } else if (layout() == Layout::kIntegers) {
    int64_t value = 0;
    removed = resp::ParseInteger(name, &value) && RemoveInteger(&block_, value);
  } else if (timed()->Find(name) != nullptr) {
    db_.Change(slot_, [&] { removed = timed()->Remove(name); });
    --count_;
    changed_ = count_ == 0;
    return removed;
  }
  if (removed) --count_;
  changed_ = changed_ || removed;
  return removed;
}

void CollectionEdit::Commit(std::string_view key) {
  if (!changed_) return;
  if (count_ == 0) {
    if (slot_ != nullptr) db_.Erase(slot_);
  } else if (slot_ == nullptr) {
    db_.Insert(Build(key));
  } else if (fresh_ != nullptr) {
    db_.Overwrite(slot_, encoding_, std::move(fresh_));
  } else if (table_ == nullptr) {
    db_.Overwrite(slot_, block_, slot_->expire(), encoding_);
  }
}

Entry CollectionEdit::Build(std::string_view key) {
  assert(slot_ == nullptr && count_ > 0);
  if (fresh_ != nullptr) return Entry::MakeObject(encoding_, key, std::move(fresh_), kNever);
  const Entry entry = Entry::MakeInline(encoding_, key, block_.size(), kNever);
  block_.copy(entry.value_bytes(), block_.size());
  return entry;
}

}  // namespace keyhole::store
