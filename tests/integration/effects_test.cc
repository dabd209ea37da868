// What one client does to another, effect by effect: blocking, pub/sub, scripts, pause,
// transactions, monitor, tracking. By the documentation of Redis 7.0.
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "tests/integration/told_twice.h"

namespace keyhole::test {
namespace {

class EffectsTest : public ToldTwice {};

// A number in the reply to CLIENT ID.
std::string IdOf(RawClient& client) {
  const std::string reply = client.Ask({"CLIENT", "ID"});
  return reply.substr(1, reply.size() - 3);
}

// ---- blocking

TEST_P(EffectsTest, AnElementGoesOnFromHandToHand) {
  Compare([](World& world) {
    RawClient ann = world.Client();
    RawClient bob = world.Client();
    RawClient cat = world.Client();
    ann.SendCommand({"BLMOVE", "a", "b", "LEFT", "RIGHT", "0"});
    bob.SendCommand({"BLMOVE", "b", "c", "LEFT", "RIGHT", "0"});
    cat.SendCommand({"BLMPOP", "0", "2", "nothing", "c", "LEFT"});
    world.AwaitBlocked(3);
    RawClient giver = world.Client();
    world.Tell(giver.Ask({"RPUSH", "a", "1"}));
    for (RawClient* each : {&cat, &bob, &ann}) world.Tell(each->ReadReply());
    world.Tell(giver.Ask({"EXISTS", "a", "b", "c"}));
  });
}

TEST_P(EffectsTest, WhatATransactionGivesAndTakesNobodyHasSeen) {
  Compare([](World& world) {
    RawClient waiting = world.Client();
    RawClient other = world.Client();
    waiting.SendCommand({"BZPOPMIN", "z", "0"});
    world.AwaitBlocked(1);
    other.Send("MULTI\r\nZADD z 1 a\r\nDEL z\r\nZADD z 2 b\r\nEXEC\r\n");
    for (int i = 0; i < 5; ++i) world.Tell(other.ReadReply());
    world.Tell(waiting.ReadReply());
    world.Tell(other.Ask({"EXISTS", "z"}));
  });
}

TEST_P(EffectsTest, WhoWaitsInTheOtherDatabaseIsServedByASwap) {
  Compare([](World& world) {
    RawClient waiting = world.Client();
    RawClient other = world.Client();
    world.Tell(waiting.Ask({"SELECT", "5"}));
    waiting.SendCommand({"BLPOP", "q", "0"});
    world.AwaitBlocked(1);
    world.Tell(other.Ask({"RPUSH", "q", "1"}));
    world.Tell(other.Ask({"SWAPDB", "0", "5"}));
    world.Tell(waiting.ReadReply());
    world.Tell(waiting.Ask({"EXISTS", "q"}));
    world.Tell(other.Ask({"RPUSH", "q", "2"}));
    world.Tell(other.Ask({"MOVE", "q", "5"}));
    world.Tell(waiting.Ask({"LRANGE", "q", "0", "-1"}));
  });
}

TEST_P(EffectsTest, AnotherEndsTheWaiting) {
  Compare([](World& world) {
    RawClient waiting = world.Client();
    RawClient other = world.Client();
    const std::string id = IdOf(waiting);
    for (const std::string_view how : {"TIMEOUT", "ERROR"}) {
      waiting.SendCommand({"BLPOP", "q", "0"});
      world.AwaitBlocked(1);
      world.Tell(other.Ask({"CLIENT", "UNBLOCK", id, how}));
      world.Tell(waiting.ReadReply());
    }
    world.Tell(other.Ask({"CLIENT", "UNBLOCK", id}));
    world.Tell(waiting.Ask({"PING"}));
    waiting.SendCommand({"BLPOP", "q", "0"});
    world.AwaitBlocked(1);
    world.Tell(other.Ask({"CLIENT", "KILL", "ID", id}));
    world.Tell(waiting.ReadUntilClosed());
    world.Tell(other.Ask({"RPUSH", "q", "1"}));
    world.Tell(other.Ask({"LLEN", "q"}));
  });
}

TEST_P(EffectsTest, WhoHasGoneIsGivenNothing) {
  Compare([](World& world) {
    RawClient second = world.Client();
    RawClient giver = world.Client();
    {
      RawClient first = world.Client();
      first.SendCommand({"BLPOP", "q", "0"});
      world.AwaitBlocked(1);
      second.SendCommand({"BLPOP", "q", "0"});
      world.AwaitBlocked(2);
    }
    world.AwaitBlocked(1);
    world.Tell(giver.Ask({"RPUSH", "q", "1"}));
    world.Tell(second.ReadReply());
    world.Tell(giver.Ask({"LLEN", "q"}));
  });
}

TEST_P(EffectsTest, AWrongTypeWakesNobody) {
  Compare([](World& world) {
    RawClient waiting = world.Client();
    RawClient other = world.Client();
    waiting.SendCommand({"BLPOP", "q", "0"});
    world.AwaitBlocked(1);
    world.Tell(other.Ask({"SET", "q", "text"}));
    world.AwaitBlocked(1);
    world.Tell(other.Ask({"DEL", "q"}));
    world.Tell(other.Ask({"RPUSH", "q", "1"}));
    world.Tell(waiting.ReadReply());
  });
}

TEST_P(EffectsTest, AllConsumersOfAGroupHaveTheirTurn) {
  Compare([](World& world) {
    RawClient ann = world.Client();
    RawClient bob = world.Client();
    RawClient giver = world.Client();
    giver.Ask({"XGROUP", "CREATE", "s", "g", "$", "MKSTREAM"});
    ann.SendCommand({"XREADGROUP", "GROUP", "g", "ann", "BLOCK", "0", "STREAMS", "s", ">"});
    AwaitArrival(ann);
    bob.SendCommand({"XREADGROUP", "GROUP", "g", "bob", "BLOCK", "0", "STREAMS", "s", ">"});
    world.AwaitBlocked(2);
    for (const std::string_view id : {"1-1", "2-1"}) {
      world.Tell(giver.Ask({"XADD", "s", id, "f", "v"}));
    }
    world.Tell(ann.ReadReply());
    world.Tell(bob.ReadReply());
    world.Tell(giver.Ask({"XPENDING", "s", "g"}));
    ann.SendCommand({"XREADGROUP", "GROUP", "g", "ann", "BLOCK", "0", "STREAMS", "s", ">"});
    world.AwaitBlocked(1);
    world.Tell(giver.Ask({"XGROUP", "DESTROY", "s", "g"}));
    world.Tell(ann.ReadReply());
  });
}

// ---- pub/sub

TEST_P(EffectsTest, AMessageIsCountedByWhoHearsIt) {
  Compare([](World& world) {
    RawClient ann = world.Client();
    RawClient bob = world.Client();
    RawClient speaker = world.Client();
    world.Tell(ann.Ask({"SUBSCRIBE", "news"}));
    world.Tell(bob.Ask({"PSUBSCRIBE", "n*"}));
    world.Tell(bob.Ask({"SUBSCRIBE", "news"}));
    world.Tell(speaker.Ask({"PUBLISH", "news", "1"}));
    world.Tell(speaker.Ask({"PUBSUB", "NUMSUB", "news", "none"}));
    world.Tell(speaker.Ask({"PUBSUB", "NUMPAT"}));
    world.Tell(speaker.Ask({"PUBSUB", "CHANNELS"}));
    world.Tell(ann.ReadReply());
    for (int i = 0; i < 2; ++i) world.Tell(bob.ReadReply());
    world.Tell(ann.Ask({"PING", "still here"}));
    world.Tell(ann.Ask({"GET", "a"}));
    world.Tell(bob.Ask({"UNSUBSCRIBE"}));
    world.Tell(bob.Ask({"PUNSUBSCRIBE"}));
    world.Tell(bob.Ask({"GET", "a"}));
    world.Tell(speaker.Ask({"PUBLISH", "news", "2"}));
    world.Tell(ann.ReadReply());
    world.Tell(ann.Ask({"RESET"}));
    world.Tell(speaker.Ask({"PUBLISH", "news", "3"}));
  });
}

TEST_P(EffectsTest, WhatIsPublishedInATransactionIsHeardAfterIt) {
  Compare([](World& world) {
    RawClient ann = world.Client();
    RawClient speaker = world.Client();
    ann.Ask({"HELLO", "3"});
    world.Tell(ann.Ask({"SSUBSCRIBE", "shard"}));
    world.Tell(ann.Ask({"SUBSCRIBE", "c"}));
    world.Tell(speaker.Ask({"MULTI"}));
    world.Tell(speaker.Ask({"PUBLISH", "c", "1"}));
    world.Tell(ann.Ask({"GET", "a"}));
    world.Tell(speaker.Ask({"SET", "a", "done"}));
    world.Tell(speaker.Ask({"SPUBLISH", "shard", "2"}));
    world.Tell(speaker.Ask({"EXEC"}));
    for (int i = 0; i < 2; ++i) world.Tell(ann.ReadReply());
    world.Tell(ann.Ask({"GET", "a"}));
  });
}

TEST_P(EffectsTest, WhoHasGoneHearsNothing) {
  Compare([](World& world) {
    RawClient speaker = world.Client();
    {
      RawClient ann = world.Client();
      ann.Ask({"SUBSCRIBE", "c"});
      world.Tell(speaker.Ask({"PUBLISH", "c", "1"}));
    }
    AwaitReply(world.redis(), {"PUBSUB", "NUMSUB", "c"},
               [](const std::string& reply) { return reply.ends_with(":0\r\n"); });
    world.Tell(speaker.Ask({"PUBLISH", "c", "2"}));
  });
}

TEST_P(EffectsTest, KeysTellWhatHappensToThem) {
  Compare([](World& world) {
    RawClient ann = world.Client();
    RawClient bob = world.Client();
    world.redis().Ask({"CONFIG", "SET", "notify-keyspace-events", "KEA"});
    world.Tell(ann.Ask({"PSUBSCRIBE", "__key*__:*"}));
    for (const auto& words : {std::vector<std::string_view>{"SET", "a", "1"},
                              std::vector<std::string_view>{"RENAME", "a", "b"},
                              std::vector<std::string_view>{"DEL", "b"}}) {
      bob.SendCommand(words);
      world.Tell(bob.ReadReply());
    }
    for (int i = 0; i < 8; ++i) world.Tell(ann.ReadReply());
    world.redis().Ask({"CONFIG", "SET", "notify-keyspace-events", ""});
  });
}

// ---- scripts

TEST_P(EffectsTest, AScriptIsEverybodys) {
  Compare([](World& world) {
    RawClient ann = world.Client();
    RawClient bob = world.Client();
    RawClient cat = world.Client();
    const std::string loaded = ann.Ask({"SCRIPT", "LOAD", "return redis.call('incr', KEYS[1])"});
    const std::string hash = loaded.substr(loaded.find('\n') + 1, 40);
    world.Tell(loaded);
    world.Tell(bob.Ask({"EVALSHA", hash, "1", "n"}));
    world.Tell(bob.Ask({"SELECT", "2"}));
    world.Tell(bob.Ask({"EVALSHA", hash, "1", "n"}));
    world.Tell(cat.Ask({"GET", "n"}));
    world.Tell(cat.Ask({"SCRIPT", "FLUSH"}));
    world.Tell(bob.Ask({"EVALSHA", hash, "1", "n"}));
    world.Tell(ann.Ask({"SCRIPT", "EXISTS", hash}));
    world.Tell(bob.Ask({"GET", "n"}));
  });
}

TEST_P(EffectsTest, AScriptServesWhoWaitsOnceItIsOver) {
  Compare([](World& world) {
    RawClient waiting = world.Client();
    RawClient other = world.Client();
    waiting.SendCommand({"BLPOP", "q", "0"});
    world.AwaitBlocked(1);
    world.Tell(other.Ask({"EVAL",
                          "redis.call('rpush', 'q', 1) redis.call('rpush', 'q', 2) "
                          "return redis.call('lpop', 'q')",
                          "0"}));
    world.Tell(waiting.ReadReply());
    world.Tell(other.Ask({"EVAL", "redis.setresp(3) return redis.call('hgetall', 'h')", "0"}));
    world.Tell(other.Ask({"GET", "a"}));
  });
}

// ---- pause

// Two hundred milliseconds: nobody can end it sooner, as CLIENT UNPAUSE is held as well.
TEST_P(EffectsTest, WhileAllArePausedNobodyIsAnswered) {
  Compare([](World& world) {
    RawClient admin = world.Client();
    RawClient writer = world.Client();
    RawClient reader = world.Client();
    RawClient blocking = world.Client();
    blocking.SendCommand({"BLPOP", "q", "0"});
    world.AwaitBlocked(1);
    const auto begin = std::chrono::steady_clock::now();
    world.Tell(admin.Ask({"CLIENT", "PAUSE", "200", "ALL"}));
    writer.Send("SET a 1\r\nAPPEND a 2\r\n");
    AwaitArrival(writer);
    reader.SendCommand({"GET", "b"});
    admin.SendCommand({"CLIENT", "UNPAUSE"});
    for (RawClient* each : {&writer, &writer, &reader, &admin}) world.Tell(each->ReadReply());
    EXPECT_GE(std::chrono::steady_clock::now() - begin, std::chrono::milliseconds(190));
    world.Tell(reader.Ask({"GET", "a"}));
    world.Tell(reader.Ask({"RPUSH", "q", "1"}));
    world.Tell(blocking.ReadReply());
  });
}

TEST_P(EffectsTest, AnExecThatWritesIsPausedAndOneThatReadsIsNot) {
  Compare([](World& world) {
    RawClient admin = world.Client();
    RawClient writer = world.Client();
    RawClient reader = world.Client();
    RawClient scripting = world.Client();
    world.Tell(writer.Ask({"MULTI"}));
    world.Tell(writer.Ask({"SET", "a", "1"}));
    world.Tell(admin.Ask({"CLIENT", "PAUSE", "100000", "WRITE"}));
    writer.SendCommand({"EXEC"});
    world.AwaitBlocked(1);
    reader.Send("MULTI\r\nGET a\r\nEXEC\r\n");
    for (int i = 0; i < 3; ++i) world.Tell(reader.ReadReply());
    scripting.SendCommand({"EVAL", "return redis.call('set', 'a', 2)", "0"});
    world.AwaitBlocked(2);
    world.Tell(reader.Ask({"EVAL_RO", "return redis.call('get', 'a')", "0"}));
    world.Tell(reader.Ask({"PUBSUB", "NUMPAT"}));
    world.Tell(admin.Ask({"CLIENT", "UNPAUSE"}));
    world.Tell(writer.ReadReply());
    world.Tell(scripting.ReadReply());
    world.Tell(reader.Ask({"GET", "a"}));
  });
}

// ---- transactions

TEST_P(EffectsTest, WhatIsWatchedIsTouchedInManyWays) {
  for (const std::vector<std::string_view>& touch :
       {std::vector<std::string_view>{"SET", "k", "2"}, std::vector<std::string_view>{"DEL", "k"},
        std::vector<std::string_view>{"FLUSHALL"}, std::vector<std::string_view>{"FLUSHDB"},
        std::vector<std::string_view>{"SWAPDB", "0", "1"},
        std::vector<std::string_view>{"EXPIRE", "k", "100"},
        std::vector<std::string_view>{"RENAME", "k", "l"},
        std::vector<std::string_view>{"EVAL", "redis.call('incr', 'k')", "0"},
        std::vector<std::string_view>{"GET", "k"},
        std::vector<std::string_view>{"SET", "l", "1"}}) {
    Compare([&](World& world) {
      RawClient ann = world.Client();
      RawClient bob = world.Client();
      bob.Ask({"SET", "k", "1"});
      world.Tell(ann.Ask({"WATCH", "k"}));
      bob.SendCommand(touch);
      world.Tell(bob.ReadReply());
      ann.Send("MULTI\r\nSET mine 1\r\nEXEC\r\n");
      for (int i = 0; i < 3; ++i) world.Tell(ann.ReadReply());
      world.Tell(bob.Ask({"EXISTS", "mine"}));
    });
  }
}

TEST_P(EffectsTest, ATransactionIsSeenWholeOrNotAtAll) {
  Compare([](World& world) {
    RawClient ann = world.Client();
    RawClient bob = world.Client();
    RawClient cat = world.Client();
    world.Tell(ann.Ask({"MULTI"}));
    world.Tell(ann.Ask({"INCR", "n"}));
    world.Tell(bob.Ask({"MULTI"}));
    world.Tell(bob.Ask({"INCR", "n"}));
    world.Tell(cat.Ask({"GET", "n"}));
    world.Tell(ann.Ask({"INCR", "n"}));
    world.Tell(bob.Ask({"EXEC"}));
    world.Tell(cat.Ask({"INCR", "n"}));
    world.Tell(ann.Ask({"EXEC"}));
    world.Tell(bob.Ask({"MULTI"}));
    world.Tell(bob.Ask({"LPUSH", "n", "x"}));
    world.Tell(bob.Ask({"INCR", "n"}));
    world.Tell(bob.Ask({"EXEC"}));
    world.Tell(cat.Ask({"GET", "n"}));
  });
}

// ---- monitor

// +1700000000.1 [0 127.0.0.1:5000] "GET" "k": the database, and the words. What a new link says of
// itself (SELECT, AUTH, CLIENT SETNAME) is seen as well, so no link is new here.
std::string Seen(const std::string& line) {
  const size_t at = line.find('[');
  return line.substr(at, line.find(' ', at) - at) + line.substr(line.find(']'));
}

TEST_P(EffectsTest, AMonitorSeesAllInTheirOrder) {
  Compare([](World& world) {
    RawClient monitor = world.Client();
    RawClient ann = world.Client();
    RawClient bob = world.Client();
    world.Tell(ann.Ask({"EVAL", "return 1", "0"}));  // scripts have their link
    world.Tell(monitor.Ask({"MONITOR"}));
    world.Tell(ann.Ask({"SET", "a", "\n\"1\""}));
    world.Tell(bob.Ask({"GET", "a"}));
    ann.Send("MULTI\r\nINCR n\r\nEXEC\r\nEVAL \"return redis.call('get', KEYS[1])\" 1 n\r\n");
    for (int i = 0; i < 4; ++i) world.Tell(ann.ReadReply());
    world.Tell(bob.Ask({"ECHO", "end"}));
    for (std::string line; line.find("ECHO") == std::string::npos;) {
      line = monitor.ReadReply();
      world.Tell(Seen(line));
    }
    world.Tell(monitor.Ask({"RESET"}));
    world.Tell(monitor.Ask({"GET", "a"}));
  });
}

// ---- tracking

TEST_P(EffectsTest, WhoTracksHearsWhatOthersChange) {
  Compare([](World& world) {
    RawClient ann = world.Client();
    RawClient bob = world.Client();
    ann.Ask({"HELLO", "3"});
    world.Tell(ann.Ask({"CLIENT", "TRACKING", "ON"}));
    world.Tell(ann.Ask({"GET", "a"}));
    world.Tell(bob.Ask({"SET", "a", "1"}));
    world.Tell(ann.ReadReply());
    world.Tell(bob.Ask({"SET", "a", "2"}));
    world.Tell(ann.Ask({"GET", "a"}));
    world.Tell(bob.Ask({"FLUSHALL"}));
    world.Tell(ann.ReadReply());
    world.Tell(ann.Ask({"CLIENT", "TRACKING", "OFF"}));
    world.Tell(ann.Ask({"PING"}));
  });
}

KEYHOLE_IN_FRONT_OF_REDIS(EffectsTest);

}  // namespace
}  // namespace keyhole::test
