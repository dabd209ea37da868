// What a connection to Redis begins with: what is said, and what becomes of each answer, however
// the bytes are cut.
#include "proxy/links/upstream/handshake.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "resp/request_parser.h"

namespace keyhole::core {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using State = Handshake::State;
using Failure = Handshake::Failure;

constexpr char kHelloReply[] =
    "%2\r\n$7\r\nversion\r\n$6\r\n7.0.15\r\n$4\r\nrole\r\n$6\r\nmaster\r\n";
// More than what a scanner keeps of it.
const std::string kLong =
    "BUSY a script is running. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.";
constexpr char kLoading[] = "-LOADING Redis is loading the dataset in memory\r\n";

// AUTH, SELECT, CLIENT SETNAME.
Greeting Usual() {
  SessionState state;
  state.user = "ann";
  state.password = "secret";
  state.db = 3;
  state.name = "keyhole";
  return Greeting::For(state);
}

// HELLO, CLIENT SETNAME, CLIENT TRACKING, CLIENT NO-EVICT.
Greeting Tracking() {
  SessionState state;
  state.protocol = resp::Protocol::kResp3;
  state.name = "near";
  Greeting greeting = Greeting::For(state);
  greeting.Track();
  return greeting;
}

std::vector<std::string> Words(const Greeting& greeting) {
  resp::RequestParser parser;
  std::string bytes = greeting.bytes;
  std::vector<std::string> all;
  while (parser.Next(bytes) == resp::RequestParser::Result::kRequest) {
    std::string& words = all.emplace_back();
    for (const std::string_view arg : parser.request().args) {
      if (!words.empty()) words.push_back(' ');
      words.append(arg);
    }
    bytes.erase(0, parser.consumed());
  }
  return all;
}

// A Redis that says `replies`, in chunks of these sizes; the last size is that of all others.
struct Talk {
  explicit Talk(Greeting greeting) { handshake.Begin(std::move(greeting)); }

  // What is not of the handshake.
  std::string Hear(std::string_view replies, size_t size = SIZE_MAX) {
    while (!replies.empty() && handshake.state() == State::kTalking) {
      const std::string_view chunk = replies.substr(0, size);
      const size_t used = handshake.Read(chunk, &stream);
      replies.remove_prefix(used);
      if (used < chunk.size()) break;
    }
    return std::string(replies);
  }

  Handshake handshake;
  resp::ReplyScanner stream;
};

TEST(GreetingWords, OfTheStateThatItLeadsTo) {
  EXPECT_THAT(Words(Usual()), ElementsAre("auth ann secret", "select 3", "client setname keyhole"));
  EXPECT_THAT(Words(Tracking()), ElementsAre("hello 3", "client setname near",
                                             "client tracking ON OPTIN", "client no-evict on"));
  EXPECT_THAT(Words(Greeting::For(SessionState())), IsEmpty());
}

TEST(GreetingWords, OfTheOptions) {
  Upstream upstream;
  upstream.user = "default";
  upstream.password = "secret";
  upstream.db = 2;
  EXPECT_THAT(Words(Greeting::For(StateFor(upstream))), ElementsAre("auth secret", "select 2"));
}

TEST(Handshake, IsDoneWhenAllIsAnswered) {
  Talk talk(Usual());
  EXPECT_EQ(talk.Hear("+OK\r\n+OK\r\n"), "");
  EXPECT_EQ(talk.handshake.state(), State::kTalking);
  EXPECT_EQ(talk.handshake.answered(), 2);
  EXPECT_EQ(talk.Hear("+OK\r\n"), "");
  EXPECT_EQ(talk.handshake.state(), State::kDone);
  EXPECT_EQ(talk.handshake.failure(), Failure::kNone);
}

TEST(Handshake, WithNothingToSayIsDoneAtOnce) {
  Talk talk{Greeting()};
  EXPECT_EQ(talk.handshake.state(), State::kDone);
  EXPECT_EQ(talk.handshake.PrepareWrite(), "");
}

TEST(Handshake, SaysItsGreetingInAnyPieces) {
  for (const size_t size : {size_t{1}, size_t{7}, size_t{1000}}) {
    Talk talk(Usual());
    std::string said;
    while (!talk.handshake.PrepareWrite().empty()) {
      const std::string piece(talk.handshake.PrepareWrite().substr(0, size));
      said += piece;
      talk.handshake.CommitWrite(piece.size());
    }
    EXPECT_EQ(said, Usual().bytes) << size;
    talk.Hear("+OK\r\n+OK\r\n+OK\r\n");
    EXPECT_EQ(talk.handshake.state(), State::kDone);
  }
}

// Behind it replies to requests may come, and pushes before and between.
TEST(Handshake, EndsWithItsLastReplyHoweverTheBytesAreCut) {
  const std::string push = ">2\r\n$10\r\ninvalidate\r\n_\r\n";
  const std::string own =
      push + kHelloReply + "+OK\r\n" + push + "+OK\r\n-NOPERM no no-evict for you\r\n";
  const std::string rest = "$5\r\nhello\r\n";
  std::minstd_rand random(1);
  for (int round = 0; round < 500; ++round) {
    Talk talk(Tracking());
    std::string heard = own + rest;
    while (!heard.empty() && talk.handshake.state() == State::kTalking) {
      // Whole, byte by byte, then anyhow.
      const size_t size = round == 0 ? SIZE_MAX : round == 1 ? 1 : 1 + random() % 40;
      const std::string chunk = heard.substr(0, size);
      heard.erase(0, talk.handshake.Read(chunk, &talk.stream));
    }
    ASSERT_EQ(talk.handshake.state(), State::kDone);
    ASSERT_EQ(talk.handshake.answered(), 4);
    ASSERT_EQ(heard, rest);
    ASSERT_TRUE(talk.stream.at_start());
  }
}

// A link that was idle may have been told a part of something.
TEST(Handshake, BeginsInTheMiddleOfAPush) {
  Talk talk(Usual());
  size_t used = 0;
  talk.stream.Scan(">2\r\n+mess", &used);
  EXPECT_EQ(talk.Hear("age\r\n+hello\r\n+OK\r\n+OK\r\n+OK\r\n", 4), "");
  EXPECT_EQ(talk.handshake.state(), State::kDone);
}

struct Refusal {
  const char* name;
  bool tracking;
  std::string replies;
  Failure failure;
  std::string error;
};

class Refusals : public testing::TestWithParam<Refusal> {};

TEST_P(Refusals, EndTheHandshake) {
  const Refusal& refusal = GetParam();
  for (const size_t size : {SIZE_MAX, size_t{1}, size_t{3}}) {
    Talk talk(refusal.tracking ? Tracking() : Usual());
    talk.Hear(refusal.replies, size);
    EXPECT_EQ(talk.handshake.state(), State::kFailed);
    EXPECT_EQ(talk.handshake.failure(), refusal.failure);
    EXPECT_EQ(talk.handshake.error(), refusal.error);
    talk.handshake.OnLost();  // as the connection is closed now
    EXPECT_EQ(talk.handshake.failure(), refusal.failure);
    EXPECT_EQ(talk.handshake.PrepareWrite(), "");
  }
}

INSTANTIATE_TEST_SUITE_P(
    All, Refusals,
    testing::Values(
        Refusal{"NoAuth", true,
                "-NOAUTH HELLO must be called with the client already "
                "authenticated\r\n",
                Failure::kDenied,
                "NOAUTH HELLO must be called with the client already authenticated"},
        Refusal{"WrongPass", false, "-WRONGPASS invalid\r\n", Failure::kDenied,
                "WRONGPASS invalid"},
        Refusal{"NoPerm", false, "+OK\r\n-NOPERM no select for you\r\n", Failure::kDenied,
                "NOPERM no select for you"},
        Refusal{"Protected", false, "-DENIED Redis is running in protected mode\r\n",
                Failure::kDenied, "DENIED Redis is running in protected mode"},
        Refusal{"OldServer", true, "-ERR unknown command `hello`\r\n", Failure::kUnknownCommand,
                "ERR unknown command `hello`"},
        Refusal{"Loading", true, kLoading, Failure::kNotNow,
                "LOADING Redis is loading the dataset in memory"},
        Refusal{"Busy", false, "+OK\r\n-" + kLong + "\r\n", Failure::kNotNow, kLong},
        Refusal{"NoSuchDatabase", false, "+OK\r\n-ERR DB index is out of range\r\n",
                Failure::kRefused, "ERR DB index is out of range"},
        Refusal{"NoTracking", true, std::string(kHelloReply) + "+OK\r\n-ERR no\r\n",
                Failure::kRefused, "ERR no"},
        Refusal{"Full", false, "-ERR max number of clients reached\r\n", Failure::kTurnedAway,
                "ERR max number of clients reached"},
        Refusal{"NoRedis", false, "HTTP/1.1 400 Bad Request\r\n", Failure::kNotResp, ""},
        Refusal{"NoRedisAnyMore", false, "+OK\r\n\x16\x03\x01\r\n", Failure::kNotResp, ""}),
    [](const auto& refusal) { return refusal.param.name; });

// Redis before 2.6.9 knows no names, before 7.0 no NO-EVICT; an ACL may refuse both.
TEST(Handshake, WhatNeedNotSucceedMayFail) {
  for (const std::string error :
       {"-ERR unknown command\r\n", "-NOPERM no\r\n", "-ERR syntax\r\n"}) {
    Talk talk(Tracking());
    talk.Hear(kHelloReply + error + "+OK\r\n" + error);
    EXPECT_EQ(talk.handshake.state(), State::kDone) << error;
  }
}

// That is no answer to what was asked, whatever it was.
TEST(Handshake, WhereThereIsNoRoomNothingSucceeds) {
  Greeting ping;
  ping.Ping();
  Talk talk(ping);
  talk.Hear("-ERR max number of clients reached\r\n");
  EXPECT_EQ(talk.handshake.failure(), Failure::kTurnedAway);
}

TEST(Handshake, LostInTheMiddle) {
  for (size_t heard = 0; heard < 14; ++heard) {
    Talk talk(Usual());
    talk.handshake.CommitWrite(5);
    talk.Hear(std::string_view("+OK\r\n+OK\r\n+OK\r\n").substr(0, heard), 1);
    talk.handshake.OnLost();
    EXPECT_EQ(talk.handshake.state(), State::kFailed);
    EXPECT_EQ(talk.handshake.failure(), Failure::kLost);
    EXPECT_EQ(talk.handshake.PrepareWrite(), "");  // its rest is not for the next connection
    talk.stream = resp::ReplyScanner();
    talk.handshake.Begin(Usual());
    EXPECT_EQ(talk.handshake.PrepareWrite(), Usual().bytes);
    talk.Hear("+OK\r\n+OK\r\n+OK\r\n");
    EXPECT_EQ(talk.handshake.state(), State::kDone);
    EXPECT_EQ(talk.handshake.failure(), Failure::kNone);
  }
}

TEST(Handshake, LostAfterwardsItWasDone) {
  Talk talk(Usual());
  talk.Hear("+OK\r\n+OK\r\n+OK\r\n");
  talk.handshake.OnLost();
  EXPECT_EQ(talk.handshake.state(), State::kDone);
}

TEST(Handshake, HearsWhetherAPasswordIsAskedFor) {
  const auto told = [](const std::string& replies) {
    SessionState state;
    state.name = "keyhole";
    Greeting greeting = Greeting::For(state);
    greeting.Ping();
    Talk talk(greeting);
    talk.Hear(replies);
    EXPECT_EQ(talk.handshake.state(), State::kDone);
    return talk.handshake.asks_password();
  };
  EXPECT_EQ(told("+OK\r\n+PONG\r\n"), false);
  EXPECT_EQ(told("-NOAUTH Authentication required.\r\n-NOAUTH Authentication required.\r\n"), true);
  EXPECT_EQ(told("-ERR unknown command\r\n-NOAUTH Authentication required.\r\n"), true);
  EXPECT_EQ(told("-NOPERM no\r\n+PONG\r\n"), false);
  EXPECT_EQ(told(std::string(kLoading) + kLoading), std::nullopt);
}

// What was begun is still answered, and tells nothing any more.
TEST(HandshakeRetry, SaysTheRestAndThenOtherWords) {
  SessionState state;
  state.user = "ann";
  state.password = "secret";
  state.db = 3;
  state.name = "keyhole";
  Handshake handshake;
  handshake.Begin(Greeting::For(state));
  handshake.CommitWrite(handshake.PrepareWrite().size() - 5);  // five bytes of SETNAME are left
  resp::ReplyScanner stream;
  handshake.Read("+OK\r\n-NOPERM no SELECT\r\n", &stream);
  ASSERT_EQ(handshake.state(), State::kFailed);
  const std::string left(handshake.PrepareWrite());
  const Greeting otherwise = Greeting::Otherwise(state);
  handshake.Retry(otherwise);
  EXPECT_EQ(handshake.PrepareWrite(), left + otherwise.bytes);
  handshake.CommitWrite(handshake.PrepareWrite().size());
  handshake.Read("-NOPERM no SETNAME\r\n+RESET\r\n+OK\r\n+OK\r\n", &stream);
  EXPECT_EQ(handshake.state(), State::kTalking);
  handshake.Read("-WRONGPASS no\r\n", &stream);
  EXPECT_EQ(handshake.state(), State::kFailed);
  EXPECT_EQ(handshake.failure(), Failure::kDenied);
}

}  // namespace
}  // namespace keyhole::core
