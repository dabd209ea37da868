#include "metrics/counters.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace keyhole::metrics {
namespace {

TEST(CounterTest, StartsAtZeroAndAddsUp) {
  Counter counter;
  EXPECT_EQ(counter.Load(), 0u);
  counter.Add();
  counter.Add(41);
  EXPECT_EQ(counter.Load(), 42u);
}

TEST(GaugeTest, GoesUpAndDown) {
  Gauge gauge;
  gauge.Add(3);
  gauge.Sub();
  EXPECT_EQ(gauge.Load(), 2);
  gauge.Sub(5);
  EXPECT_EQ(gauge.Load(), -3);
  gauge.Set(1);
  EXPECT_EQ(gauge.Load(), 1);
}

TEST(WorkerCountersTest, ShareNoCacheLineWithNeighbours) {
  EXPECT_EQ(alignof(WorkerCounters), 64u);
  EXPECT_EQ(sizeof(WorkerCounters) % 64, 0u);
}

TEST(ErrorClassTest, GoesByTheFirstWord) {
  EXPECT_EQ(ErrorClassOf("ERR"), ErrorClass::kErr);
  EXPECT_EQ(ErrorClassOf("WRONGTYPE"), ErrorClass::kWrongType);
  EXPECT_EQ(ErrorClassOf("NOAUTH"), ErrorClass::kDenied);
  EXPECT_EQ(ErrorClassOf("NOPERM"), ErrorClass::kDenied);
  EXPECT_EQ(ErrorClassOf("MOVED"), ErrorClass::kRedirect);
  EXPECT_EQ(ErrorClassOf("ASK"), ErrorClass::kRedirect);
  EXPECT_EQ(ErrorClassOf("LOADING"), ErrorClass::kUnavailable);
  EXPECT_EQ(ErrorClassOf("OOM"), ErrorClass::kOutOfMemory);
  EXPECT_EQ(ErrorClassOf("NOSCRIPT"), ErrorClass::kScript);
  EXPECT_EQ(ErrorClassOf("EXECABORT"), ErrorClass::kTransaction);
}

TEST(ErrorClassTest, WhatAScriptMadeUpIsOther) {
  EXPECT_EQ(ErrorClassOf(""), ErrorClass::kOther);
  EXPECT_EQ(ErrorClassOf("My"), ErrorClass::kOther);
  EXPECT_EQ(ErrorClassOf("err"), ErrorClass::kOther);
  EXPECT_EQ(ErrorClassOf("ERRATIC"), ErrorClass::kOther);
}

// Every value has a name, and no two have the same: they become labels.
template <typename Enum>
void ExpectDistinctNames() {
  std::set<std::string_view> names;
  for (size_t i = 0; i < static_cast<size_t>(Enum::kCount); ++i) {
    const std::string_view name = Name(static_cast<Enum>(i));
    EXPECT_FALSE(name.empty()) << i;
    EXPECT_TRUE(names.insert(name).second) << name;
  }
}

TEST(NamesTest, AreDistinct) {
  ExpectDistinctNames<ErrorClass>();
  ExpectDistinctNames<CloseReason>();
  ExpectDistinctNames<LinkKind>();
}

TEST(NamesTest, StandInTheOrderOfTheEnum) {
  EXPECT_EQ(Name(ErrorClass::kErr), "err");
  EXPECT_EQ(Name(ErrorClass::kUnavailable), "unavailable");
  EXPECT_EQ(Name(ErrorClass::kOther), "other");
  EXPECT_EQ(Name(CloseReason::kByClient), "by_client");
  EXPECT_EQ(Name(CloseReason::kUpstreamLost), "upstream_lost");
  EXPECT_EQ(Name(CloseReason::kOther), "other");
  EXPECT_EQ(Name(LinkKind::kShared), "shared");
  EXPECT_EQ(Name(LinkKind::kIdle), "idle");
}

}  // namespace
}  // namespace keyhole::metrics
