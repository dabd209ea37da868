#include "metrics/node_stats.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace keyhole::metrics {
namespace {

TEST(NodeStatsTest, AddsTheWorkersUp) {
  NodeStats one;
  NodeStats two;
  for (NodeStats* const worker : {&one, &two}) {
    NodeCell& cell = worker->At("10.0.0.2:6379");
    cell.known.Add();
    cell.requests.Add(3);
    cell.slots.Set(100);
  }
  one.At("10.0.0.2:6379").up.Set(1);
  one.At("10.0.0.2:6379").latency_us.Set(250);
  one.At("10.0.0.1:6379").known.Add();
  one.At("10.0.0.1:6379").up.Set(1);
  std::vector<NodeCounts> all;
  one.AddTo(&all);
  two.AddTo(&all);
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(all[0].address, "10.0.0.1:6379");
  EXPECT_TRUE(all[0].up);
  EXPECT_EQ(all[1].requests, 6u);
  EXPECT_EQ(all[1].slots, 100);
  EXPECT_EQ(all[1].latency_us, 250);
  EXPECT_FALSE(all[1].up);  // for the second worker
}

TEST(NodeStatsTest, ANodeIsUpIfAllLinksToItAre) {
  NodeStats stats;
  NodeCell& cell = stats.At("a:1");
  cell.known.Add(2);  // as a master, and as a replica
  cell.up.Add();
  std::vector<NodeCounts> all;
  stats.AddTo(&all);
  EXPECT_FALSE(all.at(0).up);
  cell.up.Add();
  all.clear();
  stats.AddTo(&all);
  EXPECT_TRUE(all.at(0).up);
}

TEST(NodeStatsTest, ANodeThatComesBackGoesOn) {
  NodeStats stats;
  NodeCell& cell = stats.At("a:1");
  cell.known.Add();
  cell.requests.Add(5);
  cell.known.Sub();
  std::vector<NodeCounts> gone;
  stats.AddTo(&gone);
  EXPECT_TRUE(gone.empty());
  EXPECT_EQ(&stats.At("a:1"), &cell);
  cell.known.Add();
  std::vector<NodeCounts> back;
  stats.AddTo(&back);
  ASSERT_EQ(back.size(), 1u);
  EXPECT_EQ(back[0].requests, 5u);
}

TEST(NodeStatsTest, TooManyShareACell) {
  NodeStats stats;
  for (size_t i = 0; i < NodeStats::kMost; ++i) stats.At("a:" + std::to_string(i));
  NodeCell& other = stats.At("b:1");
  EXPECT_EQ(&other, &stats.At("b:2"));
  other.known.Add();
  std::vector<NodeCounts> all;
  stats.AddTo(&all);
  ASSERT_EQ(all.size(), 1u);
  EXPECT_EQ(all[0].address, "__other__");
}

}  // namespace
}  // namespace keyhole::metrics
