// The longest that one SET takes while the store grows to ten million keys, and how long the others
// do. By two clocks: that of the thread counts what the store does, page faults and all; that of
// the wall also what other processes and other guests of the machine took away meanwhile. Then the
// same SETs once more, to keys that are there, so that nothing grows: what is as slow then is the
// machine's doing (interrupts, its hypervisor), not that of growing.
//
//     growth_bench [keys]        10000000 if not given
#include <time.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <string>
#include <vector>

#include "proxy/store/store.h"

namespace {

int64_t Nanos(clockid_t clock) {
  timespec now;
  clock_gettime(clock, &now);
  return int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

// Of all SETs, by one clock.
class Times {
 public:
  void Add(int64_t nanos) {
    ++by_logarithm_[static_cast<size_t>(64 - __builtin_clzll(static_cast<uint64_t>(nanos) | 1))];
    if (longest_.size() == kLongest && nanos <= longest_.back()) return;
    longest_.insert(std::upper_bound(longest_.begin(), longest_.end(), nanos, std::greater<>()),
                    nanos);
    longest_.resize(std::min(longest_.size(), kLongest));
  }
  void Print(const char* clock) const {
    std::printf("the longest SETs, %s:", clock);
    for (const int64_t nanos : longest_) std::printf(" %.0f us", static_cast<double>(nanos) / 1000);
    std::printf("\n");
    uint64_t slower = 0;
    for (size_t i = by_logarithm_.size(); i-- > 14;) {
      slower += by_logarithm_[i];
      if (by_logarithm_[i] == 0) continue;
      std::printf("  %8.0f us or more: %llu\n", static_cast<double>(uint64_t{1} << (i - 1)) / 1000,
                  static_cast<unsigned long long>(slower));
    }
  }

 private:
  static constexpr size_t kLongest = 5;
  std::array<uint64_t, 64> by_logarithm_{};
  std::vector<int64_t> longest_;
};

void Fill(keyhole::store::Store& store, uint64_t keys, const char* what) {
  using namespace keyhole;
  const store::Store::ClientPtr client = store.Connect("bench", 1);
  std::array<char, 24> key;
  const std::string value(32, 'v');
  resp::ByteQueue reply;
  Times by_thread;
  Times by_wall;
  for (uint64_t i = 0; i < keys; ++i) {
    const int size =
        std::snprintf(key.data(), key.size(), "key:%014llu", static_cast<unsigned long long>(i));
    const std::string_view args[] = {"set", {key.data(), static_cast<size_t>(size)}, value};
    reply.Clear();
    const int64_t wall = Nanos(CLOCK_MONOTONIC);
    const int64_t thread = Nanos(CLOCK_THREAD_CPUTIME_ID);
    store.Execute(*client, resp::Find(args), args, 1, &reply);
    by_thread.Add(Nanos(CLOCK_THREAD_CPUTIME_ID) - thread);
    by_wall.Add(Nanos(CLOCK_MONOTONIC) - wall);
  }
  std::printf("%s: %llu keys, %.0f bytes each\n", what, static_cast<unsigned long long>(keys),
              static_cast<double>(store.usage().memory) / static_cast<double>(keys));
  by_thread.Print("time of the thread");
  by_wall.Print("time on the wall");
}

}  // namespace

int main(int argc, char** argv) {
  const uint64_t keys = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 10'000'000;
  keyhole::store::Store store({});
  Fill(store, keys, "growing");
  Fill(store, keys, "not growing");
}
