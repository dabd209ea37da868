// What stands in the log, in which form, and where.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <regex>
#include <sstream>
#include <string>
#include <vector>

#include "tests/integration/proxy_test.h"
#include "tests/support/eventually.h"
#include "tests/support/temp_file.h"

namespace keyhole::test {
namespace {

using testing::HasSubstr;
using testing::Not;

std::string ContentsOf(const std::string& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

std::string AwaitIn(const std::string& path, std::string_view line) {
  return Eventually([&] { return ContentsOf(path); },
                    [&](const std::string& text) { return text.find(line) != text.npos; });
}

TEST(Log, TextHasTheZoneAndJsonIsOneObjectALine) {
  KeyholeProcess text;
  EXPECT_TRUE(std::regex_search(
      text.process().err(),
      std::regex(R"(^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}[+-]\d\d:\d\d info keyhole )")))
      << text.process().err();
  KeyholeProcess json({"--log-format", "json"});
  json.Terminate();
  EXPECT_EQ(json.Wait(), 0);
  std::istringstream lines(json.process().err());
  int count = 0;
  const std::regex object(
      R"(\{"time":"[^"]+","level":"[a-z]+","message":"([^"\\]|\\.)+"(,"[a-z]+":"[^"]*")*\})");
  for (std::string line; std::getline(lines, line); ++count) {
    EXPECT_TRUE(std::regex_match(line, object)) << line;
  }
  EXPECT_GE(count, 3);
}

TEST(Log, JsonHasWhatALineIsAboutAsFields) {
  const RedisServer redis;
  const std::string at = "127.0.0.1:" + std::to_string(redis.port());
  KeyholeProcess proxy({"--upstream", "redis://" + at, "--log-format", "json", "--log-requests",
                        "1", "--log-level", "debug"});
  proxy.process().WaitForErr(R"("message":"upstream is connected","upstream":")" + at + R"("})");
  RawClient client = RawClient::Connect(proxy.port());
  EXPECT_EQ(client.Ask({"CLIENT", "SETNAME", "billing"}), "+OK\r\n");
  EXPECT_EQ(client.Ask({"SET", "a\xff\"b", "value"}), "+OK\r\n");
  proxy.process().WaitForErr(R"("command":"set","key":"a\\xff\"b#)");  // and its hash
  proxy.process().WaitForErr(R"("bytes":0,"client":"billing 127.0.0.1:)");
  client.Close();
  proxy.process().WaitForErr(R"(has gone: )");
  EXPECT_TRUE(
      std::regex_search(proxy.process().err(), std::regex(R"("client":"127.0.0.1:\d+"\})")));
}

TEST(Log, AFileIsOpenedAgainAfterItWasMovedAway) {
  const TempFile log("");
  const TempFile config("log-level = \"info\"\n");
  KeyholeProcess proxy({"--config", config.path()});
  std::ofstream(config.path()) << "log-file = \"" << log.path() << "\"\n";
  proxy.process().Signal(SIGHUP);
  proxy.process().WaitForErr("--log-file is ");
  const std::string moved = log.path() + ".1";
  std::filesystem::rename(log.path(), moved);
  proxy.process().Signal(SIGUSR1);
  Eventually([&] { return std::filesystem::exists(log.path()); }, [](bool there) { return there; });
  proxy.process().Signal(SIGHUP);
  EXPECT_THAT(AwaitIn(log.path(), "nothing has changed"), HasSubstr("reload: nothing has changed"));
  EXPECT_THAT(ContentsOf(moved), Not(HasSubstr("nothing has changed")));
  std::filesystem::remove(moved);
}

TEST(Log, AFileThatCannotBeWrittenIsAMistakeAtTheStart) {
  ChildProcess process(KeyholeProcess::CommandLine({"--log-file", "/dev/null/keyhole.log"}));
  EXPECT_EQ(process.Wait(), 1);
  EXPECT_THAT(process.err(), HasSubstr("--log-file"));
}

TEST(Log, SlowRequestsAndASampleOfAllWithoutValues) {
  const RedisServer redis({"enable-debug-command yes"});
  KeyholeProcess proxy({"--upstream", "redis://127.0.0.1:" + std::to_string(redis.port()),
                        "--log-slow", "50ms", "--log-requests", "1"});
  RawClient client = RawClient::Connect(proxy.port());
  EXPECT_EQ(client.Ask({"CLIENT", "SETNAME", "billing"}), "+OK\r\n");
  EXPECT_EQ(client.Ask({"SET", "some-key", "some-value"}), "+OK\r\n");
  proxy.process().WaitForErr("request: set some-key took ");
  proxy.process().WaitForErr("for billing 127.0.0.1:");
  EXPECT_EQ(client.Ask({"SET", "sess:abc", "some-value"}), "+OK\r\n");
  EXPECT_EQ(client.Ask({"DEBUG", "SLEEP", "0.1"}), "+OK\r\n");
  proxy.process().WaitForErr("slow: debug");
  EXPECT_THAT(proxy.process().err(), Not(HasSubstr("some-value")));
  EXPECT_THAT(proxy.process().err(), Not(HasSubstr("sess:abc"))) << "a credential";
  EXPECT_THAT(proxy.process().err(), Not(HasSubstr("slow: set")));
}

TEST(Log, WhatComesAgainAndAgainIsCounted) {
  KeyholeProcess proxy;
  for (int i = 0; i < 100; ++i) {
    RawClient browser = RawClient::Connect(proxy.port());
    browser.Send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    browser.ReadUntilClosed();
  }
  proxy.process().WaitForErr("(the last of 95 more like it)");
  const std::string& log = proxy.process().err();
  constexpr std::string_view kLine = "HTTP request on the RESP port";
  size_t lines = 0;
  for (size_t at = log.find(kLine); at != log.npos; at = log.find(kLine, at + 1)) ++lines;
  EXPECT_LE(lines, 6U) << log;
}

TEST(Log, ComingAndGoingIsThereAtDebug) {
  KeyholeProcess proxy({"--log-level", "debug"});
  {
    RawClient client = RawClient::Connect(proxy.port());
    EXPECT_EQ(client.Ask({"PING"}), "+PONG\r\n");
  }
  proxy.process().WaitForErr("has come");
  proxy.process().WaitForErr("has gone: ");
}

}  // namespace
}  // namespace keyhole::test
