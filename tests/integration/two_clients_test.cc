// Stories of two and three clients that could notice that something stands between them and Redis.
// Each is told twice, to Redis and through the proxy, and must have the same replies. A server's
// state is awaited by asking Redis itself, not by time.
#include <gtest/gtest.h>
#include <sys/ioctl.h>

#include <chrono>
#include <functional>
#include <stdexcept>
#include <string>
#include <vector>

#include "tests/integration/proxy_test.h"

namespace keyhole::test {
namespace {

// The bytes are where the other side reads them.
void AwaitArrival(const RawClient& client) {
  int unacknowledged = 1;
  for (int i = 0; i < 1'000'000 && unacknowledged > 0; ++i) {
    if (::ioctl(client.fd(), TIOCOUTQ, &unacknowledged) != 0) return;
  }
}

// What the proxy opens at its start is there: a link that all share, and some for those who come.
void AwaitSpares(const RedisServer& redis) {
  constexpr int kLinks = 5;
  RawClient client = RawClient::Connect(redis.port());
  AwaitReply(client, {"INFO", "clients"}, [](const std::string& reply) {
    const size_t at = reply.find("connected_clients:");
    return at != std::string::npos && std::stoi(reply.substr(at + 18)) >= kLinks + 1;
  });
}

class World {
 public:
  World(uint16_t port, uint16_t redis) : port_(port), redis_(RawClient::Connect(redis)) {}

  // Has been accepted: what a client sends before that is read later than what others send.
  RawClient Client() const {
    RawClient client = RawClient::Connect(port_);
    client.Ask({"PING"});
    return client;
  }
  RawClient& redis() { return redis_; }
  void AwaitBlocked(int count) {
    const std::string line = "blocked_clients:" + std::to_string(count) + "\r\n";
    AwaitReply(redis_, {"INFO", "clients"},
               [&](const std::string& reply) { return reply.find(line) != std::string::npos; });
  }
  // What Redis holds holds others no more: the proxy needs some milliseconds to see that.
  void AwaitOthersGoOn() {
    for (int i = 0; i < 200; ++i) {
      RawClient other = RawClient::Connect(port_);
      other.set_deadline(std::chrono::milliseconds(100));
      try {
        other.Ask({"GET", "nothing"});
        return;
      } catch (const std::runtime_error&) {
        continue;  // it came too early
      }
    }
    FAIL() << "others are held";
  }
  void Tell(const std::string& reply) { told_ += reply; }
  const std::string& told() const { return told_; }

 private:
  const uint16_t port_;
  RawClient redis_;
  std::string told_;
};

using Story = std::function<void(World&)>;

class TwoClientsTest : public ProxyTest {
 protected:
  void SetUp() override {
    Start({"busy-reply-threshold 50"});
    AwaitSpares(*redis_);
  }

  void Compare(const Story& story) {
    EXPECT_EQ(Tell(proxy_->port(), story), Tell(redis_->port(), story));
  }

 private:
  std::string Tell(uint16_t port, const Story& story) {
    World world(port, redis_->port());
    world.redis().Ask({"FLUSHALL"});
    story(world);
    return world.told();
  }
};

TEST_P(TwoClientsTest, WhoWaitsForAStreamHearsThatItIsGone) {
  for (const std::vector<std::string_view>& end :
       {std::vector<std::string_view>{"DEL", "s"}, std::vector<std::string_view>{"SET", "s", "1"},
        std::vector<std::string_view>{"FLUSHDB"}}) {
    Compare([&](World& world) {
      RawClient reader = world.Client();
      RawClient other = world.Client();
      other.Ask({"XGROUP", "CREATE", "s", "g", "$", "MKSTREAM"});
      reader.SendCommand({"XREADGROUP", "GROUP", "g", "me", "BLOCK", "0", "STREAMS", "s", ">"});
      AwaitArrival(reader);
      other.SendCommand(end);
      world.Tell(other.ReadReply());
      world.Tell(reader.ReadReply());
    });
  }
}

TEST_P(TwoClientsTest, WhoHasWaitedLongerIsServedFirst) {
  Compare([](World& world) {
    RawClient first = world.Client();
    RawClient second = world.Client();
    RawClient giver = world.Client();
    first.SendCommand({"BLPOP", "q", "0"});
    AwaitArrival(first);
    second.SendCommand({"BRPOPLPUSH", "q", "p", "0"});
    AwaitArrival(second);
    world.Tell(giver.Ask({"LPUSH", "q", "1"}));
    world.Tell(first.ReadReply());
    world.Tell(giver.Ask({"LPUSH", "q", "2"}));
    world.Tell(second.ReadReply());
  });
}

TEST_P(TwoClientsTest, ManyThatCameOneAfterTheOtherAreServedLikeThat) {
  Compare([](World& world) {
    constexpr int kClients = 20;
    std::vector<RawClient> waiting;
    for (int i = 0; i < kClients; ++i) waiting.push_back(world.Client());
    for (RawClient& each : waiting) {
      each.SendCommand({"BLPOP", "q", "0"});
      AwaitArrival(each);
    }
    RawClient giver = world.Client();
    world.AwaitBlocked(kClients);
    for (int i = 0; i < kClients; ++i) giver.Ask({"LPUSH", "q", std::to_string(i)});
    for (RawClient& each : waiting) world.Tell(each.ReadReply());
  });
}

TEST_P(TwoClientsTest, AScriptThatRunsForEverIsToldToAll) {
  Compare([](World& world) {
    RawClient scripting = world.Client();
    RawClient other = world.Client();
    RawClient in_multi = world.Client();
    RawClient killer = world.Client();
    scripting.SendCommand({"EVAL", "while true do end", "0"});
    AwaitReply(world.redis(), {"PING"},
               [](const std::string& reply) { return reply.starts_with("-BUSY"); });
    world.AwaitOthersGoOn();
    world.Tell(world.Client().Ask({"GET", "a"}));
    world.Tell(other.Ask({"SELECT", "3"}));
    world.Tell(in_multi.Ask({"MULTI"}));
    world.Tell(in_multi.Ask({"INCR", "n"}));
    world.Tell(killer.Ask({"SCRIPT", "KILL"}));
    scripting.ReadReply();  // an error with a hash
    world.Tell(in_multi.Ask({"INCR", "n"}));
    world.Tell(in_multi.Ask({"EXEC"}));
    world.Tell(in_multi.Ask({"INCR", "n"}));
  });
}

// Of Redis' own suite: PING came a moment after the script, and waited for its end.
TEST_P(TwoClientsTest, WhoIsRightBehindAScriptWithoutEndHearsOfIt) {
  Compare([](World& world) {
    RawClient scripting = world.Client();
    RawClient other = world.Client();
    RawClient writer = world.Client();
    scripting.SendCommand({"EVAL", "while true do end", "0"});
    AwaitArrival(scripting);
    other.SendCommand({"PING"});
    writer.SendCommand({"SET", "a", "1"});
    world.Tell(other.ReadReply());
    world.Tell(writer.ReadReply());
    world.Tell(other.Ask({"SCRIPT", "KILL"}));
    scripting.ReadReply();  // an error with a hash
    world.Tell(writer.Ask({"GET", "a"}));
  });
}

// The same of CLIENT PAUSE: INFO came a moment after the SET.
TEST_P(TwoClientsTest, WhoIsRightBehindAPausedWriteGoesOn) {
  Compare([](World& world) {
    RawClient admin = world.Client();
    RawClient writer = world.Client();
    RawClient counting = world.Client();
    RawClient reader = world.Client();
    world.Tell(admin.Ask({"CLIENT", "PAUSE", "100000", "WRITE"}));
    writer.SendCommand({"SET", "a", "1"});
    AwaitArrival(writer);
    counting.SendCommand({"PFCOUNT", "h"});
    AwaitArrival(counting);
    world.Tell(reader.Ask({"EXISTS", "a"}));
    world.Tell(admin.Ask({"PING"}));
    world.AwaitBlocked(2);
    world.Tell(admin.Ask({"CLIENT", "UNPAUSE"}));
    world.Tell(writer.ReadReply());
    world.Tell(counting.ReadReply());
    world.Tell(reader.Ask({"EXISTS", "a"}));
  });
}

TEST_P(TwoClientsTest, AFunctionToo) {
  Compare([](World& world) {
    RawClient calling = world.Client();
    RawClient other = world.Client();
    calling.Ask({"FUNCTION", "LOAD", "REPLACE",
                 "#!lua name=l\nredis.register_function('f', function() while true do end end)"});
    calling.SendCommand({"FCALL", "f", "0"});
    AwaitReply(world.redis(), {"PING"},
               [](const std::string& reply) { return reply.starts_with("-BUSY"); });
    world.AwaitOthersGoOn();
    world.Tell(other.Ask({"PING"}));
    world.Tell(other.Ask({"FUNCTION", "KILL"}));
    calling.ReadReply();
    world.Tell(other.Ask({"PING"}));
  });
}

TEST_P(TwoClientsTest, WhileWritersArePausedReadersGoOn) {
  Compare([](World& world) {
    RawClient writer = world.Client();
    RawClient second = world.Client();
    RawClient reader = world.Client();
    writer.Ask({"SET", "a", "1"});
    world.redis().Ask({"CLIENT", "PAUSE", "100000", "WRITE"});
    writer.SendCommand({"SET", "a", "2"});
    world.AwaitBlocked(1);
    world.AwaitOthersGoOn();
    world.Tell(reader.Ask({"GET", "a"}));
    second.SendCommand({"INCR", "n"});
    world.AwaitBlocked(2);
    world.Tell(reader.Ask({"GET", "n"}));
    world.Tell(reader.Ask({"MULTI"}));
    world.Tell(reader.Ask({"GET", "a"}));
    world.Tell(reader.Ask({"EXEC"}));
    world.redis().Ask({"CLIENT", "UNPAUSE"});
    world.Tell(writer.ReadReply());
    world.Tell(second.ReadReply());
    world.Tell(reader.Ask({"GET", "a"}));
  });
}

TEST_P(TwoClientsTest, WhatAnotherChangesIsSeenByWhoWatches) {
  Compare([](World& world) {
    RawClient watching = world.Client();
    RawClient other = world.Client();
    world.Tell(watching.Ask({"WATCH", "a"}));
    world.Tell(other.Ask({"SET", "a", "1"}));
    world.Tell(watching.Ask({"MULTI"}));
    world.Tell(watching.Ask({"SET", "a", "2"}));
    world.Tell(watching.Ask({"EXEC"}));
    world.Tell(other.Ask({"GET", "a"}));
  });
}

TEST_P(TwoClientsTest, MessagesComeInTheirOrder) {
  Compare([](World& world) {
    RawClient listening = world.Client();
    RawClient other = world.Client();
    listening.SendCommand({"SUBSCRIBE", "c"});
    AwaitArrival(listening);
    for (const std::string_view message : {"1", "2", "3"}) {
      world.Tell(other.Ask({"PUBLISH", "c", message}));
    }
    for (int i = 0; i < 4; ++i) world.Tell(listening.ReadReply());
  });
}

TEST_P(TwoClientsTest, ShutdownInATransactionIsRefusedByRedisWords) {
  Compare([](World& world) {
    RawClient client = world.Client();
    world.Tell(client.Ask({"MULTI"}));
    world.Tell(client.Ask({"SHUTDOWN"}));
    world.Tell(client.Ask({"EXEC"}));
    world.Tell(client.Ask({"PING"}));
  });
}

KEYHOLE_IN_FRONT_OF_REDIS(TwoClientsTest);

// ---- in real time

// A sends what needs a connection of its own, then B sends what needs none: how often is B first?
// One kind of B tells.
struct Race {
  std::string a;
  std::vector<std::string_view> b;
  std::string_view overtaken;  // what B is told then
};

class OvertakingTest : public ProxyTest {
 protected:
  void SetUp() override {
    Start();
    AwaitSpares(*redis_);
  }

  int Overtaken(uint16_t port, const Race& race, int rounds) {
    RawClient a = RawClient::Connect(port);
    RawClient b = RawClient::Connect(port);
    RawClient redis = RedisClient();
    int overtaken = 0;
    for (int i = 0; i < rounds; ++i) {
      redis.Ask({"DEL", "k", "q"});
      redis.Ask({"RPUSH", "q", "1"});
      a.Send(race.a);
      AwaitArrival(a);
      b.SendCommand(race.b);
      if (b.ReadReply() == race.overtaken) ++overtaken;
      a.Send("PING\r\n");
      while (a.ReadReply() != "+PONG\r\n") continue;
    }
    return overtaken;
  }
};

TEST_P(OvertakingTest, AsRareAsInRedis) {
  constexpr int kRounds = 1000;
  for (const Race& race : {Race{"BLPOP q 0\r\n", {"LLEN", "q"}, ":1\r\n"},
                           Race{"MULTI\r\nSET k 1\r\nEXEC\r\n", {"EXISTS", "k"}, ":0\r\n"},
                           Race{"WATCH k\r\nSET k 1\r\nUNWATCH\r\n", {"EXISTS", "k"}, ":0\r\n"}}) {
    const int directly = Overtaken(redis_->port(), race, kRounds);
    const int here = Overtaken(proxy_->port(), race, kRounds);
    EXPECT_LE(here, directly + kRounds / 100) << race.a;
    RecordProperty("directly", directly);
    RecordProperty("here", here);
  }
}

KEYHOLE_IN_FRONT_OF_REDIS(OvertakingTest);

}  // namespace
}  // namespace keyhole::test
