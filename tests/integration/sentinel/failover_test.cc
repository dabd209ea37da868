// The master is killed, stopped and cut off, one after the other, while sessions at random check
// each reply: nothing that was acknowledged and replicated is lost, nothing is answered wrongly or
// by a Redis that is no master any more, and clients are served within a second of the promotion.
// FAILOVER_ROUNDS says how many times, ./dev failovers twenty.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <random>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "tests/integration/sentinel/sentinels.h"
#include "tests/integration/stress/story.h"
#include "tests/support/keyhole_process.h"

namespace keyhole::test {
namespace {

using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

constexpr int kSessions = 6;
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr milliseconds kSoon{10'000};
#else
constexpr milliseconds kSoon{1000};
#endif

int Rounds() {
  const char* const given = std::getenv("FAILOVER_ROUNDS");
  return given == nullptr ? 3 : std::atoi(given);
}

// One life after the other. Between two batches all that it was told is on the replica as well, so
// a failover then takes nothing from it; one in the middle of a batch ends the connection, or the
// session finds that what it was told last has gone the way of the old master.
class Session {
 public:
  Session(uint16_t port, int number)
      : port_(port), number_(number), random_(static_cast<unsigned>(number) + 1) {
    thread_ = std::thread([this] { Run(); });
  }
  ~Session() { Stop(); }
  void Stop() {
    stop_ = true;
    if (thread_.joinable()) thread_.join();
  }
  void AwaitBatches(int more) const {
    const int until = batches_ + more;
    for (int done = batches_; done < until && !over_; done = batches_) batches_.wait(done);
  }

  int batches() const { return batches_; }
  int lives() const { return lives_; }
  // Once it is stopped, or over.
  const std::string& problem() const { return problem_; }

 private:
  void Run() {
    while (!stop_ && problem_.empty()) {
      try {
        Live();
      } catch (const std::runtime_error& error) {  // it was closed
        const std::string what = error.what();
        if (what.find("deadline") != std::string::npos) problem_ = what;
      }
    }
    over_ = true;
    ++batches_;
    batches_.notify_all();
  }

  void Live() {
    Story story(number_ + 100 * lives_++, static_cast<unsigned>(random_()));
    RawClient client = RawClient::Connect(port_);
    RawClient observer = RawClient::Connect(port_);
    client.set_deadline(std::chrono::seconds(60));
    observer.set_deadline(std::chrono::seconds(60));
    for (int number = 0; !stop_ && problem_.empty(); ++number) {
      Batch batch = story.Next(1 + static_cast<int>(random_() % 8));
      const std::string mark = "mark:" + std::to_string(number_);
      const std::string value = std::to_string(lives_) + "." + std::to_string(number);
      batch.requests += "SET " + mark + " " + value + "\r\n";
      batch.replies.push_back({"+OK\r\n"});
      client.Send(batch.requests);
      for (const Expected& expected : batch.replies) {
        const std::string reply = client.ReadReply();
        if (reply == expected.bytes || (expected.more && reply.starts_with(expected.bytes)))
          continue;
        problem_ = "wrong reply: " + reply + "instead of " + expected.bytes + "to one of\n" +
                   batch.requests;
        return;
      }
      if (!IsKept(observer, story.database(), mark, value)) return;
      ++batches_;
      batches_.notify_all();
    }
  }

  // False: there has been a failover since, to a replica that had not heard of it.
  bool IsKept(RawClient& observer, int database, const std::string& mark,
              const std::string& value) {
    Must(observer, {"SELECT", std::to_string(database)}, "+OK\r\n");
    Must(observer, {"SET", mark + ":seen", value}, "+OK\r\n");
    while (!stop_ && observer.Ask({"WAIT", "1", "1000"}) != ":1\r\n") {
    }
    const std::string now = observer.Ask({"GET", mark});
    return now == "$" + std::to_string(value.size()) + "\r\n" + value + "\r\n";
  }
  void Must(RawClient& client, std::initializer_list<std::string_view> args,
            const std::string& want) {
    const std::string reply = client.Ask(args);
    if (reply != want && problem_.empty()) problem_ = "the observer was told " + reply;
  }

  const uint16_t port_;
  const int number_;
  std::minstd_rand random_;
  std::atomic<bool> stop_{false};
  std::atomic<bool> over_{false};
  std::atomic<int> batches_{0};
  int lives_ = 0;
  std::string problem_;
  std::thread thread_;
};

class FailoverTest : public testing::Test {
 protected:
  FailoverTest() {
    for (int i = 0; i < kSessions; ++i) {
      sessions_.push_back(std::make_unique<Session>(proxy_.port(), i));
    }
  }

  void Break(int round, size_t master) {
    if (round % 3 == 0) sentinels_.redis(master).Kill();
    if (round % 3 == 1) sentinels_.redis(master).Pause();
    if (round % 3 == 2) sentinels_.cable(master).Cut();
  }
  void Mend(int round, size_t master) {
    if (round % 3 == 0) sentinels_.redis(master).Start();
    if (round % 3 == 1) sentinels_.redis(master).Resume();
    if (round % 3 == 2) sentinels_.cable(master).Heal();
  }
  // How long from the promotion of this one until a client is served.
  milliseconds UntilServed(size_t promoted, const std::string& value) {
    Sentinels::AwaitMaster(sentinels_.redis(promoted));
    const auto since = Clock::now();
    while (true) {
      try {
        RawClient client = RawClient::Connect(proxy_.port());
        if (client.Ask({"SET", "served", value}) == "+OK\r\n") break;
      } catch (const std::runtime_error&) {  // closed: its outcome is unknown
      }
    }
    return std::chrono::duration_cast<milliseconds>(Clock::now() - since);
  }
  void AwaitBatches(int more) {
    for (const auto& session : sessions_) session->AwaitBatches(more);
  }

  Sentinels sentinels_{StoryUsers()};
  KeyholeProcess proxy_{{"--upstream", sentinels_.Url(), "--upstream-wait", "20s"}};
  std::vector<std::unique_ptr<Session>> sessions_;
};

TEST_F(FailoverTest, KilledStoppedAndCutOff) {
  std::vector<milliseconds> times;
  for (int round = 0; round < Rounds(); ++round) {
    SCOPED_TRACE("round " + std::to_string(round));
    const size_t master = static_cast<size_t>(round) % 2;
    const size_t other = 1 - master;
    AwaitBatches(5);
    Break(round, master);
    times.push_back(UntilServed(other, std::to_string(round)));
    EXPECT_LT(times.back(), kSoon);
    Mend(round, master);
    try {
      sentinels_.Follow(master, other);
    } catch (const std::runtime_error& error) {
      FAIL() << error.what() << sentinels_.Logs();
    }
  }
  AwaitBatches(5);
  int batches = 0;
  int lives = 0;
  for (const auto& session : sessions_) {
    session->Stop();
    EXPECT_EQ(session->problem(), "");
    batches += session->batches();
    lives += session->lives();
  }
  std::sort(times.begin(), times.end());
  std::printf("%zu failovers, %d batches in %d lives; served after %lld to %lld ms, median %lld\n",
              times.size(), batches, lives, static_cast<long long>(times.front().count()),
              static_cast<long long>(times.back().count()),
              static_cast<long long>(times[times.size() / 2].count()));
}

}  // namespace
}  // namespace keyhole::test
