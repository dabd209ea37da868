// The databases of the embedded store. Each input is a list of operations on two of them, and a
// std::map for each says what must be there.
//
//   1. What is asked for is what was put there, until its time is up; nothing else is there.
//   2. Only eviction takes keys away, and it takes as many as it says.
//   3. Memory is the sum over all entries, and is within its bound once there has been eviction.
//   4. A watch breaks when its key changes.

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "proxy/store/keyspace/keyspace.h"
#include "tests/fuzz/fuzz_support.h"

namespace keyhole::fuzz {
namespace {

using store::Entry;
using store::Eviction;
using store::Keyspace;
using store::kNever;
using store::UnixMillis;

// Numbers out of the input; zeros when it is used up.
class Input {
 public:
  explicit Input(std::string_view bytes) : bytes_(bytes) {}
  bool empty() const { return bytes_.empty(); }
  uint8_t Byte() {
    if (bytes_.empty()) return 0;
    const auto byte = static_cast<uint8_t>(bytes_.front());
    bytes_.remove_prefix(1);
    return byte;
  }

 private:
  std::string_view bytes_;
};

struct Expected {
  std::string value;
  UnixMillis expire = kNever;
};
using Model = std::map<std::string, Expected>;

class Game {
 public:
  explicit Game(Input input) : in_(input) {
    const size_t shards = in_.Byte() % 2 == 0 ? 1 : 4;
    const auto objects = Keyspace::MakePools(budget_, shards);
    for (auto& side : sides_) side.keys = std::make_unique<Keyspace>(budget_, objects);
  }

  void Play() {
    for (int i = 0; !in_.empty(); ++i) {
      const Move move = kMoves[in_.Byte() % std::size(kMoves)];
      (this->*move)(sides_[in_.Byte() % 2]);
      if (i % 4 == 0) CheckAccounts();
    }
    CheckAccounts();
    for (Side& side : sides_) CheckContents(side);
  }

 private:
  struct Side {
    std::unique_ptr<Keyspace> keys;
    Model model;
  };
  using Move = void (Game::*)(Side&);

  // Few keys, so that they meet; some are long.
  std::string Key() {
    const uint8_t number = in_.Byte();
    return std::string(number % 16 == 15 ? 300 : number % 8, 'k') + std::to_string(number % 64);
  }
  std::string Value() {
    const size_t size = in_.Byte();
    const size_t factor = size % 4 == 0 ? 20 : 1;
    return std::string(size * factor, static_cast<char>('a' + size % 26));
  }
  UnixMillis Moment() {
    const uint8_t byte = in_.Byte();
    return byte % 2 == 0 ? kNever : now_ + 1 + byte;
  }

  // What has expired is gone, of which nobody needs to be told.
  static void Forget(Model& model, UnixMillis now) {
    std::erase_if(model, [now](const auto& one) { return one.second.expire <= now; });
  }

  void Put(Side& side) {
    const std::string key = Key();
    const std::string value = Value();
    const UnixMillis expire = Moment();
    side.keys->Put(key, value, expire);
    side.model[key] = {value, expire};
  }

  void Find(Side& side) {
    Forget(side.model, now_);
    const std::string key = Key();
    const Entry* const slot = side.keys->Find(key, now_);
    const auto found = side.model.find(key);
    Check((slot != nullptr) == (found != side.model.end()), "a key is there, or not");
    if (slot == nullptr) return;
    Check(slot->value() == found->second.value, "its value is the one that was put");
    Check(slot->expire() == found->second.expire, "and so is its expiry");
  }

  void Resize(Side& side) {
    Forget(side.model, now_);
    const std::string key = Key();
    const size_t size = size_t{in_.Byte()} * 3;
    Entry* const slot = side.keys->Find(key, now_);
    if (slot == nullptr) return;
    side.keys->Resize(slot, size);
    side.model[key].value.resize(size);
  }

  void SetExpire(Side& side) {
    Forget(side.model, now_);
    const std::string key = Key();
    const UnixMillis expire = Moment();
    Entry* const slot = side.keys->Find(key, now_);
    if (slot == nullptr) return;
    side.keys->SetExpire(slot, expire);
    side.model[key].expire = expire;
  }

  void Erase(Side& side) {
    Forget(side.model, now_);
    const std::string key = Key();
    Entry* const slot = side.keys->Find(key, now_);
    if (slot != nullptr) side.keys->Erase(slot);
    Check((slot != nullptr) == (side.model.erase(key) == 1), "what is erased was there");
  }

  void Rename(Side& side) {
    Forget(side.model, now_);
    const std::string from = Key();
    const std::string to = Key();
    Entry* const slot = side.keys->Find(from, now_);
    if (slot == nullptr || from == to) return;
    side.keys->Rename(slot, to);
    side.model[to] = side.model[from];
    side.model.erase(from);
  }

  void MoveKey(Side& side) {
    Forget(side.model, now_);
    const std::string key = Key();
    Entry* const slot = side.keys->Find(key, now_);
    if (slot == nullptr) return;
    Side& other = &side == &sides_[0] ? sides_[1] : sides_[0];
    other.keys->Insert(side.keys->Take(slot));
    other.model[key] = side.model[key];
    side.model.erase(key);
  }

  void Wait(Side&) { now_ += in_.Byte(); }

  void Sweep(Side& side) { side.keys->Sweep(now_, size_t{in_.Byte()} * 8); }

  void Clear(Side& side) {
    side.keys->Clear();
    side.model.clear();
    for (size_t i = 0; i < side.keys->shard_count(); ++i) {
      size_t enough = 1'000'000;
      side.keys->shard(i).objects().FreeSome(&enough);
    }
  }

  void Swap(Side&) {
    sides_[0].keys->Swap(*sides_[1].keys, now_);
    std::swap(sides_[0].model, sides_[1].model);
  }

  void Evict(Side& side) {
    budget_.set_policy(in_.Byte() % 2 == 0 ? Eviction::kS3Fifo : Eviction::kLru);
    const size_t bound = size_t{in_.Byte()} * 256;
    const uint64_t before = budget_.evicted();
    const size_t keys = side.keys->size();
    for (size_t shard = 0; shard < side.keys->shard_count(); ++shard) {
      while (side.keys->memory() > bound && side.keys->shard(shard).Evict()) {
      }
    }
    Check(side.keys->memory() <= bound || side.keys->size() == 0, "eviction keeps to the bound");
    const size_t evicted = budget_.evicted() - before;
    Check(keys - side.keys->size() == evicted, "eviction says how many it took");
    size_t missing = 0;
    std::erase_if(side.model, [&](const auto& one) {
      // Looked at as it was in the beginning, so that nothing expires now.
      const bool gone = side.keys->Find(one.first, 0) == nullptr;
      if (gone && one.second.expire > now_) ++missing;
      return gone;
    });
    Check(missing <= evicted, "and takes no others");
  }

  void Watch(Side& side) {
    const std::string key = Key();
    const std::string other = Key();
    std::atomic<bool> broken = false;
    side.keys->Watch(key, &broken);
    side.keys->Put(other, "y", kNever);
    side.model[other] = {"y", kNever};
    Check(broken == (key == other), "a watch breaks when its key changes, not another one");
    side.keys->Put(key, "x", kNever);
    side.model[key] = {"x", kNever};
    Check(broken, "a watch breaks");
    side.keys->Unwatch(key, &broken);
  }

  void CheckContents(Side& side) {
    Forget(side.model, now_);
    std::map<std::string, int> seen;
    uint64_t cursor = 0;
    do {
      cursor = side.keys->Scan(cursor, now_, [&](const Entry& entry) {
        ++seen[std::string(entry.key())];
        const auto found = side.model.find(std::string(entry.key()));
        Check(found != side.model.end(), "a scan shows what is there");
        Check(entry.value() == found->second.value, "with its value");
      });
    } while (cursor != 0);
    Check(seen.size() == side.model.size(), "a scan shows all");
  }

  void CheckAccounts() {
    size_t all = 0;
    for (Side& side : sides_) {
      size_t bytes = 0;
      size_t count = 0;
      size_t expiring = 0;
      uint64_t cursor = 0;
      do {
        cursor = side.keys->Scan(cursor, 0, [&](const Entry& entry) {
          bytes += side.keys->MemoryOf(entry);
          expiring += entry.has_expire() ? 1U : 0U;
          ++count;
        });
      } while (cursor != 0);
      Check(side.keys->entry_memory() == bytes, "memory is the sum over all entries");
      Check(side.keys->size() == count, "size is the number of entries");
      Check(side.keys->expiring() == expiring, "expiring is the number of those with an expiry");
      all += side.keys->memory();
    }
    Check(budget_.used() == all, "the budget knows of all");
  }

  static constexpr Move kMoves[] = {&Game::Put,    &Game::Put,     &Game::Put,       &Game::Find,
                                    &Game::Find,   &Game::Resize,  &Game::SetExpire, &Game::Erase,
                                    &Game::Rename, &Game::MoveKey, &Game::Wait,      &Game::Sweep,
                                    &Game::Clear,  &Game::Swap,    &Game::Evict,     &Game::Watch};

  Input in_;
  UnixMillis now_ = 1000;
  store::MemoryBudget budget_;
  Side sides_[2];
};

}  // namespace
}  // namespace keyhole::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  constexpr size_t kMostBytes = 1024;  // each move looks at all keys
  const std::string_view bytes(reinterpret_cast<const char*>(data), std::min(size, kMostBytes));
  keyhole::fuzz::Game(keyhole::fuzz::Input(bytes)).Play();
  return 0;
}
