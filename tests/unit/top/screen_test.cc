// Screens of keyhole top at the sizes that terminals have.
#include "proxy/top/screen.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <string>

#include "proxy/top/table.h"

namespace keyhole::top {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

Screen Full() {
  Screen screen;
  screen.overview = boost::json::parse(
      R"({"problems":[{"level":"error","text":"Redis at db has been away for 12 s"}],)"
      R"("upstream":{"embedded":false,"name":"Redis at db:6379"},"last_hour":{"hit_ratio":0.5},)"
      R"("now":{"hit_ratio":0.75,"requests_read":1200,"client_p50":0.0002}})");
  screen.keys = boost::json::parse(
      R"({"keys":[{"key":"user:7 \u00e9","hits":3,"misses":12345,"ratio":0.0002,"rate":1.5,)"
      R"("bytes":2048,"spark":[0,4,8]},{"key":"b","hits":1,"misses":0,"ratio":1,"rate":0,)"
      R"("bytes":0,"spark":[]}]})");
  return screen;
}

std::string Text(const Screen& screen, size_t width, size_t height) {
  std::string text;
  for (const Line& line : Draw(screen, width, height)) {
    EXPECT_LE(WidthOf(line.text), width) << line.text;
    text += line.text + "\n";
  }
  return text;
}

TEST(TopScreen, WhatIsWrongStandsFirst) {
  const auto lines = Draw(Full(), 80, 24);
  ASSERT_EQ(lines.size(), 24u);
  EXPECT_THAT(lines[0].text, StartsWith("Keyhole  [1 Overview]"));
  EXPECT_EQ(lines[1].text, "Error: Redis at db has been away for 12 s");
  EXPECT_EQ(lines[1].style, Style::kError);
  EXPECT_THAT(Text(Full(), 80, 24), HasSubstr("Hit ratio   75.0% now, 50.0% last hour"));
}

TEST(TopScreen, FitsAnyTerminal) {
  Screen screen = Full();
  for (size_t view = 0; view < kViews; ++view) {
    screen.view = static_cast<View>(view);
    for (const size_t width : {0U, 1U, 20U, 80U, 200U}) {
      for (const size_t height : {1U, 2U, 5U, 24U, 60U}) {
        screen.scroll = 100'000;
        EXPECT_LE(Draw(screen, width, height).size(), std::max<size_t>(height, 2));
        Text(screen, width, height);
      }
    }
  }
}

TEST(TopScreen, KeysWithTheirBars) {
  Screen screen = Full();
  screen.view = View::kKeys;
  EXPECT_THAT(Text(screen, 100, 10), HasSubstr("12.3k"));
  EXPECT_THAT(Text(screen, 100, 10), HasSubstr("▄█"));
  EXPECT_THAT(Text(screen, 80, 10), Not(HasSubstr("█")));
  screen.scroll = 1;
  screen.away = "No answer from db";
  EXPECT_THAT(Text(screen, 100, 10), HasSubstr("No answer from db; trying again"));
  EXPECT_THAT(Text(screen, 100, 4), Not(HasSubstr("user:7")));
}

TEST(TopScreen, NothingHasComeYet) {
  Screen screen;
  for (size_t view = 0; view < kViews; ++view) {
    screen.view = static_cast<View>(view);
    EXPECT_THAT(Text(screen, 80, 24), StartsWith("Keyhole"));
  }
}

TEST(TopTable, CutsWhatIsTooWide) {
  EXPECT_EQ(Fit("abcdef", 4, false, true), "abc…");
  EXPECT_EQ(Fit("abcdef", 4, false, false), "abc~");
  EXPECT_EQ(Fit("é", 3, true, true), "  é");
  EXPECT_EQ(Fit("abc", 0, false, true), "");
}

}  // namespace
}  // namespace keyhole::top
