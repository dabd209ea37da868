// The consistency checker: writers and readers as checker.h has them, hundreds of thousands of
// operations, while connections are cut, Redis is killed or stands still. Nothing may ever be told
// that is older than it may be.
//
// It finds what it is to find: each rule is broken once, from outside, and must be missed.
//
// KEYHOLE_CHECK_SECONDS says how long each part runs (2 s).
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "tests/integration/near_cache/checker.h"
#include "tests/integration/near_cache/relay.h"
#include "tests/support/keyhole_process.h"
#include "tests/support/redis_server.h"

namespace keyhole::test {
namespace {

using std::chrono::milliseconds;

Clock::duration CheckTime() {
  const char* const seconds = std::getenv("KEYHOLE_CHECK_SECONDS");
  return std::chrono::seconds(seconds == nullptr ? 2 : std::max(1, std::atoi(seconds)));
}

class NearConsistency : public testing::Test {
 protected:
  void Start(std::vector<std::string> options = {}) {
    options.insert(
        options.end(),
        {"--upstream", "redis://127.0.0.1:" + std::to_string(relay_.port()), "--near-cache", "4mb",
         "--near-cache-prefix", "near:", "--near-cache-min-reads", "1"});
    proxy_ = std::make_unique<KeyholeProcess>(options);
    proxy_->AwaitMetric("keyhole_near_cache_workers{state=\"ready\"}", 1);
    work_.proxy = proxy_->port();
    work_.redis = redis_.port();
  }

  // Runs all writers and readers for the time, and meanwhile, over and over, what disturbs them.
  void Run(const std::function<void()>& disturb = {}) {
    std::vector<std::unique_ptr<Writer>> writers;
    std::vector<std::unique_ptr<Reader>> readers;
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i) {
      writers.push_back(
          std::make_unique<Writer>(ledger_, work_, i, 100u + static_cast<unsigned>(i)));
      threads.emplace_back([&writer = *writers.back()] { writer.Run(); });
    }
    for (unsigned i = 0; i < 6; ++i) {
      readers.push_back(std::make_unique<Reader>(ledger_, work_, 200u + i));
      threads.emplace_back([&reader = *readers.back()] { reader.Run(); });
    }
    const auto until = Clock::now() + CheckTime();
    while (Clock::now() < until && ledger_.problems().empty()) {
      if (disturb) disturb();
      std::this_thread::sleep_for(milliseconds(20));
    }
    hits_ = proxy_->Metric("keyhole_near_cache_hits_total{kind=\"value\"}");
    ledger_.stop = true;
    relay_.set(Relay::Harm::kNone);
    for (std::thread& thread : threads) thread.join();
    RecordProperty("reads", static_cast<int>(ledger_.reads));
    RecordProperty("writes", static_cast<int>(ledger_.writes));
    RecordProperty("near_hits", static_cast<int>(hits_));
    std::printf("  %lu reads, %lu of them near, %lu writes\n",
                static_cast<unsigned long>(ledger_.reads), static_cast<unsigned long>(hits_),
                static_cast<unsigned long>(ledger_.writes));
  }
  void ExpectNoProblem() const {
    for (const std::string& problem : ledger_.problems()) ADD_FAILURE() << problem;
    // Or it would have been shown of nothing.
    EXPECT_GT(ledger_.reads, 1000u);
    EXPECT_GT(hits_, 100);
  }
  void ExpectProblem() const { EXPECT_FALSE(ledger_.problems().empty()) << "nobody noticed"; }

  void KillNearConnection() {
    RawClient admin = RawClient::Connect(redis_.port());
    const std::string list = admin.Ask({"CLIENT", "LIST"});
    const size_t name = list.find("name=keyhole-near");
    if (name == std::string::npos) return;
    const size_t id = list.rfind("id=", name) + 3;
    admin.Ask({"CLIENT", "KILL", "ID", list.substr(id, list.find(' ', id) - id)});
  }

  RedisServer redis_;
  Relay relay_{redis_.port()};
  std::unique_ptr<KeyholeProcess> proxy_;
  Ledger ledger_;
  Workload work_;
  double hits_ = 0;
};

TEST_F(NearConsistency, NothingIsReadBackwards) {
  work_.empties = false;
  Start();
  Run();
  ExpectNoProblem();
}

TEST_F(NearConsistency, NorWhenKeysExpireAndTheDatabaseIsEmptied) {
  Start();
  Run();
  ExpectNoProblem();
}

TEST_F(NearConsistency, NorWithTwoWorkers) {
  Start({"--workers", "2"});
  Run();
  ExpectNoProblem();
}

TEST_F(NearConsistency, NorWhenClientsDoNotShareConnections) {
  Start({"--sharing", "off"});
  Run();
  ExpectNoProblem();
}

TEST_F(NearConsistency, NorWhenTheNearConnectionIsKilled) {
  Start();
  Run([this] { KillNearConnection(); });
  ExpectNoProblem();
}

TEST_F(NearConsistency, NorWhenTheNearConnectionIsSlow) {
  Start();
  Run([this] {
    relay_.set(Relay::Harm::kSlow, milliseconds(40));
    std::this_thread::sleep_for(milliseconds(300));
    relay_.set(Relay::Harm::kNone);
    std::this_thread::sleep_for(milliseconds(300));
  });
  ExpectNoProblem();
}

TEST_F(NearConsistency, NorWhenTheNearConnectionFallsSilent) {
  Start({"--near-cache-heartbeat", "100ms"});
  work_.bound = milliseconds(700);
  Run([this] {
    relay_.set(Relay::Harm::kSilence);
    std::this_thread::sleep_for(milliseconds(300));
    relay_.set(Relay::Harm::kNone);
    std::this_thread::sleep_for(milliseconds(500));
  });
  ExpectNoProblem();
}

TEST_F(NearConsistency, NorWhenRedisStandsStill) {
  Start({"--near-cache-heartbeat", "100ms"});
  work_.losses = true;
  Run([this] {
    redis_.Pause();
    std::this_thread::sleep_for(milliseconds(400));
    redis_.Resume();
    std::this_thread::sleep_for(milliseconds(400));
  });
  ExpectNoProblem();
}

TEST_F(NearConsistency, NorWhenRedisIsKilled) {
  Start();
  work_.losses = true;
  Run([this] {
    std::this_thread::sleep_for(milliseconds(500));
    redis_.Kill();
    redis_.Start();
  });
  ExpectNoProblem();
}

TEST_F(NearConsistency, InEventualModeOwnWritesAreSeenAndTheBoundHolds) {
  work_.check_order = false;
  Start({"--near-cache-consistency", "eventual"});
  Run();
  ExpectNoProblem();
}

// ---- The checker notices

TEST_F(NearConsistency, TheCheckerNoticesWhenNoFenceIsAskedFor) {
  work_.empties = false;
  Start({"--near-cache-consistency", "eventual"});
  relay_.set(Relay::Harm::kSlow, milliseconds(10));
  Run();
  ExpectProblem();
}

TEST_F(NearConsistency, TheCheckerNoticesWhenAFenceOvertakesInvalidations) {
  work_.empties = false;
  Start();
  relay_.set(Relay::Harm::kLatePushes, milliseconds(30));
  Run();
  ExpectProblem();
}

TEST_F(NearConsistency, TheCheckerNoticesWhenRedisTellsNothing) {
  work_.check_order = false;
  work_.empties = false;
  work_.bound = milliseconds(400);
  Start();
  relay_.set(Relay::Harm::kNoPushes);
  Run();
  ExpectProblem();
}

}  // namespace
}  // namespace keyhole::test
