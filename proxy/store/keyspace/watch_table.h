// Which keys of one database are watched, and by whom: WATCH is a promise that EXEC fails once one
// of them has changed.
#pragma once

#include <atomic>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"

namespace keyhole::store {

class WatchTable {
 public:
  // Sets `*broken` when the key changes, until Remove(). `broken` must live as long.
  void Add(std::string_view key, std::atomic<bool>* broken);
  void Remove(std::string_view key, std::atomic<bool>* broken);

  // The key has changed. Costs one comparison while nothing is watched.
  void Touched(std::string_view key) {
    if (!watchers_.empty()) Break(key);
  }

  // Calls f(key) for each watched key and breaks the watches of those for which it is true.
  template <typename F>
  void BreakIf(F&& f) {
    for (auto& [key, flags] : watchers_) {
      if (!f(std::string_view(key))) continue;
      for (std::atomic<bool>* broken : flags) *broken = true;
    }
  }

 private:
  void Break(std::string_view key);

  absl::flat_hash_map<std::string, std::vector<std::atomic<bool>*>> watchers_;
};

}  // namespace keyhole::store
