// What takes entries out of the tree, and keeps its nodes from becoming too light.
#include <algorithm>

#include "proxy/store/types/rank_tree.h"

namespace keyhole::store {

// The child is light: joins it with a neighbour, or gives it some of that one's. REQUIRES: it has
// one.
void RankTree::EvenOutLeaves(Inner* parent, uint32_t at) {
  const uint32_t l = at > 0 ? at - 1 : 0;
  const uint32_t r = l + 1;
  auto* const left = static_cast<Leaf*>(parent->children[l]);
  auto* const right = static_cast<Leaf*>(parent->children[r]);
  const uint32_t sum = left->count + right->count;
  const bool join = sum <= kLeafRoom - kLeafRoom / 4;
  const uint32_t keep = join ? sum : sum / 2;
  if (left->count < keep) {
    const uint32_t count = keep - left->count;
    MoveEntries(right, 0, count, left, left->count);
    std::copy(right->entries + count, right->entries + right->count, right->entries);
  } else {
    const uint32_t count = left->count - keep;
    std::copy_backward(right->entries, right->entries + right->count,
                       right->entries + right->count + count);
    MoveEntries(left, keep, count, right, 0);
  }
  left->count = keep;
  right->count = sum - keep;
  parent->sizes[l] = keep;
  parent->sizes[r] = sum - keep;
  if (join) {
    Delete(right);
    return RemoveChild(parent, r);
  }
  parent->firsts[r] = right->entries[0];
  parent->scores[r] = ScoreOf(right->entries[0]);
}

void RankTree::EvenOutInners(Inner* parent, uint32_t at) {
  const uint32_t l = at > 0 ? at - 1 : 0;
  const uint32_t r = l + 1;
  auto* const left = static_cast<Inner*>(parent->children[l]);
  auto* const right = static_cast<Inner*>(parent->children[r]);
  const uint32_t sum = left->count + right->count;
  const bool join = sum <= kInnerRoom - kInnerRoom / 4;
  const uint32_t keep = join ? sum : sum / 2;
  right->firsts[0] = parent->firsts[r];  // what meant nothing means something now
  right->scores[0] = parent->scores[r];
  if (left->count < keep) {
    const uint32_t count = keep - left->count;
    MoveChildren(right, 0, count, left, left->count);
    MoveChildren(right, count, right->count - count, right, 0);
  } else {
    const uint32_t count = left->count - keep;
    MoveChildren(right, 0, right->count, right, count);
    MoveChildren(left, keep, count, right, 0);
  }
  left->count = keep;
  right->count = sum - keep;
  parent->sizes[l] = SumOf(*left);
  parent->sizes[r] = SumOf(*right);
  if (join) {
    Delete(right);
    return RemoveChild(parent, r);
  }
  parent->firsts[r] = right->firsts[0];
  parent->scores[r] = right->scores[0];
}

// Joins what has become too light, from the leaf upwards.
void RankTree::Lighten(Path& path) {
  if (path.size == 0 || path.leaf->count >= kLeafRoom / 4) return;
  for (size_t i = path.size; i-- > 0;) {
    const Step step = path.steps[i];
    const bool above_leaf = i + 1 == path.size;
    const uint32_t child_count = step.node->children[step.at]->count;
    if (child_count >= (above_leaf ? kLeafRoom : kInnerRoom) / 4) return;
    if (step.node->count > 1) {
      if (above_leaf) {
        EvenOutLeaves(step.node, step.at);
      } else {
        EvenOutInners(step.node, step.at);
      }
    } else if (child_count == 0) {
      if (above_leaf) {
        Delete(path.leaf);
      } else {
        Delete(static_cast<Inner*>(step.node->children[step.at]));
      }
      step.node->count = 0;
    }
  }
  while (height_ > 0 && root_->count == 1) {
    auto* const old = static_cast<Inner*>(root_);
    root_ = old->children[0];
    Delete(old);
    --height_;
  }
}

// The one that was the first of its leaf has gone, and its successor has its rank now.
void RankTree::RenewFirst(size_t rank) {
  if (rank == 0 || rank == size_) return;
  Path path;
  if (DescendTo(rank, &path) != 0) return;
  size_t i = path.size;
  while (i > 0 && path.steps[i - 1].at == 0) --i;
  if (i == 0) return;
  const Step& step = path.steps[i - 1];
  step.node->firsts[step.at] = path.leaf->entries[0];
  step.node->scores[step.at] = ScoreOf(path.leaf->entries[0]);
}

void RankTree::RemoveAt(Path& path, uint32_t at) {
  Leaf& leaf = *path.leaf;
  size_t rank = at;
  std::copy(leaf.entries + at + 1, leaf.entries + leaf.count, leaf.entries + at);
  --leaf.count;
  for (size_t i = 0; i < path.size; ++i) {
    const Step& step = path.steps[i];
    --step.node->sizes[step.at];
    for (uint32_t k = 0; at == 0 && k < step.at; ++k) rank += step.node->sizes[k];
  }
  --size_;
  if (size_ == 0) return Clear();
  Lighten(path);
  if (at == 0) RenewFirst(rank);
}

void RankTree::Remove(Item entry) {
  Path path;
  Descend(entry, &path);
  RemoveAt(path, PositionIn(*path.leaf, entry));
}

bool RankTree::ClearSome(size_t leaves) {
  for (; root_ != nullptr && leaves > 0; --leaves) {
    Path path;
    Node* node = root_;
    while (path.size < height_) {
      auto* const inner = static_cast<Inner*>(node);
      path.Add(inner, inner->count - 1);
      node = inner->children[inner->count - 1];
    }
    Delete(static_cast<Leaf*>(node));
    size_t up = path.size;
    while (up > 0 && --path.steps[up - 1].node->count == 0) Delete(path.steps[--up].node);
    if (up == 0) root_ = nullptr;
  }
  return root_ == nullptr;
}

// With this score it stays between its neighbours, which are in the same leaf.
bool RankTree::Fits(const Leaf& leaf, uint32_t at, double score) {
  if (at == 0 || at + 1 >= leaf.count) return false;
  const std::string_view member = leaf.entries[at].key();
  const Item before = leaf.entries[at - 1];
  const Item behind = leaf.entries[at + 1];
  return IsBefore(ScoreOf(before), before, score, member) &&
         !IsBefore(ScoreOf(behind), behind, score, member);
}

void RankTree::Rescore(Item entry, double score) {
  Path path;
  Descend(entry, &path);
  const uint32_t at = PositionIn(*path.leaf, entry);
  if (Fits(*path.leaf, at, score)) return SetScore(entry, score);
  RemoveAt(path, at);
  SetScore(entry, score);
  Insert(entry);
}

}  // namespace keyhole::store
