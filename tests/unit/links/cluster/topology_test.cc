#include "proxy/links/cluster/topology.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace keyhole::core {
namespace {

const Endpoint kAsked = Endpoint::Tcp("asked", 7000);

TEST(TopologyTest, ReadsRangesMastersAndReplicas) {
  // As 7.0 says it: with a fourth element of metadata, and a slot on its own.
  const std::string reply =
      "*3\r\n"
      "*4\r\n:0\r\n:8191\r\n"
      "*4\r\n$9\r\n127.0.0.1\r\n:7001\r\n$2\r\nm1\r\n*2\r\n$8\r\nhostname\r\n$2\r\nh1\r\n"
      "*4\r\n$9\r\n127.0.0.1\r\n:7003\r\n$2\r\nr1\r\n*0\r\n"
      "*3\r\n:8193\r\n:16383\r\n*4\r\n$3\r\n::1\r\n:7002\r\n$2\r\nm2\r\n*0\r\n"
      "*3\r\n:8192\r\n:8192\r\n*4\r\n$9\r\n127.0.0.1\r\n:7001\r\n$2\r\nm1\r\n*0\r\n";
  const auto topology = ReadClusterSlots(reply, kAsked);
  ASSERT_TRUE(topology.has_value());
  ASSERT_EQ(topology->masters.size(), 2u);
  EXPECT_EQ(topology->masters[0].ToString(), "127.0.0.1:7001");
  EXPECT_EQ(topology->masters[1].ToString(), "[::1]:7002");
  EXPECT_EQ(topology->covered, kSlotCount);
  ASSERT_EQ(topology->replicas.size(), 1u);
  EXPECT_EQ(topology->masters[topology->replicas[0].master].ToString(), "127.0.0.1:7001");
  EXPECT_EQ(topology->owners[0], 0);
  EXPECT_EQ(topology->owners[8192], 0);
  EXPECT_EQ(topology->owners[8193], 1);
}

TEST(TopologyTest, AnEmptyNullOrUnknownHostIsTheOneThatWasAsked) {
  for (const std::string_view host : {"$0\r\n\r\n", "$-1\r\n", "_\r\n", "$1\r\n?\r\n"}) {
    const std::string reply =
        "*1\r\n*3\r\n:0\r\n:1\r\n*3\r\n" + std::string(host) + ":7005\r\n$2\r\nm1\r\n";
    const auto topology = ReadClusterSlots(reply, kAsked);
    ASSERT_TRUE(topology.has_value()) << host;
    EXPECT_EQ(topology->masters.at(0).ToString(), "asked:7005") << host;
    EXPECT_EQ(topology->covered, 2u);
  }
}

TEST(TopologyTest, ReadsMetadataOfResp3) {
  const std::string reply =
      "*1\r\n*3\r\n:0\r\n:0\r\n*4\r\n$4\r\ndb-1\r\n:7001\r\n$2\r\nm1\r\n%1\r\n$2\r\nip\r\n$7\r\n"
      "1.2.3.4\r\n";
  const auto topology = ReadClusterSlots(reply, kAsked);
  ASSERT_TRUE(topology.has_value());
  EXPECT_EQ(topology->masters.at(0).ToString(), "db-1:7001");
}

TEST(TopologyTest, WhatMakesNoSenseIsNoTopology) {
  for (const std::string_view reply :
       {"-LOADING Redis is loading the dataset in memory\r\n", ":1\r\n", "", "*1\r\n", "*-1\r\n",
        "*1\r\n*2\r\n:0\r\n:16384\r\n", "*1\r\n*2\r\n:5\r\n:4\r\n", "*1\r\n*2\r\n:-1\r\n:4\r\n",
        "*1\r\n*3\r\n:0\r\n:1\r\n*2\r\n$1\r\na\r\n:0\r\n", "*1\r\n*3\r\n:0\r\n:1\r\n*1\r\n:1\r\n",
        "*1\r\n*3\r\n:0\r\n:1\r\n*3\r\n$1\r\na\r\n:1\r\n*9223372036854775807\r\n"}) {
    EXPECT_FALSE(ReadClusterSlots(reply, kAsked).has_value()) << reply;
  }
}

// Whatever piece of it comes.
TEST(TopologyTest, ATruncatedReplyIsNone) {
  const std::string reply =
      "*1\r\n*3\r\n:0\r\n:1\r\n*4\r\n$1\r\na\r\n:7001\r\n$2\r\nm1\r\n*2\r\n$2\r\nip\r\n$1\r\nx\r\n";
  for (size_t size = 0; size < reply.size(); ++size)
    EXPECT_FALSE(ReadClusterSlots(std::string_view(reply).substr(0, size), kAsked)) << size;
  EXPECT_TRUE(ReadClusterSlots(reply, kAsked).has_value());
}

TEST(TopologyTest, ReadsTheEpoch) {
  EXPECT_EQ(ReadClusterEpoch("$40\r\ncluster_size:3\r\ncluster_current_epoch:17\r\n\r\n"), 17u);
  EXPECT_EQ(ReadClusterEpoch("-ERR no\r\n"), 0u);
}

TEST(TopologyTest, ReadsAddressesOfRedirects) {
  const auto read = [](std::string_view text) {
    const auto endpoint = ReadNodeAddress(text, kAsked);
    return endpoint.has_value() ? endpoint->ToString() : "none";
  };
  EXPECT_EQ(read("127.0.0.1:6379"), "127.0.0.1:6379");
  EXPECT_EQ(read("::1:6379"), "[::1]:6379");
  EXPECT_EQ(read("[::1]:6379"), "[::1]:6379");
  EXPECT_EQ(read("db-1.example.org:6380"), "db-1.example.org:6380");
  EXPECT_EQ(read(":6380"), "asked:6380");
  EXPECT_EQ(read("?:6379"), "asked:6379");
  Endpoint tls = kAsked;
  tls.tls = true;
  EXPECT_TRUE(ReadNodeAddress("127.0.0.1:6379", tls)->tls) << "as the one that was asked";
  EXPECT_EQ(read("6379"), "none");
  EXPECT_EQ(read("host:"), "none");
  EXPECT_EQ(read("host:70000"), "none");
}

}  // namespace
}  // namespace keyhole::core
