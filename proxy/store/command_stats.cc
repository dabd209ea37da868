#include "proxy/store/command_stats.h"

#include <algorithm>
#include <bit>

namespace keyhole::store {

void DurationBuckets::Add(uint64_t microseconds) {
  const size_t bucket =
      microseconds <= 1 ? 0 : static_cast<size_t>(std::bit_width(microseconds - 1));
  counts[std::min(bucket, kBuckets - 1)].fetch_add(1, std::memory_order_relaxed);
  total.fetch_add(1, std::memory_order_relaxed);
}

uint64_t DurationBuckets::Percentile(double percent) const {
  const auto wanted = static_cast<uint64_t>(static_cast<double>(total) * percent / 100 + 0.5);
  uint64_t seen = 0;
  for (size_t i = 0; i < kBuckets; ++i) {
    seen += counts[i];
    if (seen > 0 && seen >= wanted) return uint64_t{1} << i;
  }
  return 0;
}

void CommandStats::CountTime(Id id, std::chrono::steady_clock::duration took) {
  Row& row = Of(id);
  const auto nanoseconds =
      static_cast<uint64_t>(std::chrono::duration_cast<std::chrono::nanoseconds>(took).count());
  Add(row.nanoseconds, nanoseconds);
  DurationBuckets* buckets = row.buckets.load();
  if (buckets == nullptr) {
    const std::lock_guard<std::mutex> lock(mutex_);
    buckets = row.buckets.load();
    if (buckets == nullptr) row.buckets = buckets = new DurationBuckets;
  }
  buckets->Add(nanoseconds / 1000);
}

void CommandStats::CountFailure(Id id, std::string_view error) {
  CountFailedCall(id);
  CountError(error);
}

void CommandStats::CountRejection(Id id, std::string_view error) {
  if (id != Id::kUnknown) Add(Of(id).rejected, 1);
  CountError(error);
}

// Only DEBUG ERROR, and scripts, make up words of their own: so many of them are told apart.
void CommandStats::CountError(std::string_view error) {
  constexpr size_t kMostWords = 128;
  constexpr size_t kLongestWord = 64;
  const std::string word(error.substr(0, std::min(error.find_first_of(" \r\n"), kLongestWord)));
  const std::lock_guard<std::mutex> lock(mutex_);
  ++error_count_;
  if (errors_.size() < kMostWords || errors_.contains(word)) ++errors_[word];
}

CommandStats::Counts CommandStats::counts(Id id) const {
  const Row& row = Of(id);
  return {row.calls, row.nanoseconds / 1000, row.rejected, row.failed};
}

uint64_t CommandStats::calls() const {
  uint64_t sum = 0;
  for (const Row& row : rows_) sum += row.calls;
  return sum;
}

void CommandStats::Reset() {
  for (size_t i = 0; i < rows_.size(); ++i) {
    Row& row = rows_[i];
    row.calls = row.nanoseconds = row.rejected = row.failed = 0;
    ResetBuckets(static_cast<Id>(i));
  }
  errors_.clear();
  error_count_ = 0;
}

void CommandStats::ResetBuckets(Id id) {
  delete Of(id).buckets.exchange(nullptr);
}

}  // namespace keyhole::store
