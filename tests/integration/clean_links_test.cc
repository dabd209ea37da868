// Whatever a client says, in whatever order and with whatever rights: when it has gone, each link
// that is left is what a fresh connection is. Random sessions against a real Redis.
#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "tests/integration/proxy_test.h"

namespace keyhole::test {
namespace {

constexpr int kSessions = 80;
constexpr int kMostRequests = 12;
constexpr std::string_view kPassword = "pw";
// Each user may do everything but this.
constexpr std::string_view kForbidden[] = {"nothing",   "multi",   "exec",   "discard",
                                           "watch",     "unwatch", "select", "hello",
                                           "subscribe", "reset",   "client"};

std::string User(std::string_view forbidden) {
  return "no-" + std::string(forbidden);
}

class Story {
 public:
  explicit Story(uint32_t seed) : random_(seed) {}

  // Its requests, most of them right.
  std::string Requests() {
    std::string all;
    const size_t count = 1 + Below(kMostRequests);
    for (size_t i = 0; i < count; ++i) all += One();
    return all;
  }
  size_t Below(size_t n) { return random_() % n; }
  const std::string& text() const { return text_; }

 private:
  std::string One() {
    const std::string user = User(kForbidden[Below(std::size(kForbidden))]);
    const std::vector<std::vector<std::string>> choices = {
        {"MULTI"},
        {"EXEC"},
        {"DISCARD"},
        {"WATCH", "watched"},
        {"WATCH", "watched", "other"},
        {"UNWATCH"},
        {"RESET"},
        {"SELECT", std::to_string(Below(3))},
        {"SELECT", "99"},
        {"AUTH", user, std::string(Below(4) == 0 ? "wrong" : kPassword)},
        {"AUTH", "nobody", "x"},
        {"HELLO", Below(2) == 0 ? "2" : "3"},
        {"HELLO", "3", "AUTH", user, std::string(Below(4) == 0 ? "wrong" : kPassword)},
        {"HELLO", "3", "SETNAME", "somebody", "AUTH", user, std::string(kPassword)},
        {"HELLO", "3", "AUTH", user, std::string(kPassword), "AUTH", "nobody", "x"},
        {"HELLO", "2", "AUTH", user, std::string(kPassword), "NONSENSE"},
        {"CLIENT", "SETNAME", "somebody"},
        {"CLIENT", "REPLY", Below(2) == 0 ? "OFF" : "ON"},
        {"CLIENT", "REPLY", "SKIP"},
        {"SUBSCRIBE", "news"},
        {"UNSUBSCRIBE"},
        {"SET", "watched", "v"},
        {"GET", "watched"},
        {"BLPOP", "nolist", "0.01"},
        {"EVAL", "return {ok='QUEUED'}", "0"},
        {"EVAL", "return redis.error_reply('EXECABORT said by a script')", "0"},
        {"REPLCONF", "rdb-filter-only", "functions", "nonsense", "x"},
        {"HELLO", "3", std::string("AUTH\0x", 6), user, std::string(kPassword)},
        {"HELLO", "3", std::string("SETNAME\0", 8), "somebody"},
        {"HELLO", "3", "AUTH", user, std::string(kPassword), std::string(70'000, 'x')},
        {std::string("MULTI\0n", 7)},
        {"NOSUCH"},
    };
    // Those that change the connection's state a little more often.
    std::vector<std::string> words = choices[Below(3) == 0 ? Below(7) : Below(choices.size())];
    if (Below(8) == 0) words.push_back("surplus");
    if (Below(12) == 0) words.resize(1);
    std::string bytes = "*" + std::to_string(words.size()) + "\r\n";
    for (const std::string& word : words) {
      bytes += Bulk(word);
      text_ += word.substr(0, 40) + " ";
    }
    text_ += "/ ";
    return bytes;
  }

  std::mt19937 random_;
  std::string text_;
};

class CleanLinksTest : public testing::Test {
 protected:
  CleanLinksTest()
      : redis_({"save \"\""}),
        // Each session looks into all idle links and one more, so there would be ever more of them.
        proxy_({"--upstream", "redis://127.0.0.1:" + std::to_string(redis_.port()),
                "--upstream-idle", "16"}) {
    for (const std::string_view forbidden : kForbidden) {
      std::vector<std::string> rule = {"ACL", "SETUSER", User(forbidden), "on", ">pw",
                                       "~*",  "&*",      "+@all"};
      if (forbidden != "nothing") rule.push_back("-" + std::string(forbidden));
      const std::vector<std::string_view> args(rule.begin(), rule.end());
      direct_.SendCommand(args);
      EXPECT_EQ(direct_.ReadReply(), "+OK\r\n");
    }
  }

  // Sends in pieces, reads or does not, leaves at once or later.
  void Play(Story& story) {
    RawClient client = RawClient::Connect(proxy_.port());
    client.Send(story.Requests());
    if (story.Below(2) == 0) {
      client.ShutdownWrite();
      client.ReadUntilClosed();
    }
    client.Close();
    AwaitNobody();
  }

  void AwaitNobody() const {
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (std::chrono::steady_clock::now() < until) {
      if (proxy_.Metric("keyhole_clients") == 0 &&
          proxy_.Metric("keyhole_links{kind=\"private\"}") == 0)
        return;
    }
    FAIL() << "the client is still there, or its link";
  }

  // Redis' view: nothing is inside a transaction, subscribed, or named after a client.
  void ExpectCleanInRedis() {
    const std::string list = direct_.Ask({"CLIENT", "LIST"});
    for (size_t at = 0; at < list.size();) {
      const size_t end = std::min(list.find('\n', at), list.size());
      const std::string line = list.substr(at, end - at);
      at = end + 1;
      if (line.find("cmd=client|list") != std::string::npos) continue;
      if (line.find(" flags=") == std::string::npos) continue;
      EXPECT_NE(line.find(" flags=N "), std::string::npos) << line;
      EXPECT_NE(line.find(" multi=-1 "), std::string::npos) << line;
      EXPECT_NE(line.find(" sub=0 psub=0 ssub=0 "), std::string::npos) << line;
    }
  }

  // A client's view: takes every link that the pool has for this user and protocol, all at a time.
  void ExpectCleanLinks(std::string_view user, std::string_view protocol) {
    const auto idle = static_cast<size_t>(proxy_.Metric("keyhole_links{kind=\"idle\"}"));
    std::vector<RawClient> clients;
    for (size_t i = 0; i < idle + 1; ++i) {
      RawClient& client = clients.emplace_back(RawClient::Connect(proxy_.port()));
      if (user.empty()) {
        client.Ask({"HELLO", protocol});
      } else {
        ASSERT_NE(client.Ask({"HELLO", protocol, "AUTH", user, kPassword}).front(), '-');
      }
      EXPECT_EQ(client.Ask({"ECHO", "shared"}), Bulk("shared"));
      ASSERT_EQ(client.Ask({"MULTI"}), "+OK\r\n");
      ASSERT_EQ(client.Ask({"CLIENT", "INFO"}), "+QUEUED\r\n");
    }
    direct_.Ask({"SET", "watched", "touched"});
    direct_.Ask({"SELECT", "1"});
    direct_.Ask({"SET", "watched", "touched"});
    direct_.Ask({"SELECT", "2"});
    direct_.Ask({"SET", "watched", "touched"});
    direct_.Ask({"SELECT", "0"});
    for (RawClient& client : clients) {
      const std::string info = client.Ask({"EXEC"});
      EXPECT_EQ(info.substr(0, 4), "*1\r\n") << "it watches: " << info;
      EXPECT_NE(info.find(" db=0 "), std::string::npos) << info;
      EXPECT_NE(info.find(" name= "), std::string::npos) << info;
      EXPECT_NE(info.find(" user=" + std::string(user.empty() ? "default" : user) + " "),
                std::string::npos)
          << info;
      EXPECT_NE(info.find(" resp=" + std::string(protocol)), std::string::npos) << info;
    }
    clients.clear();
    AwaitNobody();
  }

  RedisServer redis_;
  KeyholeProcess proxy_;
  RawClient direct_ = RawClient::Connect(redis_.port());
};

TEST_F(CleanLinksTest, AfterAnySession) {
  for (uint32_t seed = 0; seed < kSessions; ++seed) {
    Story story(seed);
    Play(story);
    SCOPED_TRACE("session " + std::to_string(seed) + ": " + story.text());
    ExpectCleanInRedis();
    ExpectCleanLinks("", seed % 2 == 0 ? "2" : "3");
    ExpectCleanLinks(User("nothing"), seed % 2 == 0 ? "3" : "2");
    if (HasFailure()) return;
  }
}

// The first of the attacks by which this was found.
TEST_F(CleanLinksTest, AWatchOfAnotherClientDiscardsNoTransaction) {
  RawClient a = RawClient::Connect(proxy_.port());
  a.Ask({"MULTI"});
  a.Ask({"EXEC", "x"});
  a.Ask({"WATCH", "watched"});
  a.Ask({"EXEC"});
  a.Close();
  AwaitNobody();
  ExpectCleanLinks("", "2");
}

TEST_F(CleanLinksTest, AUserWhoMayNotDiscardLeavesNobodyInItsTransaction) {
  for (const std::string_view forbidden : {"discard", "unwatch", "exec"}) {
    RawClient a = RawClient::Connect(proxy_.port());
    a.Ask({"AUTH", User(forbidden), kPassword});
    if (forbidden == "unwatch") {
      a.Ask({"WATCH", "watched"});
      EXPECT_EQ(a.Ask({"UNWATCH"}).substr(0, 7), "-NOPERM");
    } else {
      a.Ask({"MULTI"});
      a.Ask({"SET", "t", "a"});
      if (forbidden == "discard") {
        EXPECT_EQ(a.Ask({"DISCARD"}).substr(0, 7), "-NOPERM");
        EXPECT_EQ(a.Ask({"GET", "t"}), "+QUEUED\r\n");
      } else {
        EXPECT_EQ(a.Ask({"EXEC"}).substr(0, 10), "-EXECABORT");
      }
    }
    a.Close();
    AwaitNobody();
    RawClient b = RawClient::Connect(proxy_.port());
    b.Ask({"AUTH", User(forbidden), kPassword});
    EXPECT_EQ(b.Ask({"BLPOP", "nolist", "0.01"}), "*-1\r\n") << forbidden;
    EXPECT_EQ(b.Ask({"GET", "t"}), "$-1\r\n") << forbidden;
    b.Close();
    AwaitNobody();
    ExpectCleanInRedis();
  }
}

}  // namespace
}  // namespace keyhole::test
