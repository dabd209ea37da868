#include "proxy/store/types/rank_tree.h"

#include <cassert>
#include <cstdlib>
#include <cstring>

namespace keyhole::store {

bool RankTree::IsBefore(double score, Item entry, double other_score, std::string_view other) {
  if (score != other_score) return score < other_score;
  return entry.key() < other;
}

// Where an entry is, if it is there, or belongs.
uint32_t RankTree::ChildOf(const Inner& node, double score, std::string_view member) {
  return FirstNot(1, node.count,
                  [&](uint32_t i) {
                    if (node.scores[i] != score) return node.scores[i] < score;
                    return node.firsts[i].key() <= member;
                  }) -
         1;
}

// By its handle: no other entry has to be looked at.
uint32_t RankTree::PositionIn(const Leaf& leaf, Item entry) {
  uint32_t at = 0;
  while (at < leaf.count && leaf.entries[at].raw() != entry.raw()) ++at;
  assert(at < leaf.count);
  return at;
}

uint32_t RankTree::SumOf(const Inner& node) {
  uint32_t sum = 0;
  for (uint32_t i = 0; i < node.count; ++i) sum += node.sizes[i];
  return sum;
}

bool RankTree::Path::IsLast() const {
  for (size_t i = 0; i < size; ++i) {
    if (steps[i].at + 1 != steps[i].node->count) return false;
  }
  return true;
}

void RankTree::Descend(Item entry, Path* path) const {
  const double score = ScoreOf(entry);
  const std::string_view member = entry.key();
  Node* node = root_;
  for (size_t height = height_; height > 0; --height) {
    auto* const inner = static_cast<Inner*>(node);
    const uint32_t at = ChildOf(*inner, score, member);
    path->Add(inner, at);
    node = inner->children[at];
  }
  path->leaf = static_cast<Leaf*>(node);
}

uint32_t RankTree::DescendTo(size_t rank, Path* path) const {
  assert(rank < size_);
  Node* node = root_;
  for (size_t height = height_; height > 0; --height) {
    auto* const inner = static_cast<Inner*>(node);
    uint32_t at = 0;
    while (rank >= inner->sizes[at]) rank -= inner->sizes[at++];
    path->Add(inner, at);
    node = inner->children[at];
  }
  path->leaf = static_cast<Leaf*>(node);
  return static_cast<uint32_t>(rank);
}

// To the next leaf, or to the one before. False if there is none.
bool RankTree::StepToLeaf(Path* path, size_t height, bool downwards) {
  size_t up = path->size;
  const auto can_go = [&](const Step& step) {
    return downwards ? step.at > 0 : step.at + 1 < step.node->count;
  };
  while (up > 0 && !can_go(path->steps[up - 1])) --up;
  if (up == 0) return false;
  path->size = up;
  Step& step = path->steps[up - 1];
  if (downwards) {
    --step.at;
  } else {
    ++step.at;
  }
  Node* node = step.node->children[step.at];
  while (path->size < height) {
    auto* const inner = static_cast<Inner*>(node);
    const uint32_t at = downwards ? inner->count - 1 : 0;
    path->Add(inner, at);
    node = inner->children[at];
  }
  path->leaf = static_cast<Leaf*>(node);
  return true;
}

size_t RankTree::RankOf(Item entry) const {
  const double score = ScoreOf(entry);
  const std::string_view member = entry.key();
  const Node* node = root_;
  size_t rank = 0;
  for (size_t height = height_; height > 0; --height) {
    const Inner& inner = *static_cast<const Inner*>(node);
    const uint32_t at = ChildOf(inner, score, member);
    for (uint32_t i = 0; i < at; ++i) rank += inner.sizes[i];
    node = inner.children[at];
  }
  return rank + PositionIn(*static_cast<const Leaf*>(node), entry);
}

Item RankTree::At(size_t rank) const {
  Path path;
  const uint32_t at = DescendTo(rank, &path);
  return path.leaf->entries[at];
}

void RankTree::MoveEntries(Leaf* from, uint32_t begin, uint32_t count, Leaf* to, uint32_t at) {
  std::copy_n(from->entries + begin, count, to->entries + at);
}

void RankTree::MoveChildren(Inner* from, uint32_t begin, uint32_t count, Inner* to, uint32_t at) {
  std::memmove(to->scores + at, from->scores + begin, count * sizeof(*to->scores));
  std::memmove(static_cast<void*>(to->firsts + at), from->firsts + begin,
               count * sizeof(*to->firsts));
  std::memmove(to->children + at, from->children + begin, count * sizeof(*to->children));
  std::memmove(to->sizes + at, from->sizes + begin, count * sizeof(*to->sizes));
}

void RankTree::InsertChild(Inner* node, uint32_t at, const Split& split) {
  MoveChildren(node, at, node->count - at, node, at + 1);
  node->scores[at] = split.score;
  node->firsts[at] = split.first;
  node->children[at] = split.node;
  node->sizes[at] = split.size;
  ++node->count;
}

void RankTree::RemoveChild(Inner* node, uint32_t at) {
  MoveChildren(node, at + 1, node->count - at - 1, node, at);
  --node->count;
}

RankTree::Split RankTree::InsertIntoLeaf(Path& path, Item entry) {
  Leaf* leaf = path.leaf;
  const double score = ScoreOf(entry);
  const std::string_view member = entry.key();
  uint32_t at = FirstNot(0, leaf->count, [&](uint32_t i) {
    const Item other = leaf->entries[i];
    return IsBefore(ScoreOf(other), other, score, member);
  });
  Split split;
  if (leaf->count == kLeafRoom) {
    const bool at_end = at == kLeafRoom && path.IsLast();
    const uint32_t keep = at_end ? kLeafRoom : at == 0 ? 0 : kLeafRoom / 2;
    Leaf* const right = NewLeaf();
    right->count = kLeafRoom - keep;
    MoveEntries(leaf, keep, right->count, right, 0);
    leaf->count = keep;
    split.node = right;
    if (at > keep || at_end) {
      at -= keep;
      leaf = right;
    }
  }
  std::copy_backward(leaf->entries + at, leaf->entries + leaf->count,
                     leaf->entries + leaf->count + 1);
  leaf->entries[at] = entry;
  ++leaf->count;
  if (split.node != nullptr) {
    split.size = split.node->count;
    split.left_size = path.leaf->count;
    split.first = static_cast<Leaf*>(split.node)->entries[0];
    split.score = ScoreOf(split.first);
  }
  return split;
}

RankTree::Split RankTree::InsertIntoInner(Inner* node, uint32_t at, bool is_last,
                                          const Split& split) {
  node->sizes[at - 1] = split.left_size;
  if (node->count < kInnerRoom) {
    InsertChild(node, at, split);
    return {};
  }
  const bool at_end = at == kInnerRoom && is_last;
  const uint32_t keep = at_end ? kInnerRoom : kInnerRoom / 2;
  Inner* const right = NewInner();
  right->count = kInnerRoom - keep;
  MoveChildren(node, keep, right->count, right, 0);
  node->count = keep;
  if (at > keep || at_end) {
    InsertChild(right, at - keep, split);
  } else {
    InsertChild(node, at, split);
  }
  return {right, right->scores[0], right->firsts[0], SumOf(*right), SumOf(*node)};
}

void RankTree::Insert(Item entry) {
  if (root_ == nullptr) root_ = NewLeaf();
  Path path;
  Descend(entry, &path);
  // A neighbour that has room takes some of a full leaf, so that leaves lie more densely.
  const auto share = [this](const Step& step) {
    const auto has_room = [&step](uint32_t at) {
      return at < step.node->count && step.node->children[at]->count <= kLeafRoom * 5 / 6;
    };
    if (step.at > 0 && has_room(step.at - 1)) {
      EvenOutLeaves(step.node, step.at);
    } else if (has_room(step.at + 1)) {
      EvenOutLeaves(step.node, step.at + 1);
    } else {
      return false;
    }
    return true;
  };
  if (path.leaf->count == kLeafRoom && path.size > 0 && share(path.steps[path.size - 1])) {
    path.size = 0;
    Descend(entry, &path);
  }
  const bool is_last = path.IsLast();
  Split split = InsertIntoLeaf(path, entry);
  for (size_t i = path.size; i-- > 0;) {
    const Step step = path.steps[i];
    if (split.node == nullptr) {
      ++step.node->sizes[step.at];
    } else {
      split = InsertIntoInner(step.node, step.at + 1, is_last, split);
    }
  }
  ++size_;
  if (split.node == nullptr) return;
  Inner* const root = NewInner();
  root->count = 1;
  root->children[0] = root_;
  root->sizes[0] = split.left_size;
  root->scores[0] = 0;
  root->firsts[0] = Item();
  InsertChild(root, 1, split);
  root_ = root;
  ++height_;
}

RankTree::Leaf* RankTree::NewLeaf() {
  ++leaves_;
  return new Leaf;
}

RankTree::Inner* RankTree::NewInner() {
  ++inners_;
  return new Inner;
}

void RankTree::Delete(Leaf* leaf) {
  --leaves_;
  delete leaf;
}

void RankTree::Delete(Inner* inner) {
  --inners_;
  delete inner;
}

void RankTree::ClearNode(Node* node, size_t height) {
  if (height == 0) return Delete(static_cast<Leaf*>(node));
  auto* const inner = static_cast<Inner*>(node);
  for (uint32_t i = 0; i < inner->count; ++i) ClearNode(inner->children[i], height - 1);
  Delete(inner);
}

void RankTree::Clear() {
  if (root_ != nullptr) ClearNode(root_, height_);
  root_ = nullptr;
  height_ = 0;
  size_ = 0;
}

void RankTree::CheckNode(const Node* node, size_t height, size_t size, const Item** last) const {
  const auto require = [](bool holds) {
    if (!holds) std::abort();
  };
  require(node->count > 0);
  if (height == 0) {
    const Leaf& leaf = *static_cast<const Leaf*>(node);
    require(leaf.count <= kLeafRoom && leaf.count == size);
    for (uint32_t i = 0; i < leaf.count; ++i) {
      const Item& entry = leaf.entries[i];
      require(*last == nullptr || IsBefore(ScoreOf(**last), **last, ScoreOf(entry), entry.key()));
      *last = &entry;
    }
    return;
  }
  const Inner& inner = *static_cast<const Inner*>(node);
  require(inner.count <= kInnerRoom && SumOf(inner) == size);
  for (uint32_t i = 0; i < inner.count; ++i) {
    const size_t rank = *last == nullptr ? 0 : RankOf(**last) + 1;
    const Item first = At(rank);
    require(i == 0 || (inner.firsts[i].raw() == first.raw() && inner.scores[i] == ScoreOf(first)));
    CheckNode(inner.children[i], height - 1, inner.sizes[i], last);
  }
}

void RankTree::Check() const {
  const Item* last = nullptr;
  if (root_ != nullptr) CheckNode(root_, height_, size_, &last);
}

}  // namespace keyhole::store
