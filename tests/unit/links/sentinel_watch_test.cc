// Where the master is: what Sentinels say, disagree about and keep to themselves.
#include "proxy/links/sentinel/sentinel_watch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <initializer_list>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "metrics/snapshot.h"
#include "resp/reply_writer.h"

namespace keyhole::test {
namespace {

using core::Endpoint;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// A link that wants to get to the master.
class End final : public core::UpstreamEnd {
 public:
  void BindTransport(core::Transport*) override {}
  void OnConnected() override {}
  bool OnRead(std::string_view) override { return true; }
  bool wants_read() const override { return true; }
  std::string_view PrepareWrite() const override { return {}; }
  void CommitWrite(size_t) override {}
  bool wants_shutdown() const override { return false; }
  bool gone() const override { return is_gone; }
  void OnDisconnected() override {}
  void Retain() override {}
  void Release() override {}

  bool is_gone = false;
};

std::string Bulk(std::string_view text) {
  return "$" + std::to_string(text.size()) + "\r\n" + std::string(text) + "\r\n";
}

std::string Instance(const std::string& port, const std::string& epoch) {
  return "%3\r\n" + Bulk("ip") + Bulk("10.0.0.1") + Bulk("port") + Bulk(port) +
         Bulk("config-epoch") + Bulk(epoch);
}

class SentinelWatchTest : public testing::Test, public core::Connector {
 protected:
  SentinelWatchTest() {
    context_.now = core::Instant(std::chrono::hours(1));
    context_.log = [this](core::LogLevel, std::string_view line) {
      log_.append(line).append("\n");
    };
    options_.master = "m";
    for (const uint16_t port : std::initializer_list<uint16_t>{1, 2, 3}) {
      options_.endpoints.push_back(Endpoint::Tcp("10.0.0.9", port));
    }
    watch_ = Make();
  }
  ~SentinelWatchTest() override { watch_->Stop(); }

  // ---- the edge
  void Connect(core::UpstreamEnd& end, const Endpoint& endpoint) override {
    if (endpoint.host == "10.0.0.9") {
      sentinels_[endpoint.port] = boost::intrusive_ptr<core::UpstreamEnd>(&end);
    } else if (endpoint.port == kReplica) {
      scout_ = boost::intrusive_ptr<core::UpstreamEnd>(&end);
    } else {
      connected_.push_back(endpoint.port);
    }
  }
  std::unique_ptr<core::SentinelWatch> Make() {
    return std::make_unique<core::SentinelWatch>(
        context_, options_, us_, *this,
        [this](const Endpoint& endpoint) { cut_.push_back(endpoint.port); });
  }

  // The Sentinel at this port is connected, and has been asked.
  void Meet(uint16_t port) {
    sentinels_.at(port)->OnConnected();
    Hear(port);
    Say(port, "%1\r\n$6\r\nserver\r\n$5\r\nredis\r\n>3\r\n$9\r\nsubscribe\r\n$1\r\nc\r\n:1\r\n");
  }
  std::string Hear(uint16_t port) {
    std::string heard(sentinels_.at(port)->PrepareWrite());
    sentinels_.at(port)->CommitWrite(heard.size());
    return heard;
  }
  // In as many pieces as it has bytes.
  void Say(uint16_t port, std::string_view bytes) {
    const boost::intrusive_ptr<core::UpstreamEnd> sentinel = sentinels_.at(port);
    for (const char& byte : bytes) {
      if (!sentinel->OnRead({&byte, 1})) return sentinel->OnDisconnected();
    }
  }
  // Answers what it was asked: the master is at this port since that epoch.
  void Name(uint16_t port, const std::string& master, const std::string& epoch,
            const std::string& others = "*0\r\n") {
    Hear(port);
    Say(port, "*2\r\n" + Bulk("10.0.0.1") + Bulk(master) + Instance("99", epoch) + others);
  }
  void Pass(std::chrono::milliseconds time) {
    context_.now += time;
    watch_->Tick();
  }

  static constexpr uint16_t kAll[] = {1, 2, 3};  // Sentinels
  static constexpr uint16_t kReplica = 7777;     // is going to be promoted

  // A Sentinel says that it is promoting it.
  void Promote(const std::string& of = "m") {
    Say(1, ">3\r\n" + Bulk("message") + Bulk("+failover-state-wait-promotion") +
               Bulk("slave 10.0.0.1:7777 10.0.0.1 7777 @ " + of + " 10.0.0.1 6379"));
  }
  // What it is asked for, and what it answers.
  void AnswerRole(const std::string& role) {
    const std::string asked(scout_->PrepareWrite());
    EXPECT_THAT(asked, HasSubstr("role\r\n"));
    scout_->CommitWrite(asked.size());
    const auto scout = scout_;
    if (!scout->OnRead("*3\r\n" + Bulk(role) + ":0\r\n*0\r\n")) scout->OnDisconnected();
  }

  boost::intrusive_ptr<core::UpstreamEnd> scout_;
  metrics::KeyDirectory directory_{8};
  metrics::WorkerMetrics metrics_{directory_};
  core::LinkContext context_{metrics_};
  core::Sentinels options_;
  core::SessionState us_;
  std::unique_ptr<core::SentinelWatch> watch_;
  std::map<uint16_t, boost::intrusive_ptr<core::UpstreamEnd>> sentinels_;
  End link_;
  std::vector<uint16_t> connected_;
  std::vector<uint16_t> cut_;
  std::string log_;
};

TEST_F(SentinelWatchTest, WhoWantsToConnectWaitsForAMaster) {
  watch_->Start();
  watch_->Connect(link_, Endpoint());
  EXPECT_THAT(connected_, IsEmpty());
  Meet(1);
  Name(1, "6379", "0");
  EXPECT_THAT(connected_, ElementsAre(6379));
  watch_->Connect(link_, Endpoint());
  EXPECT_THAT(connected_, ElementsAre(6379, 6379));
}

TEST_F(SentinelWatchTest, WhoIsGoneMeanwhileIsNotConnected) {
  watch_->Start();
  watch_->Connect(link_, Endpoint());
  link_.is_gone = true;
  Meet(1);
  Name(1, "6379", "0");
  EXPECT_THAT(connected_, IsEmpty());
}

TEST_F(SentinelWatchTest, ItSubscribesBeforeItAsks) {
  watch_->Start();
  sentinels_.at(1)->OnConnected();
  const std::string said = Hear(1);
  EXPECT_LT(said.find("+switch-master"), said.find("get-master-addr-by-name"));
  EXPECT_THAT(said, HasSubstr("$5\r\nhello\r\n$1\r\n3\r\n"));
}

TEST_F(SentinelWatchTest, AFailoverCutsTheOldMasterOff) {
  watch_->Start();
  Meet(1);
  Name(1, "6379", "1");
  Say(1,
      ">3\r\n" + Bulk("message") + Bulk("+switch-master") + Bulk("m 10.0.0.1 6379 10.0.0.1 6380"));
  EXPECT_THAT(cut_, IsEmpty()) << "an event has no epoch: the Sentinel is asked";
  Name(1, "6380", "2");
  EXPECT_THAT(cut_, ElementsAre(6379));
  watch_->Connect(link_, Endpoint());
  EXPECT_THAT(connected_, ElementsAre(6380));
  EXPECT_THAT(log_, HasSubstr("the master of m is 10.0.0.1:6380, no longer 10.0.0.1:6379"));
}

// Sentinels look once a second whether the one that they promote is a master yet.
TEST_F(SentinelWatchTest, AReplicaThatIsPromotedIsAskedItself) {
  watch_->Start();
  for (const uint16_t port : kAll) {
    Meet(port);
    Name(port, "6379", "4");
  }
  Promote("another");
  EXPECT_EQ(scout_, nullptr);
  Promote();
  scout_->OnConnected();
  AnswerRole("slave");
  EXPECT_THAT(cut_, IsEmpty());
  Pass(std::chrono::milliseconds(100));
  AnswerRole("slave");
  // Its connections are closed when it is promoted.
  const auto first = scout_;
  first->OnDisconnected();
  EXPECT_NE(scout_, first);
  scout_->OnConnected();
  AnswerRole("master");
  EXPECT_THAT(cut_, ElementsAre(6379));
  EXPECT_EQ(watch_->master()->endpoint.port, kReplica);
  // The Sentinels still say otherwise, then one after the other what is so.
  for (int seconds = 0; seconds < 12; ++seconds) {
    Pass(std::chrono::seconds(1));
    for (const uint16_t port : kAll) {
      const bool knows = seconds > port;
      Name(port, knows ? "7777" : "6379", knows ? "5" : "4");
    }
    EXPECT_THAT(cut_, ElementsAre(6379)) << seconds;
  }
  EXPECT_EQ(watch_->master()->endpoint.port, kReplica);
  EXPECT_EQ(watch_->master()->epoch, 5);
}

TEST_F(SentinelWatchTest, APromotionThatNoSentinelConfirmsIsGivenUp) {
  watch_->Start();
  for (const uint16_t port : kAll) {
    Meet(port);
    Name(port, "6379", "4");
  }
  Promote();
  scout_->OnConnected();
  AnswerRole("master");
  EXPECT_THAT(cut_, ElementsAre(6379));
  for (int seconds = 0; seconds < 10; ++seconds) {
    EXPECT_EQ(watch_->master()->endpoint.port, kReplica) << seconds;
    Pass(std::chrono::seconds(1));
    for (const uint16_t port : kAll) Name(port, "6379", "4");
  }
  EXPECT_EQ(watch_->master()->endpoint.port, 6379);
  EXPECT_THAT(cut_, ElementsAre(6379, kReplica));
}

TEST_F(SentinelWatchTest, APromotionThatNeverComesIsForgotten) {
  watch_->Start();
  Meet(1);
  Name(1, "6379", "4");
  Promote();
  scout_->OnConnected();
  AnswerRole("slave");
  context_.now += core::SentinelWatch::kUnconfirmed;
  watch_->Tick();
  EXPECT_TRUE(scout_->gone());
  EXPECT_EQ(watch_->master()->endpoint.port, 6379);
}

TEST_F(SentinelWatchTest, AStaleSentinelIsNotBelieved) {
  watch_->Start();
  Meet(1);
  Name(1, "6380", "2");
  Meet(2);
  Name(2, "6379", "1");
  EXPECT_THAT(cut_, IsEmpty());
  // Nor when it is the only one left.
  sentinels_.at(1)->OnDisconnected();
  Pass(std::chrono::seconds(1));
  Name(2, "6379", "1");
  EXPECT_THAT(cut_, IsEmpty());
  EXPECT_EQ(watch_->master()->endpoint.port, 6380);
}

TEST_F(SentinelWatchTest, ALowerEpochThatMostOfThemNameIsBelieved) {
  watch_->Start();
  Meet(1);
  Name(1, "6380", "7");
  Meet(2);
  Name(2, "6379", "0");
  EXPECT_THAT(cut_, IsEmpty());
  Meet(3);
  Name(3, "6379", "0");
  EXPECT_THAT(cut_, IsEmpty()) << "the first one still says otherwise";
  Pass(std::chrono::seconds(1));
  Name(1, "6379", "0");
  EXPECT_THAT(cut_, ElementsAre(6380));
}

TEST_F(SentinelWatchTest, WithoutAnySentinelTheMasterStays) {
  watch_->Start();
  Meet(1);
  Name(1, "6379", "1");
  sentinels_.at(1)->OnDisconnected();
  watch_->Connect(link_, Endpoint());
  EXPECT_THAT(connected_, ElementsAre(6379));
}

TEST_F(SentinelWatchTest, AskedEachSecondAndGivenUpInSilence) {
  watch_->Start();
  Meet(1);
  Name(1, "6379", "1");
  Pass(std::chrono::milliseconds(900));
  EXPECT_EQ(Hear(1), "");
  Pass(std::chrono::milliseconds(100));
  EXPECT_THAT(Hear(1), HasSubstr("get-master-addr-by-name"));
  const auto silent = sentinels_.at(1);
  Pass(std::chrono::seconds(3));
  EXPECT_TRUE(silent->gone());
  Pass(std::chrono::milliseconds(100));
  EXPECT_NE(sentinels_.at(1), silent) << "connected again";
}

TEST_F(SentinelWatchTest, AskedWhenSomebodyHasLostItsMaster) {
  watch_->Start();
  Meet(1);
  Name(1, "6379", "1");
  EXPECT_EQ(Hear(1), "");
  watch_->Connect(link_, Endpoint());
  EXPECT_THAT(Hear(1), HasSubstr("get-master-addr-by-name"));
}

TEST_F(SentinelWatchTest, OthersAreLearnt) {
  watch_->Start();
  Meet(1);
  std::string others = "*20\r\n";
  for (int i = 0; i < 20; ++i) {
    others += "%2\r\n" + Bulk("ip") + Bulk("10.0.0.9") + Bulk("port") + Bulk(std::to_string(3 + i));
  }
  Name(1, "6379", "1", others);
  Pass(std::chrono::milliseconds(100));
  EXPECT_EQ(sentinels_.size(), core::SentinelWatch::kMost);
  EXPECT_TRUE(sentinels_.contains(16));
}

TEST_F(SentinelWatchTest, WhatIsNoSentinelIsSaidOnce) {
  watch_->Start();
  for (int i = 0; i < 3; ++i) {
    Meet(1);
    Say(1, "-ERR unknown command 'sentinel', with args\r\n-ERR unknown command\r\n");
    Pass(std::chrono::seconds(2));
  }
  EXPECT_EQ(
      log_,
      "the Sentinel 10.0.0.9:1 is not used: it is no Sentinel, it answers SENTINEL MASTER with "
      "ERR unknown command\n");
}

TEST_F(SentinelWatchTest, AnUnknownMasterIsSaid) {
  watch_->Start();
  Meet(1);
  Say(1, "_\r\n-ERR No such master with that name\r\n");
  EXPECT_THAT(log_, HasSubstr("it knows no master 'm'"));
}

TEST_F(SentinelWatchTest, GarbageEndsTheConnection) {
  for (const char* garbage :
       {"$3\r\nfoo\r\n$3\r\nfoo\r\n", "*2\r\n+10.0.0.1\r\n+70000\r\n%0\r\n", "HTTP/1.1 400\r\n",
        "*2\r\n+h\r\n+1\r\n%1\r\n+config-epoch\r\n+x\r\n", ":1\r\n:1\r\n:1\r\n:1\r\n"}) {
    sentinels_.clear();
    watch_ = Make();
    watch_->Start();
    Meet(1);
    const auto sentinel = sentinels_.at(1);
    Say(1, garbage);
    EXPECT_TRUE(sentinel->gone()) << garbage;
    EXPECT_FALSE(watch_->master().has_value()) << garbage;
    watch_->Stop();
  }
}

}  // namespace
}  // namespace keyhole::test
