// Which keys of one database are watched, and by whom: WATCH is a promise that EXEC fails once one
// of them has changed; and a key for which clients wait (waiting.h) has a bell.
//
// Thread: under the lock of the keys' stripe.
#pragma once

#include <atomic>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "proxy/store/keyspace/key_listener.h"

namespace keyhole::store {

// Rings when its key has changed, or may have.
class KeyBell {
 public:
  // Under the lock of the key's stripe: note it, and return.
  virtual void Ring() = 0;

 protected:
  ~KeyBell() = default;
};

class WatchTable {
 public:
  // Sets `*broken` when the key changes, until Remove(). `broken` must live as long.
  void Add(std::string_view key, std::atomic<bool>* broken);
  void Remove(std::string_view key, std::atomic<bool>* broken);
  // The key's one bell; null: none any more.
  void SetBell(std::string_view key, KeyBell* bell);

  // The listener hears of every change; null: nobody does.
  void SetListener(KeyListener* listener, int database) {
    listener_ = listener;
    database_ = database;
    Attend();
  }

  // The key has changed. Costs one comparison while nobody attends to keys.
  void Touched(std::string_view key) {
    if (attentive_) Notify(key);
  }
  // It has changed, and it was not there before.
  void Added(std::string_view key) {
    if (attentive_) NotifyAdded(key);
  }

  // Rings the key's bell, if it has one, though the key has not changed.
  void Ring(std::string_view key);

  // Calls f(key) for each watched key; those for which it is true have changed.
  template <typename F>
  void BreakIf(F&& f) {
    for (const auto& [key, watched] : watched_) {
      if (f(std::string_view(key))) watched.Notify();
    }
  }

 private:
  struct Watched {
    void Notify() const;

    std::vector<std::atomic<bool>*> flags;
    KeyBell* bell = nullptr;
  };
  void Notify(std::string_view key);
  void NotifyAdded(std::string_view key);
  void Attend() { attentive_ = listener_ != nullptr || !watched_.empty(); }
  void RemoveIfUnused(std::string_view key);

  bool attentive_ = false;
  int database_ = 0;
  KeyListener* listener_ = nullptr;
  absl::flat_hash_map<std::string, Watched> watched_;
};

}  // namespace keyhole::store
