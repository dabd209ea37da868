// Loading a Config in tests: from arguments and an environment given in the test.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

#include "proxy/program/command_line.h"
#include "tests/support/temp_file.h"

namespace keyhole::core {

using program::LoadConfig;
using program::ParseResult;

inline ParseResult Load(const std::vector<std::string>& arguments,
                        const Environment& environment = {}) {
  std::vector<const char*> argv = {"keyhole"};
  for (const std::string& argument : arguments) argv.push_back(argument.c_str());
  return LoadConfig(static_cast<int>(argv.size()), argv.data(), environment);
}

inline Config Good(const std::vector<std::string>& arguments, const Environment& environment = {}) {
  const ParseResult result = Load(arguments, environment);
  EXPECT_TRUE(result.config) << result.text;
  return result.config.value_or(Config{});
}

// The error, without its final newline. It is one line, and the exit code is 2.
inline std::string Bad(const std::vector<std::string>& arguments,
                       const Environment& environment = {}) {
  const ParseResult result = Load(arguments, environment);
  EXPECT_FALSE(result.config);
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_THAT(result.text, testing::StartsWith("keyhole: "));
  EXPECT_EQ(result.text.find('\n'), result.text.size() - 1) << result.text;
  return result.text.substr(0, result.text.size() - 1);
}

using test::TempFile;

inline Config GoodFile(const std::string& text) {
  return Good({"--config", TempFile(text).path()});
}
inline std::string BadFile(const std::string& text) {
  return Bad({"--config", TempFile(text).path()});
}

}  // namespace keyhole::core
