// Waits for what another process does and no event tells of: it is asked again and again.
//
//     Eventually([&] { return proxy.Metric("keyhole_upstream_up"); }, [](double up) { return up == 0; });
//
// Thread: that of the caller, which waits.
#pragma once

#include <chrono>
#include <thread>

namespace keyhole::test {

// What `get` gives once `wanted` agrees, or what it gives last when the time is over: the caller
// says what is wrong with that.
template <typename Get, typename Wanted>
auto Eventually(const Get& get, const Wanted& wanted,
                std::chrono::milliseconds limit = std::chrono::seconds(20),
                std::chrono::milliseconds pause = std::chrono::milliseconds(20)) {
  const auto until = std::chrono::steady_clock::now() + limit;
  auto got = get();
  while (!wanted(got) && std::chrono::steady_clock::now() < until) {
    std::this_thread::sleep_for(pause);
    got = get();
  }
  return got;
}

}  // namespace keyhole::test
