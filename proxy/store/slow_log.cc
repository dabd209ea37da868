#include "proxy/store/slow_log.h"

#include "proxy/store/commands/handlers.h"

namespace keyhole::store {

namespace {

constexpr size_t kMostArguments = 32;
constexpr size_t kLongestArgument = 128;

std::string Shown(const Call& call, size_t index) {
  if (call.is_secret(index)) return "(redacted)";
  const std::string_view arg = call.args[index];
  std::string shown(arg.substr(0, kLongestArgument));
  if (arg.size() > kLongestArgument) {
    shown += "... (" + std::to_string(arg.size() - kLongestArgument) + " more bytes)";
  }
  return shown;
}

std::vector<std::string> ShownArguments(const Call& call) {
  const size_t count = call.args.size();
  const size_t whole = count > kMostArguments ? kMostArguments - 1 : count;
  std::vector<std::string> shown;
  for (size_t i = 0; i < whole; ++i) shown.push_back(Shown(call, i));
  if (whole < count) {
    shown.push_back("... (" + std::to_string(count - whole) + " more arguments)");
  }
  return shown;
}

}  // namespace

void SlowLog::Offer(const Call& call, std::chrono::steady_clock::duration took) {
  const int64_t microseconds = std::chrono::duration_cast<std::chrono::microseconds>(took).count();
  if (!enabled() || microseconds < threshold_) return;
  const std::lock_guard<std::mutex> lock(mutex_);
  entries_.push_back({next_id_++, call.now / 1000, microseconds, ShownArguments(call),
                      call.client.address, call.client.name});
  while (entries_.size() > max_length_) entries_.pop_front();
}

}  // namespace keyhole::store
