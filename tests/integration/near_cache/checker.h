// Writers that write increasing versions, and readers that know what they may no longer be told.
//
//     Ledger      what has been written, and since when it can be seen
//     Writer      one thread; all versions of its keys are its own. Through the proxy, directly at
//                 Redis, by scripts, transactions, RENAME, with a time to live, and now and then it
//                 empties the database
//     Reader      one thread, one session: what it is told never goes back, in causal order, and is
//                 never older than the bound
//
// A key's value is its version. Each name has a key that may be near ("near:7") and one that never
// is
// ("far:7"), written after it: who has read the second must see the first.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <map>
#include <mutex>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "tests/support/raw_client.h"

namespace keyhole::test {

using Clock = std::chrono::steady_clock;

class Ledger {
 public:
  static constexpr int kNames = 16;

  // The version has been acknowledged, and could be seen by everybody from now on.
  void Acknowledge(int name, int64_t version);
  // The newest version that was acknowledged before that time.
  int64_t NewestBefore(int name, Clock::time_point time) const;

  void Report(const std::string& problem);
  std::vector<std::string> problems() const;

  std::atomic<uint64_t> reads{0};
  std::atomic<uint64_t> writes{0};
  std::atomic<bool> stop{false};

 private:
  struct Version {
    int64_t number;
    Clock::time_point when;
  };
  mutable std::mutex mutex_;
  std::vector<Version> history_[kNames];
  std::vector<std::string> problems_;
};

// What is done to whom. The kinds are taken in turn, at random.
struct Workload {
  uint16_t proxy = 0;
  uint16_t redis = 0;       // its own port, not the relay's
  bool empties = true;      // FLUSHDB, SWAPDB, DEL, expiry: keys may be missing at times
  bool direct = true;       // writes that do not pass through the proxy, too
  bool check_order = true;  // of what one session is told; without it own writes and age only
  bool losses = false;      // connections may be lost
  std::chrono::milliseconds bound{1500};  // how old what is read may be
};

class Writer {
 public:
  Writer(Ledger& ledger, const Workload& work, int number, unsigned seed);
  void Run();

 private:
  void Session(RawClient& proxy, RawClient& redis);
  void Write(RawClient& proxy, RawClient& redis, int name);
  void Set(RawClient& to, int name, const std::string& value, bool is_proxy);
  void Empty(RawClient& proxy, RawClient& redis);
  void CheckOwn(RawClient& proxy, int name, int64_t version);
  uint64_t Random(uint64_t n) { return random_() % n; }

  Ledger& ledger_;
  const Workload work_;
  const int number_;
  std::minstd_rand random_;
  int64_t version_ = 0;
};

class Reader {
 public:
  Reader(Ledger& ledger, const Workload& work, unsigned seed);
  void Run();

 private:
  // What this session has been told of one key.
  struct Told {
    int64_t newest = 0;
    bool gone = false;  // it was missing since
  };

  void Session(RawClient& client);
  void Batch(RawClient& client);
  void Take(bool far, int name, const std::string& reply, int64_t must);

  Ledger& ledger_;
  const Workload work_;
  std::minstd_rand random_;
  std::map<std::pair<bool, int>, Told> told_;
};

}  // namespace keyhole::test
