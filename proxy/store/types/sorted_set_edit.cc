#include "proxy/store/types/sorted_set_edit.h"

#include <algorithm>
#include <cassert>
#include <utility>

#include "proxy/store/types/packed_scores.h"
#include "proxy/store/types/sorted_set.h"

namespace keyhole::store {

namespace {

constexpr size_t kMaxPackedMembers = 128;
constexpr size_t kMaxPackedBytes = 4096;
constexpr size_t kKeepCapacity = 64 * 1024;

// The block of an edit is kept for the next one, so that edits need no allocation of their own.
thread_local std::string spare_block;

}  // namespace

SortedSetEdit::SortedSetEdit(Keyspace& db, const SortedSetLimits& limits, Entry* slot, Heap& heap)
    : db_(db),
      limits_(limits),
      heap_(heap),
      slot_(slot),
      encoding_(slot != nullptr ? slot->encoding() : Encoding::kListZset) {
  block_.swap(spare_block);
  block_.clear();
  if (slot == nullptr) return;
  count_ = CountMembers(*slot);
  if (slot->is_object()) {
    tree_ = static_cast<SortedSetObject*>(slot->object());
  } else {
    block_.assign(slot->value());
  }
}

SortedSetEdit::~SortedSetEdit() {
  if (block_.capacity() <= kKeepCapacity) block_.swap(spare_block);
}

void SortedSetEdit::BeginPacked() {
  assert(count_ == 0 && slot_ == nullptr);
  encoding_ = Encoding::kPackedZset;
}

void SortedSetEdit::BeginAsTree() {
  assert(count_ == 0 && slot_ == nullptr);
  encoding_ = Encoding::kTreeZset;
  fresh_ = std::make_unique<SortedSetObject>(heap_);
  tree_ = fresh_.get();
}

void SortedSetEdit::SpillIfLarge() {
  const bool is_large = count_ > kMaxPackedMembers || block_.size() > kMaxPackedBytes;
  if (encoding_ == Encoding::kPackedZset && is_large) Spill();
}

// From the block into a tree.
void SortedSetEdit::Spill() {
  encoding_ = Encoding::kTreeZset;
  fresh_ = std::make_unique<SortedSetObject>(heap_);
  tree_ = fresh_.get();
  for (PackedScores members(block_); !members.at_end();) {
    const std::string_view member = members.Member();
    tree_->Add(member, members.Score());
  }
  block_.clear();
}

template <typename F>
void SortedSetEdit::OnTree(F&& f) {
  if (fresh_ != nullptr) return f();
  db_.Change(slot_, f);
}

SortedSetEdit::Found SortedSetEdit::Find(std::string_view member) {
  Found found;
  if (tree_ != nullptr) {
    found.slot = tree_->Find(member);
    found.found = found.slot != nullptr;
    if (found.found) found.score = ScoreOf(*found.slot);
    return found;
  }
  found.offset = FindPackedMember(block_, member);
  found.found = found.offset != std::string::npos;
  if (!found.found) return found;
  PackedScores there(std::string_view(block_).substr(found.offset));
  there.SkipMember();
  found.score = there.Score();
  return found;
}

void SortedSetEdit::Add(std::string_view member, double score) {
  changed_ = true;
  ++count_;
  longest_ = std::max(longest_, member.size());
  if (tree_ != nullptr) return OnTree([&] { tree_->Add(member, score); });
  const bool fits = count_ <= limits_.members && member.size() <= limits_.bytes;
  if (!fits) encoding_ = Encoding::kPackedZset;
  InsertPackedMember(&block_, member, score, encoding_ == Encoding::kPackedZset);
  SpillIfLarge();
}

void SortedSetEdit::Rescore(const Found& found, std::string_view member, double score) {
  changed_ = true;
  if (tree_ != nullptr) return OnTree([&] { tree_->Rescore(*found.slot, score); });
  ErasePacked(&block_, found.offset, 2);
  InsertPackedMember(&block_, member, score, encoding_ == Encoding::kPackedZset);
}

bool SortedSetEdit::Remove(std::string_view member) {
  const Found found = Find(member);
  if (!found.found) return false;
  changed_ = true;
  --count_;
  if (tree_ != nullptr) {
    OnTree([&] { tree_->Remove(found.slot); });
  } else {
    ErasePacked(&block_, found.offset, 2);
  }
  return true;
}

void SortedSetEdit::RemoveRange(size_t first, size_t count) {
  if (count == 0) return;
  changed_ = true;
  count_ -= count;
  if (tree_ != nullptr) {
    return OnTree([&] {
      for (; count > 0; --count) tree_->Remove(tree_->Find(tree_->tree().At(first).key()));
    });
  }
  PackedReader reader(block_);
  for (size_t i = 0; i < 2 * first; ++i) reader.Skip();
  ErasePacked(&block_, block_.size() - reader.rest().size(), 2 * count);
}

void SortedSetEdit::Commit(std::string_view key) {
  if (!changed_) return;
  if (count_ == 0) {
    if (slot_ != nullptr) db_.Erase(slot_);
  } else if (fresh_ != nullptr) {
    if (slot_ == nullptr) {
      db_.Insert(Entry::MakeObject(Encoding::kTreeZset, key, std::move(fresh_), kNever));
    } else {
      db_.Overwrite(slot_, Encoding::kTreeZset, std::move(fresh_));
    }
  } else if (tree_ == nullptr) {
    if (slot_ == nullptr) {
      db_.Put(key, block_, kNever, encoding_);
    } else {
      db_.Overwrite(slot_, block_, slot_->expire(), encoding_);
    }
  }
}

Entry SortedSetEdit::Build(std::string_view key) {
  assert(slot_ == nullptr && count_ > 0);
  if (fresh_ != nullptr) {
    return Entry::MakeObject(Encoding::kTreeZset, key, std::move(fresh_), kNever);
  }
  const Entry entry = Entry::MakeInline(encoding_, key, block_.size(), kNever);
  block_.copy(entry.value_bytes(), block_.size());
  return entry;
}

void SortedSetEdit::CommitAnew(std::string_view key) {
  assert(slot_ == nullptr && fresh_ != nullptr && count_ > 0);
  const bool listed = count_ <= limits_.members && longest_ <= limits_.bytes;
  if (!listed && count_ > kMaxPackedMembers) return Commit(key);
  block_.clear();
  tree_->tree().Visit(0, count_, /*downwards=*/false, [&](Item member) {
    AppendPackedMember(&block_, member.key(), ScoreOf(member), /*exact=*/!listed);
  });
  if (!listed && block_.size() > kMaxPackedBytes) return Commit(key);
  db_.Put(key, block_, kNever, listed ? Encoding::kListZset : Encoding::kPackedZset);
}

}  // namespace keyhole::store
