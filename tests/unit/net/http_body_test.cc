// Bodies that are read only once Redis has let their head in; the bytes of both ends are played.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>

#include "proxy/net/http_codec.h"
#include "tests/support/core_harness.h"

namespace keyhole::test {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

constexpr auto kNoAuth = "-NOAUTH Authentication required.\r\n";
constexpr auto kHealth = "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n";
const std::string kNoContent = "HTTP/1.1 204 No Content\r\nServer: keyhole\r\n\r\n";

// In front of a Redis that asks clients for a password.
class HttpBodyTest : public testing::Test, protected core::Transport {
 protected:
  HttpBodyTest() {
    keyhole_.HoldGreetings();
    keyhole_.redis(0).Lose();
    keyhole_.last().Reply(std::string(kNoAuth) + kNoAuth);  // to its name and a PING
  }

  void Send(std::string_view bytes) {
    ASSERT_TRUE(codec_.wants_read());
    std::memcpy(codec_.PrepareRead().data(), bytes.data(), bytes.size());
    codec_.CommitRead(bytes.size());
    keyhole_.Settle();
  }
  // The head of a request with a body of five bytes.
  void SendHead(std::string_view fields = {}) {
    Send(std::string("PUT /items/k HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n"
                     "Authorization: Basic cmVhZGVyOnNlY3JldA==\r\n")  // reader:secret
             .append(fields)
             .append("\r\n"));
  }
  // Where the header's user logs in.
  RedisEnd& Login() {
    EXPECT_THAT(keyhole_.last().Requests(), ElementsAre("auth reader secret"));
    return keyhole_.last();
  }
  // All that is written, in turns.
  std::string Take() {
    std::string all;
    while (std::exchange(woken_, false)) {
      codec_.BeginWriting();
      while (!codec_.PrepareWrite().empty()) {
        all.append(codec_.PrepareWrite());
        codec_.CommitWrite(codec_.PrepareWrite().size());
      }
      keyhole_.Settle();
    }
    return all;
  }
  void Wake() override { woken_ = true; }

  bool woken_ = false;
  Harness keyhole_{Harness::WithUpstream()};
  core::HttpGate gate_{core::HttpOptions(), true, core::Endpoint::Tcp("127.0.0.1", 9000),
                       core::HttpGate::Serves::kAll, "box"};
  net::HttpCodec codec_{keyhole_.worker(), "10.0.0.1:50000", gate_, *this, [](const auto&) {}};
};

TEST_F(HttpBodyTest, NothingIsReadBeforeItsHeadIsLetIn) {
  SendHead();
  EXPECT_FALSE(codec_.wants_read());
  EXPECT_EQ(Take(), "");
  Login().Reply("+OK\r\n");
  EXPECT_EQ(Take(), "") << "only its head has been asked about";
  EXPECT_TRUE(codec_.wants_read());
  Send("value");
  EXPECT_THAT(keyhole_.last().Requests(), testing::Contains("set k value"));
  keyhole_.last().Reply("+OK\r\n+OK\r\n");  // the link has its name back
  EXPECT_EQ(Take(), kNoContent);
  EXPECT_FALSE(codec_.finished());
}

TEST_F(HttpBodyTest, WhatHasComeWithTheHeadIsKept) {
  Send(std::string("PUT /items/k HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n"
                   "Authorization: Basic cmVhZGVyOnNlY3JldA==\r\n\r\nvalue") +
       kHealth);
  EXPECT_FALSE(codec_.wants_read());
  Login().Reply("+OK\r\n");
  EXPECT_EQ(Take(), "");
  keyhole_.last().Reply("+OK\r\n+OK\r\n");
  EXPECT_THAT(Take(), AllOf(StartsWith(kNoContent), EndsWith("{\"status\":\"ok\"}\n")));
}

TEST_F(HttpBodyTest, OneThatWaitsIsAskedForWhenItIsLetIn) {
  SendHead("Expect: 100-continue\r\n");
  EXPECT_EQ(Take(), "");
  Login().Reply("+OK\r\n");
  EXPECT_EQ(Take(), "HTTP/1.1 100 Continue\r\n\r\n");
  EXPECT_TRUE(codec_.wants_read());
}

TEST_F(HttpBodyTest, ARefusedOneIsNotReadAndEndsIt) {
  SendHead();
  Login().Reply("-WRONGPASS invalid username-password pair or user is disabled.\r\n");
  EXPECT_THAT(Take(), AllOf(StartsWith("HTTP/1.1 401 "), HasSubstr("Connection: close\r\n"),
                            HasSubstr("WWW-Authenticate: Basic ")));
  EXPECT_TRUE(codec_.wants_shutdown());
  Send("value");
  EXPECT_FALSE(codec_.finished()) << "the rest is dropped";
}

TEST_F(HttpBodyTest, WhatRedisTakesIsNotTheClientsSilence) {
  SendHead();
  keyhole_.worker().now += std::chrono::seconds(61);
  EXPECT_FALSE(codec_.too_silent());
  Login().Reply("+OK\r\n");
  EXPECT_TRUE(codec_.too_silent());
}

TEST_F(HttpBodyTest, DrainingEndsWhatHasNotBeenLetIn) {
  SendHead();
  codec_.Drain();
  EXPECT_TRUE(codec_.finished());
  codec_.Detach();
}

TEST_F(HttpBodyTest, LostWhileItIsAskedItIsUnavailable) {
  SendHead();
  Login().Lose();
  EXPECT_THAT(Take(), StartsWith("HTTP/1.1 503 "));
  EXPECT_TRUE(codec_.wants_shutdown());
}

}  // namespace
}  // namespace keyhole::test
