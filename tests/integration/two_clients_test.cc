// Stories of two and three clients about order, and about a Redis that is busy or paused; and how
// often a request is overtaken in real time.
#include <gtest/gtest.h>

#include <iostream>
#include <string>
#include <string_view>
#include <vector>

#include "tests/integration/told_twice.h"

namespace keyhole::test {
namespace {

class TwoClientsTest : public ToldTwice {};

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

// More transactions than there are spare links in their database, and no connection can be brought
// there: Redis refuses SELECT.
TEST_P(TwoClientsTest, TransactionsBeginWhileAScriptRuns) {
  Compare([](World& world) {
    constexpr size_t kClients = 12;
    std::vector<RawClient> clients;
    for (size_t i = 0; i < kClients; ++i) {
      clients.push_back(world.Client());
      clients.back().Ask({"SELECT", "3"});
    }
    RawClient scripting = world.Client();
    scripting.SendCommand({"EVAL", "while true do end", "0"});
    AwaitReply(world.redis(), {"PING"},
               [](const std::string& reply) { return reply.starts_with("-BUSY"); });
    world.AwaitOthersGoOn();
    for (RawClient& client : clients) world.Tell(client.Ask({"MULTI"}));
    for (size_t i = 0; i < kClients; ++i) {
      if (i % 2 == 0) world.Tell(clients[i].Ask({"INCR", "n"}));
      if (i % 3 == 0) world.Tell(clients[i].Ask({"EXEC"}));
    }
    world.Tell(world.redis().Ask({"SCRIPT", "KILL"}));
    scripting.ReadReply();  // an error with a hash
    for (size_t i = 0; i < kClients; ++i) {
      if (i % 3 != 0) world.Tell(clients[i].Ask({"APPEND", "log", std::to_string(i)}));
      if (i % 3 != 0) world.Tell(clients[i].Ask({"EXEC"}));
      world.Tell(clients[i].Ask({"GET", "log"}));
    }
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
// What A, or one kind of B, is told then tells.
struct Race {
  std::string a;
  std::vector<std::string_view> b;
  std::string_view a_if_overtaken;
  std::string_view b_if_overtaken;
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
      redis.Ask({"DEL", "k", "q", "s"});
      redis.Ask({"RPUSH", "q", "1"});
      redis.Ask({"XGROUP", "CREATE", "s", "g", "$", "MKSTREAM"});
      a.Send(race.a);
      AwaitArrival(a);
      b.SendCommand(race.b);
      bool told = b.ReadReply() == race.b_if_overtaken;
      a.Send("PING\r\n");
      for (std::string reply; reply != "+PONG\r\n";) {
        reply = a.ReadReply();
        told = told || (!race.a_if_overtaken.empty() && reply.starts_with(race.a_if_overtaken));
      }
      if (told) ++overtaken;
    }
    return overtaken;
  }
};

TEST_P(OvertakingTest, AsRareAsInRedis) {
  constexpr int kRounds = 1000;
  for (const Race& race :
       {Race{"BLPOP q 0\r\n", {"LLEN", "q"}, "", ":1\r\n"},
        Race{"BRPOPLPUSH q k 0\r\n", {"LLEN", "q"}, "", ":1\r\n"},
        Race{"XREADGROUP GROUP g me BLOCK 0 STREAMS s >\r\n", {"DEL", "s"}, "-NOGROUP", ""},
        Race{"MULTI\r\nSET k 1\r\nEXEC\r\n", {"EXISTS", "k"}, "", ":0\r\n"},
        Race{"WATCH k\r\nSET k 1\r\nUNWATCH\r\n", {"EXISTS", "k"}, "", ":0\r\n"}}) {
    const int directly = Overtaken(redis_->port(), race, kRounds);
    const int here = Overtaken(proxy_->port(), race, kRounds);
    EXPECT_LE(here, directly + kRounds / 100) << race.a;
    const std::string what = race.a.substr(0, race.a.find(' '));
    std::cout << what.substr(0, what.find('\r')) << ": overtaken in " << here << " of " << kRounds
              << " rounds, directly in " << directly << "\n";
  }
}

KEYHOLE_IN_FRONT_OF_REDIS(OvertakingTest);

}  // namespace
}  // namespace keyhole::test
