#include "proxy/store/types/list_edit.h"

#include <algorithm>
#include <utility>

namespace keyhole::store {

namespace {

constexpr size_t kMaxPackedBytes = 512;
constexpr size_t kPackElements = 16;
constexpr size_t kPackBytes = 128;
constexpr size_t kKeepCapacity = size_t{64} * 1024;

// The block of an edit is kept for the next one, so that edits need no allocation of their own.
thread_local std::string spare_block;

}  // namespace

ListEdit::ListEdit(Keyspace& db, const ListLimits& limits, Entry* slot)
    : db_(db), limits_(limits), slot_(slot) {
  block_.swap(spare_block);
  block_.clear();
  if (slot == nullptr) return;
  if (slot->is_object()) {
    object_ = static_cast<ListObject*>(slot->object());
  } else {
    block_.assign(slot->value());
    count_ = CountPacked(block_);
  }
}

ListEdit::~ListEdit() {
  if (block_.capacity() <= kKeepCapacity) block_.swap(spare_block);
}

template <typename F>
void ListEdit::OnObject(F&& f) {
  if (fresh_ != nullptr) return f();
  db_.Change(slot_, f);
}

size_t ListEdit::OffsetOf(size_t index) const {
  if (index == count_) return block_.size();
  PackedReader reader(block_);
  for (; index > 0; --index) reader.Skip();
  return block_.size() - reader.rest().size();
}

void ListEdit::InsertAt(size_t offset, std::string_view text) {
  const PackedForm form(text);
  block_.insert(offset, form.size(), '\0');
  form.Write(block_.data() + offset);
  ++count_;
  SpillIfLarge();
}

void ListEdit::SpillIfLarge() {
  const size_t most = std::min<size_t>(kMaxPackedElements, limits_.count);
  if (count_ <= most && block_.size() <= kMaxPackedBytes) return;
  fresh_ = std::make_unique<ListObject>(limits_);
  object_ = fresh_.get();
  PackedReader reader(block_);
  while (!reader.at_end()) object_->Push(ListEnd::kBack, reader.Next());
  block_.clear();
}

void ListEdit::Push(ListEnd end, std::span<const std::string_view> texts) {
  changed_ = true;
  while (object_ == nullptr && !texts.empty()) {
    InsertAt(end == ListEnd::kFront ? 0 : block_.size(), texts.front());
    texts = texts.subspan(1);
  }
  if (texts.empty()) return;
  OnObject([&] {
    for (const std::string_view text : texts) object_->Push(end, text);
  });
}

void ListEdit::Push(ListEnd end, std::string_view text) {
  Push(end, std::span<const std::string_view>(&text, 1));
}

void ListEdit::Insert(size_t index, std::string_view text) {
  changed_ = true;
  if (object_ == nullptr) return InsertAt(OffsetOf(index), text);
  OnObject([&] { object_->Insert(index, text); });
}

void ListEdit::Replace(size_t index, std::string_view text) {
  changed_ = true;
  if (object_ != nullptr) return OnObject([&] { object_->Replace(index, text); });
  ReplacePacked(&block_, OffsetOf(index), 1, text);
  SpillIfLarge();
}

void ListEdit::Erase(size_t first, size_t count) {
  changed_ = true;
  if (object_ != nullptr) return OnObject([&] { object_->Erase(first, count); });
  ErasePacked(&block_, OffsetOf(first), count);
  count_ -= count;
}

// Those with this form but for the first `skip`, `most` at most.
size_t ListEdit::RemoveFromBlock(const PackedForm& form, size_t skip, size_t most) {
  size_t removed = 0;
  for (size_t at = 0; at < block_.size() && removed < most;) {
    const std::string_view rest = std::string_view(block_).substr(at);
    const size_t size = FirstPackedSize(rest);
    if (!form.IsFirstOf(rest) || skip > 0) {
      if (form.IsFirstOf(rest)) --skip;
      at += size;
      continue;
    }
    block_.erase(at, size);
    ++removed;
  }
  count_ -= removed;
  return removed;
}

// Nothing is changed, and no watch broken, if there is none.
size_t ListEdit::Remove(std::string_view text, size_t most, ListEnd from) {
  const PackedForm form(text);
  size_t removed = 0;
  if (object_ == nullptr) {
    size_t there = 0;
    for (PackedReader reader(block_); !reader.at_end(); reader.Skip()) {
      if (form.IsFirstOf(reader.rest())) ++there;
    }
    const size_t wanted = std::min(there, most);
    removed = RemoveFromBlock(form, from == ListEnd::kFront ? 0 : there - wanted, wanted);
  } else if (fresh_ != nullptr || object_->Has(text)) {
    OnObject([&] { removed = object_->Remove(text, most, from); });
  }
  changed_ = changed_ || removed > 0;
  return removed;
}

void ListEdit::Pack() {
  ListReader reader(*slot_, 0, ListEnd::kBack);
  for (; reader.at_element(); reader.Next()) AppendPacked(reader.text(), &block_);
  db_.Overwrite(slot_, block_, slot_->expire(), Encoding::kPackedList);
}

bool ListEdit::Commit(std::string_view key) {
  if (size() > 0) {
    if (changed_) Store(key);
    return true;
  }
  if (slot_ != nullptr) db_.Erase(slot_);
  return false;
}

Entry ListEdit::Build(std::string_view key) {
  if (fresh_ != nullptr) {
    return Entry::MakeObject(Encoding::kChunkedList, key, std::move(fresh_), kNever);
  }
  const Entry entry = Entry::MakeInline(Encoding::kPackedList, key, block_.size(), kNever);
  block_.copy(entry.value_bytes(), block_.size());
  return entry;
}

void ListEdit::Store(std::string_view key) {
  if (fresh_ != nullptr && slot_ != nullptr) {
    db_.Overwrite(slot_, Encoding::kChunkedList, std::move(fresh_));
  } else if (fresh_ != nullptr) {
    db_.Insert(Build(key));
  } else if (object_ != nullptr) {
    if (object_->size() <= kPackElements && object_->bytes() <= kPackBytes) Pack();
  } else if (slot_ != nullptr) {
    db_.Overwrite(slot_, block_, slot_->expire(), Encoding::kPackedList);
  } else {
    db_.Put(key, block_, kNever, Encoding::kPackedList);
  }
}

}  // namespace keyhole::store
