// The small pieces of the way to a cluster: refusals, splitting, merging, SCAN's cursor, and what
// is changed in INFO and HELLO.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "proxy/links/cluster/gather.h"
#include "proxy/links/cluster/refusal.h"
#include "proxy/links/cluster/scan_cursor.h"
#include "proxy/links/cluster/splitter.h"
#include "proxy/links/cluster/standalone.h"
#include "proxy/links/cluster/treatment.h"

namespace keyhole::core {
namespace {

using Kind = Refusal::Kind;
using testing::ElementsAre;

TEST(RefusalTest, KnowsWhatANodeSays) {
  const Refusal moved = ReadRefusal("-MOVED 3999 127.0.0.1:6381\r\n");
  EXPECT_EQ(moved.kind, Kind::kMoved);
  EXPECT_EQ(moved.slot, 3999);
  EXPECT_EQ(moved.address, "127.0.0.1:6381");
  EXPECT_EQ(ReadRefusal("-ASK 0 :6381\r\n").kind, Kind::kAsk);
  EXPECT_EQ(ReadRefusal("-TRYAGAIN Multiple keys request during rehashing of slot\r\n").kind,
            Kind::kTryAgain);
  EXPECT_EQ(ReadRefusal("-CLUSTERDOWN The cluster is down\r\n").kind, Kind::kNotReady);
  EXPECT_EQ(ReadRefusal("-CLUSTERDOWN Hash slot not served\r\n").kind, Kind::kNotReady);
  EXPECT_EQ(ReadRefusal("-LOADING Redis is loading the dataset in memory\r\n").kind,
            Kind::kNotReady);
}

// redis.error_reply('TRYAGAIN later') has run.
TEST(RefusalTest, AScriptsOwnWordsAreNone) {
  for (const std::string_view line :
       {"-TRYAGAIN later\r\n", "-MOVED away\r\n", "-MOVED 16384 a:1\r\n", "-MOVED 1 a:1 b\r\n",
        "-MOVEDX 1 a:1\r\n", "-CLUSTERDOWN\r\n", "-ERR MOVED 1 a:1\r\n", "+MOVED 1 a:1\r\n",
        "-MOVED 1 a:1", "", "-\r\n",
        "-ERR Script attempted to access a non local key in a cluster node script: x\r\n"}) {
    EXPECT_EQ(ReadRefusal(line).kind, Kind::kNone) << line;
  }
}

TEST(SplitterTest, MakesARequestForEachSlot) {
  const std::vector<std::string_view> args{"MGET", "{a}1", "{b}1", "{a}2"};
  const auto requests = SplitBySlot(resp::Spec(resp::CommandId::kMget), args);
  ASSERT_EQ(requests.size(), 2u);
  EXPECT_EQ(requests[0].bytes, "*3\r\n$4\r\nMGET\r\n$4\r\n{a}1\r\n$4\r\n{a}2\r\n");
  EXPECT_THAT(requests[0].places, ElementsAre(0u, 2u));
  EXPECT_EQ(requests[1].bytes, "*2\r\n$4\r\nMGET\r\n$4\r\n{b}1\r\n");
  EXPECT_THAT(requests[1].places, ElementsAre(1u));
}

TEST(SplitterTest, ValuesGoWithTheirKeys) {
  const std::vector<std::string_view> args{"MSET", "a", "1", "b", "2"};
  const auto requests = SplitBySlot(resp::Spec(resp::CommandId::kMset), args);
  ASSERT_EQ(requests.size(), 2u);
  EXPECT_EQ(requests[1].bytes, "*3\r\n$4\r\nMSET\r\n$1\r\nb\r\n$1\r\n2\r\n");
}

std::string Merge(Merging merging, const std::vector<std::string>& replies) {
  std::vector<PartialReply> parts;
  for (const std::string& reply : replies) parts.push_back({reply, {}});
  return MergeReplies(merging, parts, 1);
}

TEST(GatherTest, PutsElementsInTheOrderOfTheKeys) {
  const std::vector<uint32_t> first{0, 2};
  const std::vector<uint32_t> second{1};
  const std::vector<PartialReply> parts{{"*2\r\n$1\r\na\r\n$-1\r\n", first},
                                        {"*1\r\n$2\r\nbb\r\n", second}};
  EXPECT_EQ(MergeReplies(Merging::kByKey, parts, 0), "*3\r\n$1\r\na\r\n$2\r\nbb\r\n$-1\r\n");
}

TEST(GatherTest, MergesAsTheTipsSay) {
  EXPECT_EQ(Merge(Merging::kSum, {":1\r\n", ":41\r\n"}), ":42\r\n");
  EXPECT_EQ(Merge(Merging::kFirst, {"+OK\r\n", "+OK\r\n"}), "+OK\r\n");
  EXPECT_EQ(Merge(Merging::kConcat, {"*1\r\n:1\r\n", "*0\r\n", "*1\r\n*1\r\n:2\r\n"}),
            "*2\r\n:1\r\n*1\r\n:2\r\n");
  EXPECT_EQ(Merge(Merging::kUnion, {"*2\r\n$1\r\na\r\n$1\r\nb\r\n", "*1\r\n$1\r\na\r\n"}),
            "*2\r\n$1\r\na\r\n$1\r\nb\r\n");
  EXPECT_EQ(Merge(Merging::kAnd, {"*2\r\n:1\r\n:1\r\n", "*2\r\n:1\r\n:0\r\n"}),
            "*2\r\n:1\r\n:0\r\n");
  EXPECT_EQ(Merge(Merging::kSumPairs, {"*4\r\n$1\r\na\r\n:1\r\n$1\r\nb\r\n:0\r\n",
                                       "*4\r\n$1\r\na\r\n:2\r\n$1\r\nb\r\n:0\r\n"}),
            "*4\r\n$1\r\na\r\n:3\r\n$1\r\nb\r\n:0\r\n");
  EXPECT_EQ(Merge(Merging::kAnyValue, {"$-1\r\n", "$1\r\na\r\n"}), "$1\r\na\r\n");
  EXPECT_EQ(Merge(Merging::kAnyValue, {"$-1\r\n", "$-1\r\n"}), "$-1\r\n");
  EXPECT_EQ(Merge(Merging::kOneIsFine, {"-NOTBUSY No scripts\r\n", "+OK\r\n"}), "+OK\r\n");
  EXPECT_EQ(Merge(Merging::kOneIsFine, {"-NOTBUSY No scripts\r\n"}), "-NOTBUSY No scripts\r\n");
  EXPECT_EQ(Merge(Merging::kWhereKeyIs, {"-ERR no such key\r\n", "+Value\r\n"}), "+Value\r\n");
  EXPECT_EQ(Merge(Merging::kWhereKeyIs, {"-ERR no such key\r\n"}), "-ERR no such key\r\n");
}

TEST(GatherTest, AnErrorOfOneIsTheReply) {
  EXPECT_EQ(Merge(Merging::kSum, {":1\r\n", "-OOM no\r\n"}), "-OOM no\r\n");
  EXPECT_EQ(Merge(Merging::kFirst, {"+OK\r\n", "-OOM no\r\n"}), "-OOM no\r\n");
}

// DEBUG RELOAD that one of three masters could not do was told as OK.
TEST(GatherTest, WhatFailsOnOneMasterIsNotHidden) {
  EXPECT_EQ(Merge(Merging::kWhereKeyIs, {"+OK\r\n", "-ERR Error trying to load\r\n", "+OK\r\n"}),
            "-ERR Error trying to load\r\n");
}

TEST(GatherTest, WhatDoesNotFitTogetherIsAnError) {
  EXPECT_THAT(Merge(Merging::kSum, {":1\r\n", "+OK\r\n"}), testing::StartsWith("-ERR keyhole"));
  EXPECT_THAT(Merge(Merging::kConcat, {"*0\r\n", ":1\r\n"}), testing::StartsWith("-ERR keyhole"));
  EXPECT_THAT(Merge(Merging::kAnd, {"*1\r\n:1\r\n", "*2\r\n:1\r\n:1\r\n"}),
              testing::StartsWith("-ERR keyhole"));
}

TEST(ScanCursorTest, WalksOneMasterAfterTheOther) {
  EXPECT_EQ(WithClientCursor("*2\r\n$1\r\n0\r\n*1\r\n$1\r\na\r\n", 0, 2),
            "*2\r\n$1\r\n1\r\n*1\r\n$1\r\na\r\n");
  EXPECT_EQ(ScanCursor::Read("1").master, 1u);
  EXPECT_EQ(ScanCursor::Read("1").text, "0");
  EXPECT_EQ(WithClientCursor("*2\r\n$1\r\n0\r\n*0\r\n", 1, 2), "*2\r\n$1\r\n0\r\n*0\r\n");
}

TEST(ScanCursorTest, KeepsTheMastersOwnCursor) {
  const std::string reply = WithClientCursor("*2\r\n$2\r\n17\r\n*0\r\n", 1, 2);
  EXPECT_EQ(reply, "*2\r\n$5\r\n17409\r\n*0\r\n");
  EXPECT_EQ(ScanCursor::Read("17409").master, 1u);
  EXPECT_EQ(ScanCursor::Read("17409").text, "17");
}

TEST(ScanCursorTest, WhatIsNoCursorGoesToAMasterAsItIs) {
  EXPECT_EQ(ScanCursor::Read("abc").text, "abc");
  EXPECT_EQ(WithClientCursor("-ERR invalid cursor\r\n", 0, 2), "-ERR invalid cursor\r\n");
}

TEST(StandaloneTest, HidesTheClusterInInfoAndHello) {
  EXPECT_EQ(StandaloneInfo("$20\r\nredis_mode:cluster\r\n\r\n"),
            "$23\r\nredis_mode:standalone\r\n\r\n");
  EXPECT_EQ(StandaloneInfo("$19\r\ncluster_enabled:1\r\n\r\n"), "$19\r\ncluster_enabled:0\r\n\r\n");
  EXPECT_EQ(StandaloneInfo("-NOPERM\r\n"), "-NOPERM\r\n");
  EXPECT_EQ(StandaloneHello("*2\r\n$4\r\nmode\r\n$7\r\ncluster\r\n"),
            "*2\r\n$4\r\nmode\r\n$10\r\nstandalone\r\n");
}

}  // namespace
}  // namespace keyhole::core
