// Turns: who is called when, and how often.
#include "proxy/net/loop.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace keyhole::net {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

using Log = std::vector<std::string>;

class Someone final : public Loop::Member {
 public:
  Someone(Loop& loop, Loop::Writes writes, std::string name, Log& log)
      : Member(loop, writes), name_(std::move(name)), log_(log) {}

  using Member::ProbeEofLater;
  using Member::ReadInTurn;
  using Member::WriteInTurn;

  bool has_more = false;
  int probes = 0;

 private:
  void ReadIn() override {
    log_.push_back(name_ + " reads");
    WriteInTurn();
    if (has_more) ReadInTurn();
  }
  void WriteOut() override { log_.push_back(name_ + " writes"); }
  void OnReadable() override {}
  void OnWritable() override {}
  void OnShortRead() override {}
  bool ProbeEof() override {
    log_.push_back(name_ + " probes");
    return --probes > 0;
  }

  const std::string name_;
  Log& log_;
};

class LoopTest : public testing::Test {
 protected:
  using Writes = Loop::Writes;

  boost::intrusive_ptr<Someone> Make(Writes writes, std::string name) {
    return new Someone(loop_, writes, std::move(name), log_);
  }
  Log Happened() {
    loop_.RunReady();
    return std::exchange(log_, {});
  }

  Log log_;
  Loop loop_{[this] { log_.emplace_back("clock"); }};
};

TEST_F(LoopTest, ATurnReadsAllThenWritesLinksThenClients) {
  const auto client = Make(Writes::kLast, "client");
  const auto link = Make(Writes::kFirst, "link");
  client->ReadInTurn();
  link->ReadInTurn();
  EXPECT_THAT(Happened(),
              ElementsAre("clock", "client reads", "link reads", "link writes", "client writes"));
}

TEST_F(LoopTest, AskedForTwiceIsDoneOnce) {
  const auto client = Make(Writes::kLast, "client");
  client->WriteInTurn();
  client->WriteInTurn();
  EXPECT_THAT(Happened(), ElementsAre("clock", "client writes"));
  EXPECT_THAT(Happened(), IsEmpty());
  client->WriteInTurn();
  EXPECT_THAT(Happened(), ElementsAre("clock", "client writes")) << "and again when asked again";
}

// Who has more to read waits for the next turn, so that the others are written first.
TEST_F(LoopTest, NobodyStarves) {
  const auto busy = Make(Writes::kLast, "busy");
  const auto other = Make(Writes::kLast, "other");
  busy->has_more = true;
  busy->ReadInTurn();
  other->ReadInTurn();
  loop_.context().poll_one();
  EXPECT_THAT(log_,
              ElementsAre("clock", "busy reads", "other reads", "busy writes", "other writes"));
  busy->has_more = false;
  log_.clear();
  EXPECT_THAT(Happened(), ElementsAre("clock", "busy reads", "busy writes"));
}

TEST_F(LoopTest, TheClockIsReadOncePerTurn) {
  const auto client = Make(Writes::kLast, "client");
  loop_.BeginTurn();
  loop_.BeginTurn();
  client->WriteInTurn();
  EXPECT_THAT(Happened(), ElementsAre("clock", "client writes"));
  loop_.BeginTurn();
  EXPECT_THAT(Happened(), ElementsAre("clock"));
}

TEST_F(LoopTest, WhoWaitsForATurnIsKeptAlive) {
  Make(Writes::kLast, "client")->WriteInTurn();
  EXPECT_THAT(Happened(), ElementsAre("clock", "client writes"));
}

TEST_F(LoopTest, LinksCanBeWrittenAtOnce) {
  const auto client = Make(Writes::kLast, "client");
  const auto link = Make(Writes::kFirst, "link");
  client->WriteInTurn();
  link->WriteInTurn();
  loop_.WriteFirst();
  EXPECT_THAT(log_, ElementsAre("link writes"));
  EXPECT_THAT(Happened(), ElementsAre("link writes", "clock", "client writes"));
}

TEST_F(LoopTest, AnEndIsProbedForWithEachTickUntilThatIsOver) {
  const auto client = Make(Writes::kLast, "client");
  client->probes = 2;
  client->ProbeEofLater();
  EXPECT_THAT(log_, IsEmpty());
  for (int i = 0; i < 5; ++i) loop_.Tick();
  EXPECT_THAT(log_, ElementsAre("client probes", "client probes"));
}

TEST_F(LoopTest, ItRunsUntilItIsFinished) {
  loop_.Post([this] {
    log_.emplace_back("posted");
    loop_.Finish();
  });
  loop_.Run();
  EXPECT_THAT(log_, ElementsAre("posted"));
}

}  // namespace
}  // namespace keyhole::net
