// The longest that one SET waits while the store grows to ten million keys, and how long the others
// do. Nobody else should use the machine meanwhile: what another process takes away counts as
// waiting.
//
//     growth_bench [keys]        10000000 if not given
#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "proxy/core/store/store.h"

int main(int argc, char** argv) {
  using Clock = std::chrono::steady_clock;
  using namespace keyhole;
  const uint64_t keys = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 10'000'000;
  store::Store store({});
  const store::Store::ClientPtr client = store.Connect("bench", 1);
  std::array<char, 24> key;
  const std::string value(32, 'v');
  std::string reply;
  std::array<uint64_t, 64> histogram{};  // by the logarithm of nanoseconds
  std::vector<int64_t> longest;
  const Clock::time_point start = Clock::now();
  for (uint64_t i = 0; i < keys; ++i) {
    const int size =
        std::snprintf(key.data(), key.size(), "key:%014llu", static_cast<unsigned long long>(i));
    const std::string_view args[] = {"set", {key.data(), static_cast<size_t>(size)}, value};
    reply.clear();
    const Clock::time_point before = Clock::now();
    store.Execute(*client, resp::Find(args), args, 1, &reply);
    const int64_t nanos = std::chrono::nanoseconds(Clock::now() - before).count();
    ++histogram[static_cast<size_t>(64 - __builtin_clzll(static_cast<uint64_t>(nanos) | 1))];
    if (longest.size() < 5 || nanos > longest.back()) {
      longest.insert(std::upper_bound(longest.begin(), longest.end(), nanos, std::greater<>()),
                     nanos);
      longest.resize(std::min<size_t>(longest.size(), 5));
    }
  }
  const double seconds = std::chrono::duration<double>(Clock::now() - start).count();
  std::printf("%llu keys in %.1f s, %.0f bytes each\n", static_cast<unsigned long long>(keys),
              seconds, static_cast<double>(store.usage().memory) / static_cast<double>(keys));
  std::printf("the longest SETs:");
  for (const int64_t nanos : longest) std::printf(" %.0f us", static_cast<double>(nanos) / 1000);
  std::printf("\n");
  uint64_t slower = 0;
  for (size_t i = histogram.size(); i-- > 14;) {
    slower += histogram[i];
    if (histogram[i] == 0) continue;
    std::printf("  %8.0f us or more: %llu\n", static_cast<double>(uint64_t{1} << (i - 1)) / 1000,
                static_cast<unsigned long long>(slower));
  }
}
