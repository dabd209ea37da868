// The members of a sorted set in their order, by score and then by the bytes of the member, each
// with its rank: a B+ tree whose inner nodes count what is below them.
//
//     inner   1016 bytes   | count | scores x 36 | firsts x 36 | children x 36 | sizes x 36 |
//                                      \____ of each child's first entry
//     leaf     248 bytes   | count | entries x 30 |
//
// An entry is a member with its score as its value (ScoreOf). The tree has handles to entries that
// others own (sorted_set_object.h); their score must not change while they are in it. Scores stand
// beside the handles in inner nodes, so that entries are only looked at where scores are equal, and
// in the one leaf where a search ends. The first child's score and handle mean nothing: what is
// less than the second child's is in the first.
//
// A node that is full is split in halves; at the end of the tree it stays as it is and a new one is
// begun, so that what comes in order lies densely. One that is less than a quarter full is joined
// with a neighbour, or gets some of its entries. Source: Knuth, The Art of Computer Programming,
// vol. 3, 6.2.4; counts as in 6.2.3, "linear list representation".
//
// Every operation but Visit() looks at one node of each level.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "proxy/store/keyspace/item.h"

namespace keyhole::store {

inline double ScoreOf(Item entry) {
  double score;
  __builtin_memcpy(&score, entry.value().data(), sizeof(score));
  return score;
}

inline void SetScore(Item entry, double score) {
  __builtin_memcpy(const_cast<char*>(entry.value().data()), &score, sizeof(score));
}

class RankTree {
 public:
  RankTree() = default;
  RankTree(const RankTree&) = delete;
  RankTree& operator=(const RankTree&) = delete;
  ~RankTree() { Clear(); }

  // REQUIRES: none with this score and member is in it.
  void Insert(Item entry);
  // REQUIRES: this very entry is in it.
  void Remove(Item entry);
  // Gives an entry another score, and the place that goes with it. REQUIRES: as Remove().
  void Rescore(Item entry, double score);
  void Clear();
  // Deletes some leaves, and what is above them alone; of a tree that is on its way out. True if
  // none is left.
  bool ClearSome(size_t leaves);

  size_t size() const { return size_; }
  // How many are before it. REQUIRES: this very entry is in it.
  size_t RankOf(Item entry) const;
  // REQUIRES: rank < size().
  Item At(size_t rank) const;
  // How many of the first have a score, or a member, for which f is true. REQUIRES: f is true for
  // some of the first and for none behind them.
  template <typename F>
  size_t CountByScore(F&& f) const;
  template <typename F>
  size_t CountByMember(F&& f) const;
  // Calls f(Item) for `count` entries from this rank on, upwards or downwards. f must leave the
  // tree as it is. REQUIRES: there are so many.
  template <typename F>
  void Visit(size_t rank, size_t count, bool downwards, F&& f) const;

  // Calls f(Item*) for the entries of the leaf with this rank; f may give each another handle of
  // the same. Returns the rank behind them. REQUIRES: rank < size().
  template <typename F>
  size_t VisitHandles(size_t rank, F&& f);

  size_t memory() const { return leaves_ * kLeafCost + inners_ * kInnerCost; }
  // Dies if the tree is not what it should be; for tests.
  void Check() const;

 private:
  static constexpr uint32_t kLeafRoom = 30;
  static constexpr uint32_t kInnerRoom = 36;
  static constexpr size_t kMaxHeight = 24;

  struct Node {
    uint32_t count = 0;
  };
  struct Leaf : Node {
    Item entries[kLeafRoom];
  };
  struct Inner : Node {
    double scores[kInnerRoom];
    Item firsts[kInnerRoom];
    Node* children[kInnerRoom];
    uint32_t sizes[kInnerRoom];
  };
  static_assert(sizeof(Leaf) == 248 && sizeof(Inner) == 1016);
  static constexpr size_t kMallocHead = 8;
  static constexpr size_t kLeafCost = sizeof(Leaf) + kMallocHead;
  static constexpr size_t kInnerCost = sizeof(Inner) + kMallocHead;

  // The way from the root to a leaf.
  struct Step {
    Inner* node;
    uint32_t at;  // which child
  };
  struct Path {
    Step steps[kMaxHeight];
    size_t size = 0;
    Leaf* leaf = nullptr;
    void Add(Inner* node, uint32_t at) { steps[size++] = {node, at}; }
    bool IsLast() const;  // nothing comes behind the leaf
  };
  // A node that a split has made, to be put behind the one it was split from.
  struct Split {
    Node* node = nullptr;
    double score = 0;
    Item first;
    uint32_t size = 0;       // of it
    uint32_t left_size = 0;  // of what remained
  };

  static bool IsBefore(double score, Item entry, double other_score, std::string_view other);
  static uint32_t ChildOf(const Inner& node, double score, std::string_view member);
  static uint32_t PositionIn(const Leaf& leaf, Item entry);
  static uint32_t SumOf(const Inner& node);
  static void InsertChild(Inner* node, uint32_t at, const Split& split);
  static void RemoveChild(Inner* node, uint32_t at);
  static void MoveChildren(Inner* from, uint32_t begin, uint32_t count, Inner* to, uint32_t at);
  static void MoveEntries(Leaf* from, uint32_t begin, uint32_t count, Leaf* to, uint32_t at);
  void Descend(Item entry, Path* path) const;
  // Returns the position in the leaf.
  uint32_t DescendTo(size_t rank, Path* path) const;
  static bool Fits(const Leaf& leaf, uint32_t at, double score);
  void RemoveAt(Path& path, uint32_t at);
  Split InsertIntoLeaf(Path& path, Item entry);
  Split InsertIntoInner(Inner* node, uint32_t at, bool is_last, const Split& split);
  void EvenOutLeaves(Inner* parent, uint32_t at);
  void EvenOutInners(Inner* parent, uint32_t at);
  void Lighten(Path& path);
  void RenewFirst(size_t rank);
  void CheckNode(const Node* node, size_t height, size_t size, const Item** last) const;
  Leaf* NewLeaf();
  Inner* NewInner();
  void Delete(Leaf* leaf);
  void Delete(Inner* inner);
  void ClearNode(Node* node, size_t height);

  // The rank of the first entry that is not before. is_before(const Inner&, i): whether the i-th
  // child's first is; is_before(Item).
  template <typename F, typename G>
  size_t CountWhile(F&& is_child_before, G&& is_before) const;
  template <typename F>
  static uint32_t FirstNot(uint32_t begin, uint32_t end, F&& f);
  template <typename F>
  static void VisitLeaf(const Leaf& leaf, uint32_t from, uint32_t count, bool downwards, F&& f);
  static bool StepToLeaf(Path* path, size_t height, bool downwards);

  Node* root_ = nullptr;
  size_t height_ = 0;  // 0: the root is a leaf
  size_t size_ = 0;
  size_t leaves_ = 0;
  size_t inners_ = 0;
};

// The first of them for which f is not true.
template <typename F>
uint32_t RankTree::FirstNot(uint32_t begin, uint32_t end, F&& f) {
  while (begin < end) {
    const uint32_t middle = begin + (end - begin) / 2;
    if (f(middle)) {
      begin = middle + 1;
    } else {
      end = middle;
    }
  }
  return begin;
}

template <typename F, typename G>
size_t RankTree::CountWhile(F&& is_child_before, G&& is_before) const {
  if (root_ == nullptr) return 0;
  const Node* node = root_;
  size_t rank = 0;
  for (size_t height = height_; height > 0; --height) {
    const Inner& inner = *static_cast<const Inner*>(node);
    const uint32_t at =
        FirstNot(1, inner.count, [&](uint32_t i) { return is_child_before(inner, i); }) - 1;
    for (uint32_t i = 0; i < at; ++i) rank += inner.sizes[i];
    node = inner.children[at];
  }
  const Leaf& leaf = *static_cast<const Leaf*>(node);
  return rank + FirstNot(0, leaf.count, [&](uint32_t i) { return is_before(leaf.entries[i]); });
}

template <typename F>
size_t RankTree::CountByScore(F&& f) const {
  return CountWhile([&f](const Inner& inner, uint32_t i) { return f(inner.scores[i]); },
                    [&f](Item entry) { return f(ScoreOf(entry)); });
}

template <typename F>
size_t RankTree::CountByMember(F&& f) const {
  return CountWhile([&f](const Inner& inner, uint32_t i) { return f(inner.firsts[i].key()); },
                    [&f](Item entry) { return f(entry.key()); });
}

template <typename F>
void RankTree::VisitLeaf(const Leaf& leaf, uint32_t from, uint32_t count, bool downwards, F&& f) {
  const auto entry_at = [&](uint32_t i) { return leaf.entries[downwards ? from - i : from + i]; };
  for (uint32_t i = 0; i < count; ++i) __builtin_prefetch(entry_at(i).raw());
  for (uint32_t i = 0; i < count; ++i) f(entry_at(i));
}

template <typename F>
void RankTree::Visit(size_t rank, size_t count, bool downwards, F&& f) const {
  if (count == 0) return;
  Path path;
  uint32_t at = DescendTo(rank, &path);
  while (true) {
    const uint32_t there = downwards ? at + 1 : path.leaf->count - at;
    const auto some = static_cast<uint32_t>(std::min<size_t>(count, there));
    VisitLeaf(*path.leaf, at, some, downwards, f);
    count -= some;
    if (count == 0 || !StepToLeaf(&path, height_, downwards)) return;
    at = downwards ? path.leaf->count - 1 : 0;
  }
}

template <typename F>
size_t RankTree::VisitHandles(size_t rank, F&& f) {
  Path path;
  const uint32_t at = DescendTo(rank, &path);
  Leaf& leaf = *path.leaf;
  for (uint32_t i = 0; i < leaf.count; ++i) f(&leaf.entries[i]);
  size_t up = path.size;
  while (up > 0 && path.steps[up - 1].at == 0) --up;
  if (up > 0) path.steps[up - 1].node->firsts[path.steps[up - 1].at] = leaf.entries[0];
  return rank - at + leaf.count;
}

}  // namespace keyhole::store
