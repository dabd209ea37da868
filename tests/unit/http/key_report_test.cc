// Why a key misses.
#include "proxy/http/key_report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace keyhole::core {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

constexpr double kNow = 1000;

KeyReport Report(std::optional<KeyFate> fate, bool embedded = false) {
  return {.name = "k",
          .counts = nullptr,
          .fate = std::move(fate),
          .near_cached = std::nullopt,
          .embedded = embedded,
          .now = kNow,
          .seen_since = 400};
}

KeyFate Fate(KeyFate::Kind kind, resp::CommandId command, int64_t seconds_ago) {
  return {.kind = kind,
          .at = (static_cast<int64_t>(kNow) - seconds_ago) * 1000,
          .expires = 0,
          .ttl = 0,
          .command = command,
          .client = "billing 10.0.0.1:5"};
}

TEST(WhyAKeyMisses, InWords) {
  using Kind = KeyFate::Kind;
  EXPECT_EQ(WhyText(Report({}, true)), "No write of it has been seen here in the last 10 min");
  EXPECT_THAT(WhyText(Report({})), EndsWith("; others may write to Redis directly"));
  KeyFate fate = Fate(Kind::kWritten, resp::CommandId::kSet, 100);
  EXPECT_EQ(WhyText(Report(fate, true)),
            "Written 100 s ago by `set` of billing 10.0.0.1:5. If it misses now, it was evicted");
  fate.ttl = 60'000;
  fate.expires = fate.at + fate.ttl;
  EXPECT_EQ(WhyText(Report(fate)),
            "Expired 40 s ago: `set` of billing 10.0.0.1:5 was the last to write it, and it had "
            "60 s to live");
  fate.expires = 1'200'000;
  EXPECT_THAT(WhyText(Report(fate)), EndsWith("; it expires in 3 min"));
  EXPECT_EQ(WhyText(Report(Fate(Kind::kRemoved, resp::CommandId::kDel, 3))),
            "Deleted 3 s ago by `del` of billing 10.0.0.1:5");
  EXPECT_EQ(WhyText(Report(Fate(Kind::kDropped, resp::CommandId::kFlushall, 3))),
            "Dropped with all other keys 3 s ago by `flushall` of billing 10.0.0.1:5");
}

TEST(WhyAKeyMisses, WhenItWasEvicted) {
  using Kind = KeyFate::Kind;
  KeyReport report = Report(Fate(Kind::kWritten, resp::CommandId::kSet, 100), true);
  report.evicted_at = kNow - 40;
  EXPECT_EQ(WhyText(report),
            "Evicted 40 s ago, as memory was full; `set` of billing 10.0.0.1:5 was the last to "
            "write it");
  report.fate->expires = (static_cast<int64_t>(kNow) - 50) * 1000;
  report.fate->ttl = 50'000;
  EXPECT_THAT(WhyText(report), StartsWith("Expired 50 s ago")) << "before that";
  report = Report(Fate(Kind::kWritten, resp::CommandId::kSet, 10), true);
  report.evicted_at = kNow - 40;
  EXPECT_THAT(WhyText(report), StartsWith("Written 10 s ago")) << "and has come back";
  report = Report(Fate(Kind::kRemoved, resp::CommandId::kDel, 10), true);
  report.evicted_at = kNow - 40;
  EXPECT_THAT(WhyText(report), StartsWith("Deleted"));
  report = Report({}, true);
  report.evicted_at = kNow - 40;
  EXPECT_EQ(WhyText(report), "Evicted 40 s ago, as memory was full");
}

TEST(KeyReports, WhereAKeyIs) {
  metrics::KeyDirectory directory(10);
  const metrics::KeyHistory history(directory);
  KeyReport report = Report({});
  report.place = KeyPlace{.slot = 7, .node = "10.0.0.1:6379"};
  EXPECT_THAT(KeyJson(report, history), HasSubstr(R"("slot":7,"node":"10.0.0.1:6379")"));
}

TEST(KeyReports, OfAKeyThatIsNotTracked) {
  metrics::KeyDirectory directory(10);
  const metrics::KeyHistory history(directory);
  EXPECT_THAT(KeyJson(Report({}), history),
              HasSubstr(R"({"key":"k","tracked":false,"near_cached":null,"fate":{"what":"never)"));
}

}  // namespace
}  // namespace keyhole::core
