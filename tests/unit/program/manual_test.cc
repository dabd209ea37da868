#include "proxy/program/manual.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>
#include <string>

#include "proxy/config/config_options.h"
#include "tests/support/child_process.h"

namespace keyhole::program {
namespace {

using testing::HasSubstr;
using testing::Not;

std::string Escaped(std::string_view text) {
  std::string out;
  for (const char c : text) out += c == '-' ? "\\-" : std::string(1, c);
  return out;
}

TEST(Manual, HasEveryOption) {
  for (const core::Option& option : core::Options()) {
    EXPECT_THAT(ManualOfProgram(), HasSubstr("\\fB" + Escaped(option.flag) + "\\fR"));
    if (option.apply == nullptr) continue;
    EXPECT_THAT(ManualOfFile(), HasSubstr("\\fB" + Escaped(option.key()) + "\\fR ="));
  }
  EXPECT_THAT(ManualOfFile(), Not(HasSubstr("\\fBconfig\\fR")));
}

// A line that begins with a dot is a request to roff.
TEST(Manual, HasNoLineThatOnlyLooksLikeARequest) {
  for (const std::string& page : {ManualOfProgram(), ManualOfFile()}) {
    std::istringstream lines(page);
    for (std::string line; std::getline(lines, line);) {
      if (!line.starts_with('.')) continue;
      EXPECT_TRUE(line.starts_with(".\\\"") || (line.size() > 2 && line[1] != '.')) << line;
    }
  }
}

TEST(Manual, CompletionsKnowEveryOption) {
  for (const core::Option& option : core::Options()) {
    EXPECT_THAT(BashCompletion(), HasSubstr(std::string(option.flag) + " "));
    EXPECT_THAT(ZshCompletion(), HasSubstr(std::string(option.flag) + "["));
    EXPECT_THAT(FishCompletion(), HasSubstr(" -l " + std::string(option.key())));
  }
}

TEST(Manual, TheBillOfMaterialsNamesWhatIsCompiledIn) {
  const std::string bill = Generate("sbom").value_or("");
  EXPECT_THAT(bill, HasSubstr(R"("bomFormat":"CycloneDX","specVersion":"1.5")"));
  EXPECT_THAT(bill, HasSubstr(R"("name":"OpenSSL","version":"3.)"));
  EXPECT_EQ(bill, Generate("sbom"));
  std::ifstream uplot(KEYHOLE_SOURCE_DIR "/proxy/page/vendor/uplot/uPlot.iife.min.js");
  std::string first;
  std::getline(uplot, first);
  const size_t at = first.find("(v");
  ASSERT_NE(at, std::string::npos) << first;
  const std::string version = first.substr(at + 2, first.find(')') - at - 2);
  EXPECT_THAT(bill, HasSubstr("\"name\":\"uPlot\",\"version\":\"" + version + "\""));
}

TEST(Manual, BashCompletes) {
  const std::string script = BashCompletion() +
                             "COMP_WORDS=(keyhole --upstream-w) COMP_CWORD=1\n_keyhole\n"
                             "echo \"${COMPREPLY[@]}\"\n";
  test::ChildProcess bash({"bash", "-c", script});
  EXPECT_EQ(bash.Wait(), 0);
  EXPECT_EQ(bash.out(), "--upstream-wait\n");
  EXPECT_EQ(bash.err(), "");
}

TEST(Manual, OfNothingElse) {
  EXPECT_EQ(Generate("fish"), FishCompletion());
  EXPECT_EQ(Generate("powershell"), std::nullopt);
}

}  // namespace
}  // namespace keyhole::program
