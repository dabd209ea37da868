// Stories about the configuration file, and the one that is shipped.
#include "proxy/config/config_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "proxy/config/config_options.h"
#include "tests/unit/config/config_loading.h"

namespace keyhole::core {
namespace {

using std::chrono::milliseconds;
using testing::ElementsAre;
using testing::HasSubstr;

TEST(ConfigFileTest, FileTakesWhatTomlHas) {
  const Config config = GoodFile(
      "\xef\xbb\xbf# a comment\r\n"
      "\n"
      "listen = [ \"127.0.0.1:1\", # one\n"
      "           'unix:/a,b#c',   # two\n"
      "         ]\r\n"
      "\"workers\" = 2 # threads\n"
      "tracked-keys = 1_000\n"
      "sharing = false\n"
      "allow-shutdown=true\n"
      "client-idle-timeout = 300\n"
      "http-idle-timeout = \"300\"\n"
      "count-commands = []\n"
      "requirepass = \"a#b,c \\\"\\\\\\t\\u00e9\\U0001F511\"\n"
      "\tlog-level = 'debug'");
  EXPECT_THAT(config.listen, ElementsAre(Endpoint::Tcp("127.0.0.1", 1), Endpoint::Unix("/a,b#c")));
  EXPECT_EQ(config.workers, 2);
  EXPECT_EQ(config.keys.capacity, 1000U);
  EXPECT_FALSE(config.links.sharing);
  EXPECT_TRUE(config.clients.allow_shutdown);
  EXPECT_EQ(config.clients.idle_timeout, milliseconds(300000));
  EXPECT_EQ(config.http.idle_timeout, milliseconds(300000));
  EXPECT_EQ(config.requirepass, "a#b,c \"\\\t\xc3\xa9\xf0\x9f\x94\x91");
  EXPECT_EQ(config.log_level, LogLevel::kDebug);
  EXPECT_EQ(GoodFile(""), Config{});
  EXPECT_EQ(GoodFile("http = '''off'''").http.listen, std::nullopt);
  EXPECT_THAT(GoodFile("listen = 'unix:/a'").listen, ElementsAre(Endpoint::Unix("/a")));
}

TEST(ConfigFileTest, WrongFilesAreNamedWithTheLine) {
  EXPECT_THAT(BadFile("\nwrokers = 2\n"),
              HasSubstr(".toml line 2: unknown key 'wrokers'; did you mean workers?"));
  EXPECT_THAT(BadFile("help = true"), HasSubstr("unknown key 'help'"));
  EXPECT_THAT(BadFile("config = 'x'"), HasSubstr("unknown key 'config'"));
  EXPECT_THAT(BadFile("workers = 99"), HasSubstr("line 1: workers: '99' does not fit"));
  EXPECT_THAT(BadFile("workers = [1]"), HasSubstr("takes one value, not an array"));
  EXPECT_THAT(BadFile("listen = []"), HasSubstr("the list is empty"));
  EXPECT_THAT(BadFile("workers = 1\nworkers = 2"), HasSubstr("given twice, first in line 1"));
  EXPECT_THAT(BadFile("[proxy]\nworkers = 1"),
              HasSubstr("sections and keys with dots have no meaning"));
  EXPECT_THAT(BadFile("workers 1"), HasSubstr("the = after the key is missing"));
  EXPECT_THAT(BadFile("workers = "), HasSubstr("the value is missing"));
  EXPECT_THAT(BadFile("http = off"), HasSubstr("goes in quotes"));
  EXPECT_THAT(BadFile("workers = 1__0"), HasSubstr("goes in quotes"));
  EXPECT_THAT(BadFile("workers = 1 2"), HasSubstr("there is more after the value"));
  EXPECT_THAT(BadFile("http = \"off"), HasSubstr("the closing quote is missing"));
  EXPECT_THAT(BadFile("http = 'off\n'"), HasSubstr("line 1: the closing quote is missing"));
  EXPECT_THAT(BadFile("http = \"\\x\""), HasSubstr("stands before one of"));
  EXPECT_THAT(BadFile("http = \"\\ud800\""), HasSubstr("before 4 hexadecimal digits"));
  EXPECT_THAT(BadFile("http = \"\\u12"), HasSubstr("before 4 hexadecimal digits"));
  EXPECT_THAT(BadFile("a.b = 1"), HasSubstr("keys with dots"));
  EXPECT_THAT(BadFile("workers = 1.5"), HasSubstr("goes in quotes"));
  EXPECT_THAT(BadFile("workers = 2026-01-01"), HasSubstr("goes in quotes"));
  EXPECT_THAT(BadFile("listen = [['a:1']]"), HasSubstr("goes in quotes"));
  EXPECT_THAT(BadFile("workers = -1"), HasSubstr("'-1' does not fit"));
  EXPECT_THAT(BadFile("listen = ['a:1' 'b:1']"), HasSubstr("misses a comma or its ]"));
  EXPECT_THAT(BadFile("listen = ['a:1',"), HasSubstr("misses a comma or its ]"));
  EXPECT_THAT(BadFile("= 1"), HasSubstr("this is not key = value"));
  EXPECT_THAT(BadFile("\"a\\nb\" = 1"), HasSubstr("unknown key 'a?b'"));
  EXPECT_THAT(BadFile(std::string((1 << 20) + 1, '\n')), HasSubstr("longer than 1 MiB"));
  EXPECT_THAT(Bad({"--config", "/nowhere/k.toml"}), HasSubstr("'/nowhere/k.toml' does not exist"));
  EXPECT_THAT(Bad({"--config", testing::TempDir()}), HasSubstr("is a directory"));
  EXPECT_THAT(Bad({}, {{"KEYHOLE_CONFIG", "/nowhere"}}), HasSubstr("KEYHOLE_CONFIG: the file"));
}

// What toml++ says quotes the file.
TEST(ConfigFileTest, NoMessageShowsAPassword) {
  for (const char* const wrong : {"hush", "tr-hush", "inhush", "12hush", "2001-01-hush", "'hush",
                                  "\"hush", "\"hush\\x\"", "'hush'hush", "['hush'", "{hush=1}"}) {
    EXPECT_THAT(BadFile(std::string("workers = 1\nrequirepass = ") + wrong),
                testing::AllOf(HasSubstr(".toml line 2: "), testing::Not(HasSubstr("hush"))));
  }
  EXPECT_THAT(BadFile("requirepass = 99999999999999999999"), testing::Not(HasSubstr("999")));
  EXPECT_THAT(BadFile("requirepass = tru3"), testing::Not(HasSubstr("tru3")));
}

TEST(ConfigFileTest, AnEmptyValueIsAnError) {
  for (const Option& option : Options()) {
    if (option.apply == nullptr || option.is_switch()) continue;
    const std::string key(option.key());
    EXPECT_THAT(BadFile(key + " = \"\""), HasSubstr(".toml line 1: " + key + " is empty;"));
    if (option.list) {
      EXPECT_THAT(BadFile(key + " = [\"a\", \"\"]"), HasSubstr(key + " is empty;"));
    }
  }
}

TEST(ConfigFileTest, AnyBytesAreAFileThatLoadsOrIsExplained) {
  const std::string bytes = "a=\"'[]#,\\u\n\r\t 1_true\xff";
  uint32_t random = 1;
  for (int round = 0; round < 2000; ++round) {
    std::string text = round % 2 == 0 ? "listen=[" : "http=\"";
    for (int i = 0; i < 12; ++i) {
      random = random * 1664525 + 1013904223;
      text.push_back(bytes[(random >> 16) % bytes.size()]);
    }
    const ParseResult result = Load({"--config", TempFile(text).path()});
    EXPECT_NE(result.config.has_value(), result.exit_code == 2) << text;
  }
}

// configs/keyhole.toml with the # before every "#key = value" taken away, or as it is. Options
// without a default stay behind theirs.
std::string ShippedFile(bool uncommented, std::vector<std::string>* keys = nullptr) {
  std::ifstream input(KEYHOLE_SOURCE_DIR "/configs/keyhole.toml");
  EXPECT_TRUE(input);
  std::string text;
  for (std::string line; std::getline(input, line);) {
    const bool option = line.size() > 1 && line[0] == '#' && line[1] >= 'a' && line[1] <= 'z';
    if (option && keys != nullptr) keys->push_back(line.substr(1, line.find(' ') - 1));
    const bool has_default = !line.ends_with(" = \"\"");
    text += (option && has_default && uncommented ? line.substr(1) : line) + "\n";
  }
  return text;
}

TEST(ConfigFileTest, ShippedFileHasEveryOptionWithItsDefault) {
  std::vector<std::string> keys;
  const std::string uncommented = ShippedFile(true, &keys);
  std::vector<std::string> expected;
  for (const Option& option : Options()) {
    if (option.apply != nullptr) expected.emplace_back(option.key());
  }
  EXPECT_EQ(keys, expected);
  EXPECT_EQ(GoodFile(uncommented), Config{});
  EXPECT_EQ(GoodFile(ShippedFile(false)), Config{});
}

}  // namespace
}  // namespace keyhole::core
