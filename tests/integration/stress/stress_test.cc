// Many sessions that mix shared, private and transactional work at random, each knowing what it is
// to be told, and others that wait for each other: no reply is lost, doubled, swapped or given to
// another, nothing is seen before it is done or not after, not even when Redis is killed
// in the middle of it all. Then a session sees its connection closed, or goes on.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "tests/integration/stress/meeting.h"
#include "tests/integration/stress/story.h"
#include "tests/support/certificates.h"
#include "tests/support/keyhole_process.h"
#include "tests/support/raw_client.h"
#include "tests/support/redis_server.h"

namespace keyhole::test {
namespace {

constexpr int kSoloists = 8;
constexpr int kTrios = 4;

// One thread with one life after the other. Each has connections of its own.
class Actor {
 public:
  Actor(uint16_t port, bool tls, int number, unsigned seed)
      : port_(port), tls_(tls), number_(number), random_(seed + static_cast<unsigned>(number)) {}
  virtual ~Actor() = default;

  // Ends after so many batches; connections that are lost are part of life if `losses`.
  void Run(int batches, bool losses) {
    while (done_ < batches && problem_.empty()) {
      try {
        Live(batches, losses);
      } catch (const std::exception& error) {
        const std::string what = error.what();
        if (!losses || what.find("deadline") != std::string::npos) problem_ = what;
        ++lost_;
      }
    }
    SetDone(batches);
  }

  void AwaitDone(int batches) const {
    for (int done = done_; done < batches; done = done_) done_.wait(done);
  }
  int64_t lost() const { return lost_; }
  const std::string& problem() const { return problem_; }

 protected:
  virtual void Live(int batches, bool losses) = 0;

  bool is_over(int batches) const { return done_ >= batches || !problem_.empty(); }
  RawClient Connect() const {
    RawClient client = tls_ ? RawClient::ConnectTls(port_) : RawClient::Connect(port_);
    client.set_deadline(std::chrono::seconds(30));
    return client;
  }
  void SetDone(int done) {
    done_ = done;
    done_.notify_all();
  }
  void NextBatch() { SetDone(done_ + 1); }
  void Fail(std::string problem) { problem_ = std::move(problem); }

  // Whole, or in two parts.
  void Send(RawClient& client, const std::string& bytes) {
    const size_t first = random_() % 3 == 0 ? random_() % (bytes.size() + 1) : bytes.size();
    client.Send(std::string_view(bytes).substr(0, first));
    client.Send(std::string_view(bytes).substr(first));
  }
  std::minstd_rand& random() { return random_; }
  // Of this life: nobody else has it.
  int NextNumber() { return number_ + 1000 * lives_++; }

 private:
  const uint16_t port_;
  const bool tls_;
  const int number_;
  std::minstd_rand random_;
  int lives_ = 0;
  std::atomic<int> done_{0};
  int64_t lost_ = 0;
  std::string problem_;
};

// Keeps to itself.
class Soloist final : public Actor {
 public:
  using Actor::Actor;
  uint64_t hits() const { return hits_; }
  uint64_t misses() const { return misses_; }

 private:
  void Live(int batches, bool losses) override {
    Story story(NextNumber(), static_cast<unsigned>(random()()));
    try {
      Tell(story, batches, losses);
    } catch (const std::exception&) {
      Count(story);
      throw;
    }
    Count(story);
  }
  void Count(const Story& story) {
    hits_ += story.hits();
    misses_ += story.misses();
  }

  void Tell(Story& story, int batches, bool losses) {
    RawClient client = Connect();
    while (!is_over(batches)) {
      const Batch batch = story.Next(1 + static_cast<int>(random()() % 8));
      Send(client, batch.requests);
      for (const Expected& expected : batch.replies) {
        const std::string reply = client.ReadReply();
        if (losses && reply.starts_with("-LOADING")) return;  // what was asked is not known to run
        const std::string_view known = expected.bytes;
        if (reply == known || (expected.more && reply.starts_with(known))) continue;
        return Fail("wrong reply: " + reply + "instead of " + expected.bytes + "to one of\n" +
                    batch.requests);
      }
      NextBatch();
      // In the middle of a conversation, for Redis to clean up.
      if (losses && random()() % 50 == 0) return Send(client, story.Next(3).requests);
      if (!losses && random()() % 100 == 0) return;  // what was asked has been counted
    }
  }

  uint64_t hits_ = 0;
  uint64_t misses_ = 0;
};

// Clients who wait for each other. Each meeting is one batch.
class Trio final : public Actor {
 public:
  using Actor::Actor;

 private:
  void Live(int batches, bool losses) override {
    const std::string tag = "t" + std::to_string(NextNumber()) + ".";
    std::vector<RawClient> clients;
    for (size_t i = 0; i < Meeting::kClients; ++i) clients.push_back(Connect());
    const std::string database = std::to_string(random()() % 3);
    for (RawClient& client : clients) {
      if (client.Ask({"SELECT", database}) != "+OK\r\n") return;  // Redis loads
    }
    for (int i = 0; !is_over(batches); ++i) {
      const Meeting meeting(tag + std::to_string(i) + ".", random());
      if (!Hold(meeting, clients, losses)) return;
      NextBatch();
      if (random()() % 50 == 0) return;
    }
  }

  bool Hold(const Meeting& meeting, std::vector<RawClient>& clients, bool losses) {
    std::string said;
    for (const Meeting::Turn& turn : meeting.turns()) {
      said += turn.send;
      if (!turn.send.empty()) Send(clients[turn.who], turn.send);
      if (turn.told.empty()) continue;
      const std::string reply = clients[turn.who].ReadReply();
      if (reply == turn.told) continue;
      if (losses && (reply.starts_with("-LOADING") || OneIsLost(clients))) return false;
      Fail("wrong reply: " + reply + "instead of " + turn.told + "to the last of\n" + said);
      return false;
    }
    return true;
  }

  // Nobody hears a message, say, when the subscriber was lost with Redis. A worker may notice later
  // than the one that has answered.
  static bool OneIsLost(const std::vector<RawClient>& clients) {
    return std::any_of(clients.begin(), clients.end(), [](const RawClient& client) {
      return client.IsClosedWithin(std::chrono::seconds(1));
    });
  }
};

struct World {
  const char* name;
  std::vector<std::string> options;
  bool tls = false;  // on both sides
};

class StressTest : public testing::TestWithParam<World> {
 protected:
  // Writes that were acknowledged outlive a killed Redis.
  StressTest() : redis_(Config()) {
    std::vector<std::string> options = GetParam().options;
    options.insert(options.end(), {"--upstream-wait", "10s", "--upstream"});
    const bool tls = GetParam().tls;
    if (tls) {
      options.insert(options.end(),
                     {"rediss://localhost:" + std::to_string(tls_port_), "--upstream-tls-ca",
                      pki_.authority.cert, "--listen", "tls://127.0.0.1:0", "--tls-cert",
                      pki_.server.cert, "--tls-key", pki_.server.key});
    } else {
      options.push_back("redis://127.0.0.1:" + std::to_string(redis_.port()));
    }
    proxy_ = std::make_unique<KeyholeProcess>(options);
    const auto seed = static_cast<unsigned>(testing::UnitTest::GetInstance()->random_seed());
    for (int i = 0; i < kSoloists; ++i) {
      soloists_.push_back(std::make_shared<Soloist>(proxy_->port(), tls, i, 1000 * seed));
      actors_.push_back(soloists_.back());
    }
    for (int i = 0; i < kTrios; ++i) {
      actors_.push_back(std::make_shared<Trio>(proxy_->port(), tls, kSoloists + i, 1000 * seed));
    }
  }

  void Begin(int batches, bool losses) {
    for (auto& actor : actors_) {
      threads_.emplace_back([&actor, batches, losses] { actor->Run(batches, losses); });
    }
  }
  void End() {
    for (std::thread& thread : threads_) thread.join();
    for (const auto& actor : actors_) EXPECT_EQ(actor->problem(), "");
  }
  void AwaitDone(int batches) {
    for (const auto& actor : actors_) {
      actor->AwaitDone(batches);
    }
  }

  Certificates pki_;
  const uint16_t tls_port_ = FreePort();
  RedisServer redis_;
  std::unique_ptr<KeyholeProcess> proxy_;
  std::vector<std::shared_ptr<Soloist>> soloists_;
  std::vector<std::shared_ptr<Actor>> actors_;  // with soloists_
  std::vector<std::thread> threads_;

 private:
  std::vector<std::string> Config() const {
    std::vector<std::string> config = StoryUsers();
    if (GetParam().tls) {
      config.insert(config.end(),
                    {"tls-port " + std::to_string(tls_port_), "tls-cert-file " + pki_.server.cert,
                     "tls-key-file " + pki_.server.key, "tls-ca-cert-file " + pki_.authority.cert,
                     "tls-auth-clients no"});
    }
    // Without fsync what is acknowledged has been written, and outlives a kill; Redis puts writing
    // off for as long as an fsync is under way.
    config.emplace_back("appendonly yes");
    config.emplace_back("appendfsync no");
    return config;
  }
};

double Total(const KeyholeProcess& proxy, const std::string& metric) {
  return proxy.Metric("redis_app_cache_" + metric + "_total{key=\"__other__\"}");
}

TEST_P(StressTest, EveryReplyIsRightAndEveryLookupIsCounted) {
  Begin(500, false);
  End();
  double hits = 0;
  double misses = 0;
  for (const auto& soloist : soloists_) {
    hits += static_cast<double>(soloist->hits());
    misses += static_cast<double>(soloist->misses());
  }
  EXPECT_GT(hits, 1000);
  EXPECT_EQ(Total(*proxy_, "hit"), hits);
  EXPECT_EQ(Total(*proxy_, "miss"), misses);
}

TEST_P(StressTest, EvenWhenRedisIsKilled) {
  constexpr int kRounds = 4;
  constexpr int kBatches = 120;
  Begin(kRounds * kBatches, true);
  for (int round = 1; round < kRounds; ++round) {
    AwaitDone(round * kBatches - kBatches / 2);
    round % 2 == 0 ? redis_.Stop() : redis_.Kill();
    redis_.Start();
  }
  End();
  const auto lost = [](const auto& actor) { return actor->lost() > 0; };
  EXPECT_TRUE(std::any_of(actors_.begin(), actors_.end(), lost));
}

INSTANTIATE_TEST_SUITE_P(
    , StressTest,
    testing::Values(World{"Shared", {"--tracked-keys", "0"}},
                    World{"SharedByTwoWorkers", {"--tracked-keys", "0", "--workers", "2"}},
                    World{"Tls", {"--tracked-keys", "0"}, /*tls=*/true},
                    World{"Private", {"--tracked-keys", "0", "--sharing", "off"}}),
    [](const testing::TestParamInfo<World>& world) { return std::string(world.param.name); });

}  // namespace
}  // namespace keyhole::test
