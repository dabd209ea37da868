#include "proxy/store/slow_log.h"

#include "proxy/store/client.h"

namespace keyhole::store {

namespace {

constexpr size_t kMostArguments = 32;
constexpr size_t kLongestArgument = 128;

std::string Shown(const SlowLog::Ran& ran, size_t index) {
  if (index < 32 && (ran.secrets >> index & 1) != 0) return "(redacted)";
  const std::string_view arg = ran.args[index];
  std::string shown(arg.substr(0, kLongestArgument));
  if (arg.size() > kLongestArgument) {
    shown += "... (" + std::to_string(arg.size() - kLongestArgument) + " more bytes)";
  }
  return shown;
}

std::vector<std::string> ShownArguments(const SlowLog::Ran& ran) {
  const size_t count = ran.args.size();
  const size_t whole = count > kMostArguments ? kMostArguments - 1 : count;
  std::vector<std::string> shown;
  for (size_t i = 0; i < whole; ++i) shown.push_back(Shown(ran, i));
  if (whole < count) {
    shown.push_back("... (" + std::to_string(count - whole) + " more arguments)");
  }
  return shown;
}

}  // namespace

void SlowLog::Offer(const Ran& ran) {
  const int64_t microseconds =
      std::chrono::duration_cast<std::chrono::microseconds>(ran.took).count();
  if (!enabled() || microseconds < threshold_) return;
  const std::lock_guard<std::mutex> lock(mutex_);
  entries_.push_back({next_id_++, ran.now / 1000, microseconds, ShownArguments(ran),
                      ran.client.address, ran.client.name});
  while (entries_.size() > max_length_) entries_.pop_front();
}

}  // namespace keyhole::store
