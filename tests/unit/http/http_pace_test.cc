// Stories of HTTP connections that are slow, and of those that have to make room.
#include "proxy/http/http_pace.h"

#include <gtest/gtest.h>

namespace keyhole::core {
namespace {

using namespace std::chrono_literals;
using Phase = HttpPace::Phase;

constexpr HttpPace::Instant kStart{1h};
constexpr HttpPace::Millis kLimit = 60s;

TEST(HttpPaceTest, AHeadHasTenSecondsHoweverSteadilyItComes) {
  HttpPace pace(kStart);
  EXPECT_EQ(pace.phase(), Phase::kNew);
  for (auto now = kStart; now < kStart + 10s; now += 1s) {
    pace.OnBytes(now);
    EXPECT_FALSE(pace.TooSlow(now, kLimit));
  }
  EXPECT_TRUE(pace.TooSlow(kStart + 10s, kLimit));
  EXPECT_TRUE(HttpPace(kStart).TooSlow(kStart + 10s, kLimit)) << "without any byte";
  EXPECT_TRUE(pace.TooSlow(kStart + 2s, 2s)) << "a shorter limit holds";
  EXPECT_FALSE(pace.TooSlow(kStart + 1h, 0ms)) << "none is none";
}

TEST(HttpPaceTest, TheWholeRequestHasItsLimit) {
  HttpPace pace(kStart);
  pace.OnBytes(kStart + 1s);
  pace.OnHead(kStart + 9s);
  EXPECT_FALSE(pace.TooSlow(kStart + 59s, kLimit));
  EXPECT_TRUE(pace.TooSlow(kStart + 60s, kLimit));
  pace.OnRequest(kStart + 59s);
  EXPECT_FALSE(pace.TooSlow(kStart + 1h, kLimit)) << "the answer takes what it takes";
}

TEST(HttpPaceTest, EachRequestBeginsAnew) {
  HttpPace pace(kStart);
  pace.OnBytes(kStart);
  pace.OnHead(kStart);
  pace.OnRequest(kStart);
  pace.OnAnswer(kStart);
  pace.OnWait(kStart);
  EXPECT_FALSE(pace.TooSlow(kStart + 1h, kLimit)) << "it waits";
  pace.OnBytes(kStart + 1h);
  EXPECT_FALSE(pace.TooSlow(kStart + 1h + 9s, kLimit));
  EXPECT_TRUE(pace.TooSlow(kStart + 1h + 10s, kLimit));
}

TEST(HttpPaceTest, WhatIsAtWorkKeepsItsPlace) {
  HttpPace pace(kStart);
  EXPECT_TRUE(pace.CanGo(kStart));
  pace.OnBytes(kStart);
  EXPECT_FALSE(pace.CanGo(kStart)) << "what has come may be a whole request";
  EXPECT_TRUE(pace.CanGo(kStart + 1ms));
  pace.OnHead(kStart);
  EXPECT_TRUE(pace.CanGo(kStart + 1ms));
  pace.OnRequest(kStart);
  EXPECT_FALSE(pace.CanGo(kStart + 1h));
  pace.OnAnswer(kStart);
  EXPECT_FALSE(pace.CanGo(kStart + 9s));
  EXPECT_TRUE(pace.CanGo(kStart + 10s)) << "who does not read what it asked for";
  pace.OnWait(kStart);
  EXPECT_TRUE(pace.CanGo(kStart + 1ms));
}

TEST(HttpPaceTest, TheOldestIdleOneGoesFirst) {
  HttpPace silent(kStart + 2s);
  HttpPace waits(kStart);
  waits.OnWait(kStart + 1s);
  HttpPace uploads(kStart);
  uploads.OnHead(kStart);
  HttpPace deaf(kStart - 1h);
  deaf.OnAnswer(kStart - 1h);
  const HttpPace* const order[] = {&waits, &silent, &uploads, &deaf};
  for (size_t i = 0; i < 4; ++i) {
    for (size_t k = 0; k < 4; ++k) EXPECT_EQ(order[i]->MustGoBefore(*order[k]), i < k) << i << k;
  }
}

TEST(HttpPaceTest, ASilenceIsTimedFromWhatIsExpected) {
  HttpPace pace(kStart);
  EXPECT_FALSE(pace.TooSilent(kStart + 59s, kLimit));
  EXPECT_TRUE(pace.TooSilent(kStart + 60s, kLimit)) << "without any byte";
  EXPECT_FALSE(pace.TooSilent(kStart + 1h, 0ms)) << "none is none";
  pace.OnBytes(kStart + 50s);
  pace.OnBytes(kStart + 90s);
  pace.OnHead(kStart + 100s);
  EXPECT_FALSE(pace.TooSilent(kStart + 109s, kLimit)) << "as long again from its first byte on";
  EXPECT_TRUE(pace.TooSilent(kStart + 110s, kLimit)) << "but no longer for further bytes";
  pace.OnRequest(kStart + 100s);
  EXPECT_FALSE(pace.TooSilent(kStart + 1h, kLimit)) << "the answer takes what it takes";
  pace.OnAnswer(kStart + 1h);
  EXPECT_FALSE(pace.TooSilent(kStart + 1h + 59s, kLimit));
  EXPECT_TRUE(pace.TooSilent(kStart + 1h + 60s, kLimit)) << "it does not read";
  pace.OnWait(kStart + 1h + 59s);
  EXPECT_FALSE(pace.TooSilent(kStart + 1h + 118s, kLimit));
}

TEST(HttpPaceTest, WhatComesAfterTheLastAnswerIsDroppedForAWhile) {
  HttpPace pace(kStart);
  pace.OnBytes(kStart);
  pace.OnAnswer(kStart);
  pace.OnWait(kStart);
  pace.OnLinger(kStart);
  EXPECT_FALSE(pace.TooSilent(kStart + HttpPace::kLinger - 1ms, 1ms)) << "whatever the limit";
  EXPECT_TRUE(pace.TooSilent(kStart + HttpPace::kLinger, 0ms));
  EXPECT_FALSE(pace.TooSlow(kStart + 1h, kLimit));
  EXPECT_TRUE(pace.CanGo(kStart + 1ms));
}

}  // namespace
}  // namespace keyhole::core
