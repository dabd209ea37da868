// Lines that come again and again are counted instead of written: of one kind so many pass in ten
// seconds, and then one more says how many there were beside them.
//
//     closed 10.0.0.7:41000: HTTP request on the RESP port ...
//     closed 10.0.0.7:41002: HTTP request on the RESP port ...         five of them, and then:
//     closed 10.0.0.7:41900: HTTP request on the RESP port ... (the last of 295 more like it)
//
// Two lines are of one kind if they differ in numbers only.
//
// Thread: one at a time. Memory: kMostKinds kinds; what is new beyond that passes.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace keyhole::program {

class Repeats {
 public:
  using Instant = std::chrono::steady_clock::time_point;
  static constexpr int kBurst = 5;
  static constexpr std::chrono::seconds kWindow{10};
  static constexpr size_t kMostKinds = 256;

  // True: the line is to be written.
  bool Pass(std::string_view line, int level, Instant now);
  // Calls write() for each kind that was held back and whose time is over.
  void Tell(Instant now, const std::function<void(int level, std::string_view line)>& write);

 private:
  struct Kind {
    Instant until{};
    int passed = 0;
    uint64_t held = 0;
    int level = 0;
    std::string last;
  };

  std::map<std::string, Kind, std::less<>> kinds_;
};

}  // namespace keyhole::program
