#include "metrics/snapshot.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <ctime>
#include <memory>
#include <vector>

namespace keyhole::metrics {
namespace {

class SnapshotTest : public testing::Test {
 protected:
  Snapshot TakeAll() {
    const WorkerMetrics* const workers[] = {one_.get(), two_.get()};
    return Take(workers, directory_);
  }

  KeyDirectory directory_{2};
  std::unique_ptr<WorkerMetrics> one_ = std::make_unique<WorkerMetrics>(directory_);
  std::unique_ptr<WorkerMetrics> two_ = std::make_unique<WorkerMetrics>(directory_);
};

TEST_F(SnapshotTest, OfNothingIsZero) {
  const Snapshot s = TakeAll();
  EXPECT_EQ(s.clients, 0);
  EXPECT_TRUE(s.keys.empty());
  EXPECT_EQ(s.other.label, "__other__");
  EXPECT_EQ(s.tracked_keys_limit, 2u);
  EXPECT_EQ(s.request_latency[RequestFamily::kRead].count, 0u);
}

TEST_F(SnapshotTest, AddsTheWorkersUp) {
  one_->counters.requests[resp::CommandId::kGet].Add(3);
  two_->counters.requests[resp::CommandId::kGet].Add(4);
  one_->counters.errors[ErrorClass::kErr].Add();
  one_->counters.clients.Add(5);
  two_->counters.clients.Add(2);
  two_->counters.clients.Sub();
  two_->counters.clients_closed[CloseReason::kIdle].Add();
  one_->counters.links[LinkKind::kShared].Set(1);
  two_->counters.links[LinkKind::kShared].Set(1);
  one_->counters.client_bytes_in.Add(100);
  two_->counters.client_bytes_in.Add(1);
  one_->counters.requests_waiting.Set(7);
  one_->upstream_latency.Record(std::chrono::microseconds(100));
  two_->upstream_latency.Record(std::chrono::microseconds(100));
  const Snapshot s = TakeAll();
  EXPECT_EQ(s.requests[resp::CommandId::kGet], 7u);
  EXPECT_EQ(s.errors[ErrorClass::kErr], 1u);
  EXPECT_EQ(s.clients, 6);
  EXPECT_EQ(s.clients_closed[CloseReason::kIdle], 1u);
  EXPECT_EQ(s.links[LinkKind::kShared], 2);
  EXPECT_EQ(s.client_bytes_in, 101u);
  EXPECT_EQ(s.requests_waiting, 7);
  EXPECT_EQ(s.upstream_latency.count, 2u);
  EXPECT_EQ(s.upstream_latency.sum_nanos, 200'000u);
}

TEST_F(SnapshotTest, AddsUpKeysBySlot) {
  one_->keys.Record("a", true);
  two_->keys.Record("b", false);
  two_->keys.Record("a", true);
  one_->keys.Record("c", false);
  const Snapshot s = TakeAll();
  ASSERT_EQ(s.keys.size(), 2u);
  EXPECT_EQ(s.keys[0].label, "a");
  EXPECT_EQ(s.keys[0].hits, 2u);
  EXPECT_EQ(s.keys[1].label, "b");
  EXPECT_EQ(s.keys[1].misses, 1u);
  EXPECT_EQ(s.other.misses, 1u);
}

TEST_F(SnapshotTest, TheUpstreamIsUpWhenAllWorkersHaveIt) {
  EXPECT_FALSE(TakeAll().upstream_up);
  one_->counters.upstream_up.Set(1);
  EXPECT_FALSE(TakeAll().upstream_up);
  two_->counters.upstream_up.Set(1);
  EXPECT_TRUE(TakeAll().upstream_up);
  one_->counters.upstream_up.Set(0);
  EXPECT_FALSE(TakeAll().upstream_up);
  EXPECT_FALSE(Take({}, directory_).upstream_up);
}

TEST(ProcessInfoTest, IsPlausible) {
  const ProcessInfo info = ReadProcessInfo();
  EXPECT_GT(info.resident_bytes, 1u << 20);
  EXPECT_LT(info.resident_bytes, info.virtual_bytes);
  EXPECT_GE(info.open_fds, 3u);
  EXPECT_GT(info.max_fds, info.open_fds);
  EXPECT_GE(info.cpu_seconds, 0);
  const auto now = static_cast<double>(std::time(nullptr));
  EXPECT_GT(info.start_time_seconds, now - 3600);
  EXPECT_LT(info.start_time_seconds, now + 2);
}

TEST(ProcessInfoTest, SeesFilesOpened) {
  const uint64_t before = ReadProcessInfo().open_fds;
  const int fd = open("/dev/null", O_RDONLY);
  ASSERT_GE(fd, 0);
  EXPECT_EQ(ReadProcessInfo().open_fds, before + 1);
  close(fd);
  EXPECT_EQ(ReadProcessInfo().open_fds, before);
}

}  // namespace
}  // namespace keyhole::metrics
