// The tree of a sorted set. Each input is a list of operations, of which a std::set is told the
// same: after all of them the tree is what it should be, and has what the set has, in its order.

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <iterator>
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "proxy/store/types/rank_tree.h"
#include "tests/fuzz/fuzz_support.h"

namespace keyhole::fuzz {
namespace {

using store::Item;
using store::RankTree;
using Member = std::pair<double, std::string>;

class Game {
 public:
  ~Game() {
    tree_.Clear();
    for (const auto& [item, entry] : there_) Item::Destroy(entry, store::MallocHeap());
  }

  // Two bytes: what, and with which member. Runs of them come up, so that nodes fill and empty.
  void Play(std::string_view bytes) {
    for (size_t i = 0; i + 2 < bytes.size(); i += 3) {
      const auto what = static_cast<uint8_t>(bytes[i]);
      const auto score = static_cast<double>(static_cast<uint8_t>(bytes[i + 1]) % 16);
      const int first = static_cast<uint8_t>(bytes[i + 2]);
      for (int k = 0; k < 1 + what / 4; ++k) {
        Step(what % 4, {score, std::to_string((first + k) % 256)});
      }
    }
    Compare();
  }

 private:
  void Step(int what, const Member& item) {
    const auto found = there_.find(item);
    if (what <= 1) {
      if (found == there_.end()) Insert(item);
    } else if (what == 2) {
      if (found == there_.end()) return;
      tree_.Remove(found->second);
      Item::Destroy(found->second, store::MallocHeap());
      there_.erase(found);
    } else if (found != there_.end()) {
      Rescore(item, item.first + 1);
    }
  }

  void Insert(const Member& item) {
    const Item entry = Item::Make(item.second, "8 bytes.", store::kNever, store::MallocHeap());
    store::SetScore(entry, item.first);
    tree_.Insert(entry);
    there_.emplace(item, entry);
  }

  void Rescore(const Member& item, double score) {
    const Member next{score, item.second};
    if (there_.contains(next)) return;
    const Item entry = there_.at(item);
    tree_.Rescore(entry, score);
    there_.erase(item);
    there_.emplace(next, entry);
  }

  void Compare() const {
    tree_.Check();
    if (tree_.size() != there_.size()) std::abort();
    auto expected = there_.begin();
    size_t rank = 0;
    tree_.Visit(0, tree_.size(), /*downwards=*/false, [&](Item entry) {
      if (entry.raw() != expected->second.raw()) std::abort();
      if (tree_.RankOf(entry) != rank++) std::abort();
      ++expected;
    });
  }

  RankTree tree_;
  std::map<Member, Item> there_;
};

}  // namespace
}  // namespace keyhole::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  constexpr size_t kMostBytes = 90;  // each three are up to 64 steps
  keyhole::fuzz::Game().Play({reinterpret_cast<const char*>(data), std::min(size, kMostBytes)});
  return 0;
}
