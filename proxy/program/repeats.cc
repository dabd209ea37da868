#include "proxy/program/repeats.h"

namespace keyhole::program {
namespace {

// With # in the place of each number.
std::string KindOf(std::string_view line) {
  std::string kind;
  for (const char c : line) {
    const bool is_digit = c >= '0' && c <= '9';
    if (!is_digit) {
      kind.push_back(c);
    } else if (kind.empty() || kind.back() != '#') {
      kind.push_back('#');
    }
  }
  return kind;
}

}  // namespace

bool Repeats::Pass(std::string_view line, int level, Instant now) {
  const std::string name = KindOf(line);
  const auto found = kinds_.find(name);
  if (found == kinds_.end()) {
    if (kinds_.size() < kMostKinds) {
      kinds_[name] = {.until = now + kWindow, .passed = 1, .held = 0, .level = level, .last = {}};
    }
    return true;
  }
  Kind& kind = found->second;
  if (kind.passed < kBurst) {
    ++kind.passed;
    return true;
  }
  ++kind.held;
  kind.level = level;
  kind.last = line;
  return false;
}

void Repeats::Tell(Instant now, const std::function<void(int, std::string_view)>& write) {
  for (auto kind = kinds_.begin(); kind != kinds_.end();) {
    if (now < kind->second.until) {
      ++kind;
      continue;
    }
    const Kind told = std::move(kind->second);
    kind = kinds_.erase(kind);
    if (told.held == 1) write(told.level, told.last);
    if (told.held > 1) {
      write(told.level,
            told.last + " (the last of " + std::to_string(told.held) + " more like it)");
    }
  }
}

}  // namespace keyhole::program
