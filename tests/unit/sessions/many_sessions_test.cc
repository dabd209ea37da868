// Many clients at once, each with a story of its own, and a Redis that answers at its own pace:
// whatever happens, everyone gets his replies, all of them and in order, or is closed.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "tests/support/core_harness.h"

namespace keyhole::core {
namespace {

using test::Client;
using test::Harness;
using namespace std::chrono_literals;

// What one connection of a Redis answers: values tell the database they were asked for in.
class ToyConnection {
 public:
  std::string Answer(const std::string& request) {
    const std::vector<std::string> words = absl::StrSplit(request, absl::MaxSplits(' ', 2));
    const std::string& name = words[0];
    if (name == "MULTI") {
      multi_ = true;
      return "+OK\r\n";
    }
    if (name == "EXEC") {
      std::string reply = absl::StrCat("*", queued_.size(), "\r\n");
      for (const std::string& queued : queued_) reply += Run(absl::StrSplit(queued, ' '));
      End();
      return reply;
    }
    if (name == "DISCARD") {
      End();
      return "+OK\r\n";
    }
    if (!multi_) return Run(words);
    queued_.push_back(request);
    return "+QUEUED\r\n";
  }

 private:
  std::string Run(const std::vector<std::string>& words) {
    if (words[0] == "SELECT" || words[0] == "select") db_ = words[1];
    if (words[0] == "BLPOP") return "*-1\r\n";
    if (words[0] != "GET") return "+OK\r\n";
    const std::string value = absl::StrCat(words[1], " in ", db_);
    return absl::StrCat("$", value.size(), "\r\n", value, "\r\n");
  }
  void End() {
    multi_ = false;
    queued_.clear();
  }

  std::string db_ = "0";
  bool multi_ = false;
  std::vector<std::string> queued_;
};

class World {
 public:
  explicit World(unsigned seed, const Config& config) : random_(seed), keyhole_(config) {
    for (int i = 0; i < kClients; ++i) actors_.push_back(Invent(i));
  }

  // One thing happens somewhere.
  void Step() {
    Actor& actor = actors_[Below(kClients)];
    const size_t size = std::min<size_t>(actor.to_send.size(), 1 + Below(300));
    if (size > 0 && !actor.client->closed()) {
      actor.client->Send(actor.to_send.substr(0, size));
      actor.to_send.erase(0, size);
    }
    const size_t number = Below(static_cast<unsigned>(keyhole_.connections()));
    Listen();
    Speak(number, 1 + Below(100));
  }
  // Somebody hangs up.
  void LoseAConnection() {
    keyhole_.redis(Below(static_cast<unsigned>(keyhole_.connections()))).Lose();
  }
  void LoseAClient() { actors_[Below(kClients)].client->Vanish(); }

  void GoOnToTheEnd() {
    for (Actor& actor : actors_) {
      if (!actor.client->closed()) actor.client->Send(actor.to_send);
    }
    for (size_t heard = 1; heard > 0;) {
      keyhole_.Advance(100ms);
      heard = Listen();
      for (size_t i = 0; i < keyhole_.connections(); ++i) heard += Speak(i, SIZE_MAX);
    }
  }

  void ExpectThatEveryoneHasAllReplies() {
    for (Actor& actor : actors_) {
      EXPECT_FALSE(actor.client->closed());
      EXPECT_EQ(actor.client->Received(), actor.expected);
    }
    EXPECT_EQ(Hits(), lookups_);
  }
  void ExpectThatWhoIsOpenHasAllReplies() {
    for (Actor& actor : actors_) {
      const std::string received = actor.client->Received();
      EXPECT_EQ(received, actor.expected.substr(0, received.size()));
      if (actor.client->closed()) continue;
      EXPECT_EQ(received.size(), actor.expected.size());
    }
  }

 private:
  static constexpr int kClients = 12;

  struct Actor {
    Client* client;
    std::string to_send;
    std::string expected;
  };

  // Makes up what a client asks, and what Redis would answer if it were asked directly.
  Actor Invent(int number) {
    Actor actor{&keyhole_.Connect(), "", ""};
    ToyConnection direct;
    bool multi = false;
    for (int i = 0; i < 60; ++i) {
      const std::string request = NextRequest(number, i, &multi);
      actor.to_send += request + "\r\n";
      actor.expected += direct.Answer(request);
    }
    lookups_ += static_cast<size_t>(std::count(actor.expected.begin(), actor.expected.end(), '$'));
    return actor;
  }

  std::string NextRequest(int client, int number, bool* multi) {
    switch (Below(12)) {
      case 0:
        return absl::StrCat("SELECT ", Below(3));
      case 1:
        return "BLPOP q 1";
      case 2:
      case 3: {
        const bool was = std::exchange(*multi, !*multi);
        return !was ? "MULTI" : Below(4) == 0 ? "DISCARD" : "EXEC";
      }
      case 4:
        return *multi ? "PING" : "WATCH a";
      case 5:
        return "SET k " + std::string(Below(8) == 0 ? 60'000 : 10, 'v');
      default:
        return absl::StrCat("GET ", client, ":", number);
    }
  }

  // Redis takes note of all requests that have come. Gives how many.
  size_t Listen() {
    size_t heard = 0;
    for (size_t i = 0; i < keyhole_.connections(); ++i) {
      std::string& answers = answers_[i];
      ToyConnection& toy = toys_[i];
      for (const std::string& word : keyhole_.redis(i).Greeting()) toy.Answer(word);
      for (const std::string& request : keyhole_.redis(i).Requests()) {
        answers += toy.Answer(request);
        ++heard;
      }
    }
    return heard;
  }
  // And sends some of its answers.
  size_t Speak(size_t number, size_t most) {
    std::string& answers = answers_[number];
    const std::string piece = answers.substr(0, most);
    answers.erase(0, piece.size());
    if (!piece.empty() && keyhole_.redis(number).open()) keyhole_.redis(number).Reply(piece);
    return piece.size();
  }

  size_t Hits() const {
    size_t hits = 0;
    for (const std::string& key :
         std::vector<std::string>(absl::StrSplit(keyhole_.Counted(), ", "))) {
      EXPECT_THAT(key, testing::EndsWith("/0"));
      hits += std::stoul(key.substr(key.find(' ')));
    }
    return hits;
  }
  unsigned Below(unsigned n) { return static_cast<unsigned>(random_()) % n; }

  std::minstd_rand random_;
  Harness keyhole_;
  std::vector<Actor> actors_;
  std::map<size_t, ToyConnection> toys_;
  std::map<size_t, std::string> answers_;
  size_t lookups_ = 0;
};

class ManySessions : public testing::TestWithParam<unsigned> {};

TEST_P(ManySessions, GetTheirReplies) {
  World world(GetParam(), Harness::WithUpstream());
  for (int i = 0; i < 2000; ++i) world.Step();
  world.GoOnToTheEnd();
  world.ExpectThatEveryoneHasAllReplies();
}

TEST_P(ManySessions, GetThemWithoutSharingToo) {
  Config config = Harness::WithUpstream();
  config.links.sharing = false;
  World world(GetParam(), config);
  for (int i = 0; i < 2000; ++i) world.Step();
  world.GoOnToTheEnd();
  world.ExpectThatEveryoneHasAllReplies();
}

TEST_P(ManySessions, NeverGetThoseOfOthersWhoeverIsLost) {
  World world(GetParam(), Harness::WithUpstream());
  for (int i = 0; i < 2000; ++i) {
    world.Step();
    if (i % 300 == 299) world.LoseAConnection();
    if (i % 400 == 399) world.LoseAClient();
  }
  world.GoOnToTheEnd();
  world.ExpectThatWhoIsOpenHasAllReplies();
}

INSTANTIATE_TEST_SUITE_P(Seeds, ManySessions, testing::Range(1u, 21u));

}  // namespace
}  // namespace keyhole::core
