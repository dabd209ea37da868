// Clients that wait for keys, and who is served when: with the commands of lists.
#include "proxy/store/waiting.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <set>
#include <sstream>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "proxy/store/store.h"

namespace keyhole::store {
namespace {

using testing::HasSubstr;

class Waiter final : public Doorbell {
 public:
  explicit Waiter(Store& store, UnixMillis& now)
      : store_(store), now_(now), client_(store.Connect("127.0.0.1:50000", now, this)) {}

  Outcome Run(const std::string& line, std::string* reply) {
    std::istringstream words(line);
    std::vector<std::string> args;
    for (std::string word; words >> word;) args.push_back(word);
    const std::vector<std::string_view> views(args.begin(), args.end());
    resp::ByteQueue out;
    const Outcome outcome = store_.Execute(*client_, resp::Find(views), views, now_, &out);
    *reply = out.Data();
    return outcome;
  }
  // What is answered at once.
  std::string Ask(const std::string& line) {
    std::string reply;
    EXPECT_EQ(Run(line, &reply), Outcome::kReplied) << line;
    return reply;
  }
  void Wait(const std::string& line) {
    std::string reply;
    EXPECT_EQ(Run(line, &reply), Outcome::kWaiting) << line;
    EXPECT_EQ(reply, "");
  }
  // What has come since, as it is told to fetch it. "waits": nothing, and it waits on.
  std::string Come() {
    resp::ByteQueue out;
    const bool answered = store_.TakeMessages(*client_, &out);
    return answered ? std::string(out.Data()) : "waits";
  }
  int rings() const { return rings_; }
  uint64_t id() const { return Store::IdOf(*client_); }
  bool closing() const { return Store::Closing(*client_); }

  void Ring(uint64_t) override { ++rings_; }

 private:
  Store& store_;
  UnixMillis& now_;
  std::atomic<int> rings_{0};
  Store::ClientPtr client_;
};

// Took `value` from `key`.
std::string Took(const std::string& key, const std::string& value) {
  const auto bulk = [](const std::string& text) {
    return "$" + std::to_string(text.size()) + "\r\n" + text + "\r\n";
  };
  return "*2\r\n" + bulk(key) + bulk(value);
}

constexpr std::string_view kNullArray = "*-1\r\n";

// With one worker, which holds no lock, and with more.
class WaitingStore : public testing::TestWithParam<int> {
 protected:
  UnixMillis now_ = 1'700'000'000'000;
  Store store_{StoreOptions{.workers = GetParam()}};
  Waiter ann_{store_, now_};
  Waiter bob_{store_, now_};
  Waiter pusher_{store_, now_};
};
INSTANTIATE_TEST_SUITE_P(Workers, WaitingStore, testing::Values(1, 4));

TEST_P(WaitingStore, WhatIsThereIsTakenAtOnce) {
  pusher_.Ask("RPUSH k 1");
  EXPECT_EQ(ann_.Ask("BLPOP k 0"), Took("k", "1"));
  EXPECT_EQ(ann_.rings(), 0);
}

TEST_P(WaitingStore, TheFirstWhoCameIsServedFirst) {
  ann_.Wait("BLPOP k 0");
  bob_.Wait("BLPOP k 0");
  EXPECT_EQ(pusher_.Ask("RPUSH k 1"), ":1\r\n");
  EXPECT_EQ(ann_.rings(), 1);
  EXPECT_EQ(ann_.Come(), Took("k", "1"));
  EXPECT_EQ(bob_.Come(), "waits");
  EXPECT_EQ(pusher_.Ask("EXISTS k"), ":0\r\n");
  ann_.Wait("BLPOP k 0");  // behind Bob now
  pusher_.Ask("RPUSH k 2");
  EXPECT_EQ(bob_.Come(), Took("k", "2"));
  EXPECT_EQ(ann_.Come(), "waits");
}

TEST_P(WaitingStore, WhoIsServedLeavesAllItsLines) {
  ann_.Wait("BLPOP a b a 0");
  bob_.Wait("BLPOP a 0");
  pusher_.Ask("RPUSH b 1");
  EXPECT_EQ(ann_.Come(), Took("b", "1"));
  pusher_.Ask("RPUSH a 2");
  EXPECT_EQ(bob_.Come(), Took("a", "2"));
  pusher_.Ask("RPUSH a 3");
  EXPECT_EQ(pusher_.Ask("LRANGE a 0 -1"), "*1\r\n$1\r\n3\r\n");
}

TEST_P(WaitingStore, OneCommandMayServeSeveral) {
  ann_.Wait("BLPOP a 0");
  bob_.Wait("BLPOP b 0");
  pusher_.Ask("MULTI");
  pusher_.Ask("RPUSH b 1");
  pusher_.Ask("RPUSH a 2");
  pusher_.Ask("EXEC");
  EXPECT_EQ(ann_.Come(), Took("a", "2"));
  EXPECT_EQ(bob_.Come(), Took("b", "1"));
}

// A key of another type, or of another database, is none of theirs; their places stay.
TEST_P(WaitingStore, WhoFindsNothingKeepsItsPlace) {
  ann_.Wait("BLPOP k 0");
  bob_.Wait("BLPOP k 0");
  pusher_.Ask("HSET k f v");
  EXPECT_EQ(ann_.Come(), "waits");
  EXPECT_EQ(ann_.rings(), 0);
  pusher_.Ask("SELECT 1");
  pusher_.Ask("RPUSH k 1");
  EXPECT_EQ(ann_.Come(), "waits");
  pusher_.Ask("SELECT 0");
  pusher_.Ask("SET k string");
  EXPECT_EQ(ann_.Come(), "waits");
  pusher_.Ask("DEL k");
  pusher_.Ask("RPUSH k 2");
  EXPECT_EQ(ann_.Come(), Took("k", "2"));
  EXPECT_EQ(bob_.Come(), "waits");
}

TEST_P(WaitingStore, AtFirstAKeyOfAnotherTypeIsAnError) {
  pusher_.Ask("SET k string");
  EXPECT_THAT(ann_.Ask("BLPOP none k 0"), HasSubstr("WRONGTYPE"));
  EXPECT_THAT(ann_.Ask("BLMOVE k to LEFT LEFT 0"), HasSubstr("WRONGTYPE"));
}

// Not the first of those that it names.
TEST_P(WaitingStore, TheKeyThatWasReadyFirstIsServedFirst) {
  ann_.Wait("BLPOP a b 0");
  pusher_.Ask("MULTI");
  pusher_.Ask("RPUSH b 1");
  pusher_.Ask("RPUSH a 2");
  pusher_.Ask("EXEC");
  EXPECT_EQ(ann_.Come(), Took("b", "1"));
  EXPECT_EQ(pusher_.Ask("LLEN a"), ":1\r\n");
}

TEST_P(WaitingStore, WhatHasGoneByTheEndServesNobody) {
  ann_.Wait("BLPOP k 0");
  pusher_.Ask("MULTI");
  pusher_.Ask("RPUSH k 1");
  pusher_.Ask("DEL k");
  pusher_.Ask("EXEC");
  EXPECT_EQ(ann_.Come(), "waits");
  pusher_.Ask("MULTI");
  pusher_.Ask("RPUSH k 1");
  pusher_.Ask("DEL k");
  pusher_.Ask("SADD k member");
  pusher_.Ask("EXEC");
  EXPECT_EQ(ann_.Come(), "waits");
}

TEST_P(WaitingStore, AsManyAreServedAsThereAreElements) {
  Waiter cid(store_, now_);
  ann_.Wait("BRPOP k 0");
  bob_.Wait("BLMPOP 0 1 k LEFT COUNT 2");
  cid.Wait("BLPOP k 0");
  EXPECT_EQ(pusher_.Ask("RPUSH k 1 2 3"), ":3\r\n");
  EXPECT_EQ(ann_.Come(), Took("k", "3"));
  EXPECT_EQ(bob_.Come(), "*2\r\n$1\r\nk\r\n*2\r\n$1\r\n1\r\n$1\r\n2\r\n");
  EXPECT_EQ(cid.Come(), "waits");
  EXPECT_EQ(pusher_.Ask("RPUSH k 1 2 3"), ":3\r\n");
  EXPECT_EQ(cid.Come(), Took("k", "1"));
  EXPECT_EQ(pusher_.Ask("LLEN k"), ":2\r\n");
}

// It has its error, and the element stays for the next one.
TEST_P(WaitingStore, ATargetOfAnotherTypeFailsTheMoveAlone) {
  pusher_.Ask("SET to string");
  ann_.Wait("BLMOVE k to LEFT RIGHT 0");
  bob_.Wait("BLPOP k 0");
  pusher_.Ask("RPUSH k 1");
  EXPECT_THAT(ann_.Come(), HasSubstr("-WRONGTYPE"));
  EXPECT_EQ(bob_.Come(), Took("k", "1"));
}

TEST_P(WaitingStore, AMoveToTheSameListServesTheNextOne) {
  ann_.Wait("BLMOVE k k LEFT RIGHT 0");
  bob_.Wait("BLPOP k 0");
  pusher_.Ask("RPUSH k 1");
  EXPECT_EQ(ann_.Come(), "$1\r\n1\r\n");
  EXPECT_EQ(bob_.Come(), Took("k", "1"));
}

TEST_P(WaitingStore, AKeyMayComeInAnyWay) {
  for (const std::string way :
       {"RENAME from k", "COPY from k", "SWAPDB 0 1", "MOVE k 0", "LMOVE from k LEFT LEFT"}) {
    SCOPED_TRACE(way);
    Waiter waiter(store_, now_);
    waiter.Wait("BLPOP k 0");
    pusher_.Ask("RPUSH from v");
    pusher_.Ask("SELECT 1");
    pusher_.Ask("RPUSH k v");
    if (way[0] != 'M') pusher_.Ask("SELECT 0");
    std::string reply;
    pusher_.Run(way, &reply);
    EXPECT_EQ(waiter.Come(), Took("k", "v"));
    pusher_.Ask("FLUSHALL");
    pusher_.Ask("SELECT 0");
  }
}

TEST_P(WaitingStore, ATransactionIsServedFromAtItsEnd) {
  ann_.Wait("BLPOP k 0");
  pusher_.Ask("MULTI");
  pusher_.Ask("RPUSH k 1");
  EXPECT_EQ(ann_.Come(), "waits");
  pusher_.Ask("RPUSH k 2");
  EXPECT_EQ(pusher_.Ask("EXEC"), "*2\r\n:1\r\n:2\r\n");
  EXPECT_EQ(ann_.Come(), Took("k", "1"));
}

TEST_P(WaitingStore, InsideATransactionNobodyWaits) {
  ann_.Ask("MULTI");
  ann_.Ask("BLPOP k 0");
  ann_.Ask("BLMOVE k to LEFT LEFT 0");
  EXPECT_EQ(ann_.Ask("EXEC"), "*2\r\n" + std::string(kNullArray) + "$-1\r\n");
  EXPECT_EQ(ann_.Ask("PING"), "+PONG\r\n");
}

// What one takes over, another one has waited for.
TEST_P(WaitingStore, WhoIsServedMayServeOthers) {
  ann_.Wait("BLPOP to 0");
  bob_.Wait("BLMOVE from to LEFT LEFT 0");
  pusher_.Ask("RPUSH from x");
  EXPECT_EQ(bob_.Come(), "$1\r\nx\r\n");
  EXPECT_EQ(ann_.Come(), Took("to", "x"));
  EXPECT_EQ(pusher_.Ask("DBSIZE"), ":0\r\n");
}

TEST_P(WaitingStore, AWaitEndsWhenItsTimeIsUp) {
  ann_.Wait("BLPOP k 5");
  bob_.Wait("BLPOP k 0");
  now_ += 4999;
  store_.EndWaits(now_);
  EXPECT_EQ(ann_.Come(), "waits");
  now_ += 1;
  store_.EndWaits(now_);
  EXPECT_EQ(ann_.rings(), 1);
  EXPECT_EQ(ann_.Come(), kNullArray);
  pusher_.Ask("RPUSH k 1");
  EXPECT_EQ(bob_.Come(), Took("k", "1"));
  EXPECT_EQ(ann_.Come(), "");
}

// As in Redis, whatever the command replies where it may not wait.
TEST_P(WaitingStore, WhoseTimeIsUpHasANullArray) {
  ann_.Wait("BLMOVE k to LEFT LEFT 5");
  bob_.Ask("HELLO 3");
  bob_.Wait("BLMOVE k to LEFT LEFT 5");
  now_ += 5000;
  store_.EndWaits(now_);
  EXPECT_EQ(ann_.Come(), kNullArray);
  EXPECT_EQ(bob_.Come(), "_\r\n");
}

// The first moment counts: a command that runs again does not wait anew.
TEST_P(WaitingStore, WhatRunsAgainKeepsItsDeadline) {
  ann_.Wait("BLPOP k 5");
  now_ += 3000;
  pusher_.Ask("HSET k f v");
  now_ += 2000;
  store_.EndWaits(now_);
  EXPECT_EQ(ann_.Come(), kNullArray);
}

TEST_P(WaitingStore, UnblockEndsAWait) {
  const std::string unblock = "CLIENT UNBLOCK " + std::to_string(ann_.id());
  EXPECT_EQ(pusher_.Ask(unblock), ":0\r\n");
  ann_.Wait("BLPOP k 0");
  EXPECT_EQ(pusher_.Ask(unblock), ":1\r\n");
  EXPECT_EQ(ann_.Come(), kNullArray);
  ann_.Wait("BLPOP k 0");
  EXPECT_EQ(pusher_.Ask(unblock + " ERROR"), ":1\r\n");
  EXPECT_EQ(ann_.Come(), "-UNBLOCKED client unblocked via CLIENT UNBLOCK\r\n");
  EXPECT_EQ(pusher_.Ask(unblock), ":0\r\n");
}

TEST_P(WaitingStore, WhoLeavesTakesNothing) {
  {
    Waiter gone(store_, now_);
    gone.Wait("BLPOP k 7");
    bob_.Wait("BLPOP k 0");
  }
  pusher_.Ask("RPUSH k 1");
  EXPECT_EQ(bob_.Come(), Took("k", "1"));
  now_ += 10'000;
  store_.EndWaits(now_);
}

TEST_P(WaitingStore, WhoIsKilledTakesNothing) {
  ann_.Wait("BLPOP k 0");
  EXPECT_EQ(pusher_.Ask("CLIENT KILL ID " + std::to_string(ann_.id())), ":1\r\n");
  EXPECT_TRUE(ann_.closing());
  EXPECT_EQ(ann_.rings(), 1);
  pusher_.Ask("RPUSH k 1");
  EXPECT_EQ(pusher_.Ask("EXISTS k"), ":1\r\n");
}

TEST_P(WaitingStore, AMutedClientWaitsAndHearsNothing) {
  std::string reply;
  EXPECT_EQ(ann_.Run("CLIENT REPLY OFF", &reply), Outcome::kSilent);
  ann_.Wait("BLPOP k 0");
  pusher_.Ask("RPUSH k 1");
  EXPECT_EQ(pusher_.Ask("EXISTS k"), ":0\r\n");
  EXPECT_EQ(ann_.rings(), 1);
  EXPECT_EQ(ann_.Come(), "");
  EXPECT_EQ(ann_.Ask("CLIENT REPLY ON"), "+OK\r\n");
  EXPECT_EQ(ann_.Run("CLIENT REPLY SKIP", &reply), Outcome::kSilent);
  ann_.Wait("BLPOP k 0");
  pusher_.Ask("RPUSH k 1");
  EXPECT_EQ(ann_.Come(), "");
  EXPECT_EQ(ann_.Ask("PING"), "+PONG\r\n");
}

TEST_P(WaitingStore, MessagesComeWhileItWaits) {
  ann_.Ask("HELLO 3");
  ann_.Ask("SUBSCRIBE news");
  ann_.Wait("BLPOP k 0");
  pusher_.Ask("PUBLISH news hi");
  resp::ByteQueue out;
  EXPECT_EQ(ann_.rings(), 1);
  EXPECT_EQ(ann_.Come(), "waits");
  pusher_.Ask("RPUSH k 1");
  EXPECT_EQ(ann_.Come(), Took("k", "1"));
}

TEST_P(WaitingStore, WhoWaitsIsShown) {
  ann_.Ask("WATCH watched");
  ann_.Wait("BLPOP k 0");
  EXPECT_THAT(pusher_.Ask("INFO clients"), HasSubstr("blocked_clients:1\r\n"));
  const std::string list = "CLIENT LIST ID " + std::to_string(ann_.id());
  EXPECT_THAT(pusher_.Ask(list), HasSubstr(" flags=b "));
  pusher_.Ask("SET watched 1");
  EXPECT_THAT(pusher_.Ask(list), HasSubstr(" flags=bd "));
  pusher_.Ask("RPUSH k 1");
  EXPECT_THAT(pusher_.Ask("INFO clients"), HasSubstr("blocked_clients:0\r\n"));
}

// It counts as one command, however often it runs.
TEST_P(WaitingStore, ACommandThatRunsAgainIsCountedOnce) {
  ann_.Wait("BLPOP k 0");
  pusher_.Ask("CONFIG RESETSTAT");
  pusher_.Ask("HSET k f v");
  pusher_.Ask("DEL k");
  pusher_.Ask("RPUSH k 1");
  EXPECT_THAT(pusher_.Ask("INFO stats"), HasSubstr("total_commands_processed:4\r\n"));
}

// An expired key of which somebody waits for a successor is no news.
TEST_P(WaitingStore, AKeyThatGoesServesNobody) {
  ann_.Wait("BLPOP k 0");
  pusher_.Ask("HSET k f v");
  pusher_.Ask("PEXPIRE k 10");
  now_ += 20;
  for (int i = 0; i < 64; ++i) store_.Sweep(now_);
  EXPECT_EQ(pusher_.Ask("EXISTS k"), ":0\r\n");
  EXPECT_EQ(ann_.Come(), "waits");
  pusher_.Ask("RPUSH k 1");
  EXPECT_EQ(ann_.Come(), Took("k", "1"));
}

TEST_P(WaitingStore, AFlushServesNobody) {
  ann_.Wait("BLPOP k 0");
  bob_.Wait("BLPOP k 0");
  pusher_.Ask("HSET k f v");
  for (const std::string flush : {"FLUSHALL", "FLUSHDB"}) {
    pusher_.Ask(flush);
    EXPECT_EQ(ann_.Come(), "waits") << flush;
  }
  EXPECT_EQ(ann_.rings(), 0);
  pusher_.Ask("RPUSH k 1");
  EXPECT_EQ(ann_.Come(), Took("k", "1"));
  EXPECT_EQ(bob_.Come(), "waits");
}

// One name in two databases is two keys, each with its line.
TEST_P(WaitingStore, EachDatabaseHasItsLines) {
  ann_.Wait("BLPOP k 0");
  bob_.Ask("SELECT 1");
  bob_.Wait("BLPOP k 0");
  pusher_.Ask("SELECT 1");
  pusher_.Ask("RPUSH k 1");
  EXPECT_EQ(bob_.Come(), Took("k", "1"));
  EXPECT_EQ(ann_.Come(), "waits");
  pusher_.Ask("RPUSH k 2");
  pusher_.Ask("SWAPDB 0 1");
  EXPECT_EQ(ann_.Come(), Took("k", "2"));
}

TEST_P(WaitingStore, WhoLeavesTheMiddleOfALineMovesNobody) {
  Waiter cid(store_, now_);
  ann_.Wait("BLPOP k 0");
  {
    Waiter gone(store_, now_);
    gone.Wait("BLPOP k 0");
    bob_.Wait("BLPOP k 3");
    cid.Wait("BLPOP k 0");
  }
  now_ += 3000;
  store_.EndWaits(now_);
  EXPECT_EQ(bob_.Come(), kNullArray);
  pusher_.Ask("RPUSH k 1");
  EXPECT_EQ(ann_.Come(), Took("k", "1"));
  EXPECT_EQ(cid.Come(), "waits");
  pusher_.Ask("RPUSH k 2");
  EXPECT_EQ(cid.Come(), Took("k", "2"));
}

// Also if the one who ends a wait has just put something there: what has timed out takes nothing.
TEST_P(WaitingStore, UnblockInsideATransactionTakesNothing) {
  ann_.Wait("BLPOP k 0");
  pusher_.Ask("MULTI");
  pusher_.Ask("RPUSH k 1");
  pusher_.Ask("CLIENT UNBLOCK " + std::to_string(ann_.id()));
  EXPECT_EQ(pusher_.Ask("EXEC"), "*2\r\n:1\r\n:1\r\n");
  EXPECT_EQ(ann_.Come(), kNullArray);
  EXPECT_EQ(pusher_.Ask("LPOP k"), "$1\r\n1\r\n");
}

// ---- several workers at a time ----

// A client of a worker that sleeps until its doorbell rings.
class SleepingClient final : public Doorbell {
 public:
  SleepingClient(Store& store, UnixMillis now)
      : store_(store), now_(now), client_(store.Connect("127.0.0.1:50000", now, this)) {}

  std::string Ask(const std::vector<std::string_view>& args) {
    resp::ByteQueue out;
    if (store_.Execute(*client_, resp::Find(args), args, now_, &out) != Outcome::kWaiting) {
      return std::string(out.Data());
    }
    for (;;) {
      {
        std::unique_lock<std::mutex> lock(mutex_);
        rung_.wait(lock, [this] { return has_rung_; });
        has_rung_ = false;
      }
      if (store_.TakeMessages(*client_, &out)) return std::string(out.Data());
    }
  }
  void Ring(uint64_t) override {
    const std::lock_guard<std::mutex> lock(mutex_);
    has_rung_ = true;
    rung_.notify_one();
  }

 private:
  Store& store_;
  const UnixMillis now_;
  std::mutex mutex_;
  std::condition_variable rung_;
  bool has_rung_ = false;
  Store::ClientPtr client_;
};

// Values handed from producers to consumers over a few keys: each arrives once.
TEST(WaitingWorkers, EachValueIsTakenOnce) {
  constexpr int kPairs = 2;
  constexpr int kValues = 2000;
  constexpr UnixMillis kNow = 1'700'000'000'000;
  Store store(StoreOptions{.workers = 2 * kPairs});
  std::mutex mutex;
  std::multiset<std::string> taken;
  std::vector<std::thread> threads;
  for (int pair = 0; pair < kPairs; ++pair) {
    threads.emplace_back([&store, pair] {
      SleepingClient client(store, kNow);
      for (int i = 0; i < kValues; ++i) {
        const std::string value = std::to_string(pair * kValues + i);
        const std::string key = "k" + std::to_string(i % 3);
        client.Ask({"RPUSH", key, value});
      }
    });
    threads.emplace_back([&] {
      SleepingClient client(store, kNow);
      for (int i = 0; i < kValues; ++i) {
        const std::string reply = client.Ask({"BLPOP", "k0", "k1", "k2", "0"});
        const std::lock_guard<std::mutex> lock(mutex);
        taken.insert(reply.substr(reply.rfind('$')));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(taken.size(), static_cast<size_t>(kPairs) * kValues);
  EXPECT_EQ(std::set<std::string>(taken.begin(), taken.end()).size(), taken.size());
}

}  // namespace
}  // namespace keyhole::store
