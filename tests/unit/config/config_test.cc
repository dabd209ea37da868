// Stories about what a person types and what comes of it.
#include "proxy/config/config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <sstream>

#include "proxy/config/config_options.h"
#include "proxy/users/users.h"
#include "tests/unit/config/config_loading.h"

namespace keyhole::core {
namespace {

using std::chrono::milliseconds;
using testing::ElementsAre;
using testing::HasSubstr;

TEST(ConfigTest, NothingGivenIsTheDefaults) {
  EXPECT_EQ(Good({}), Config{});
  const ParseResult no_name = LoadConfig(0, nullptr, ProcessEnvironment());
  EXPECT_TRUE(no_name.config);
}

TEST(ConfigTest, EveryFlagArrives) {
  const Config config = Good({"--listen",
                              "0.0.0.0:1",
                              "--listen=unix:/run/k.sock",
                              "--listen",
                              "[::1]:0",
                              "--http",
                              "localhost:8080",
                              "--upstream",
                              "redis://bob:s3cret@db:6390/4",
                              "--upstream-wait",
                              "0",
                              "--upstream-connect-timeout",
                              "250ms",
                              "--upstream-idle",
                              "7",
                              "--upstream-spares",
                              "2",
                              "--sharing",
                              "off",
                              "--tracked-keys",
                              "2000",
                              "--key-pattern",
                              "user:*",
                              "--key-pattern",
                              "[a-z]?",
                              "--key-labels",
                              "Hash",
                              "--key-epoch",
                              "1s",
                              "--key-churn",
                              "0",
                              "--key-zero-hold",
                              "1m",
                              "--count-commands",
                              "strlen",
                              "--count-commands",
                              "EXISTS,strlen",
                              "--max-memory",
                              "50%",
                              "--eviction",
                              "LRU",
                              "--workers",
                              "4",
                              "--max-clients",
                              "17",
                              "--client-output-limit",
                              "1gb",
                              "--client-idle-timeout",
                              "300",
                              "--http-body-limit",
                              "100",
                              "--http-idle-timeout",
                              "5m",
                              "--http-request-timeout",
                              "2m",
                              "--shutdown-grace",
                              "1h",
                              "--allow-unprotected",
                              "--allow-shutdown",
                              "--log-level",
                              "WARN"});
  EXPECT_THAT(config.listen, ElementsAre(Endpoint::Tcp("0.0.0.0", 1), Endpoint::Unix("/run/k.sock"),
                                         Endpoint::Tcp("::1", 0)));
  EXPECT_EQ(config.http.listen, Endpoint::Tcp("localhost", 8080));
  EXPECT_EQ(config.upstream, (Upstream{Endpoint::Tcp("db", 6390), {}, "bob", "s3cret", 4}));
  EXPECT_EQ(config.links.wait, milliseconds(0));
  EXPECT_EQ(config.links.connect_timeout, milliseconds(250));
  EXPECT_EQ(config.links.max_idle, 7U);
  EXPECT_EQ(config.links.spares, 2U);
  EXPECT_FALSE(config.links.sharing);
  EXPECT_EQ(config.keys.capacity, 2000U);
  EXPECT_THAT(config.keys.patterns, ElementsAre("user:*", "[a-z]?"));
  EXPECT_EQ(config.keys.labels, metrics::KeyLabels::kHash);
  EXPECT_EQ(config.keys.epoch, milliseconds(1000));
  EXPECT_EQ(config.keys.churn, 0U);
  EXPECT_EQ(config.keys.zero_hold, milliseconds(60000));
  EXPECT_THAT(config.count_commands,
              ElementsAre(resp::CommandId::kStrlen, resp::CommandId::kExists));
  EXPECT_EQ(config.max_memory, (MemoryLimit{.bytes = 0, .percent = 50}));
  EXPECT_EQ(config.eviction, store::Eviction::kLru);
  EXPECT_EQ(config.workers, 4);
  EXPECT_EQ(config.clients.max, 17U);
  EXPECT_EQ(config.clients.output_limit, 1ULL << 30);
  EXPECT_EQ(config.clients.idle_timeout, milliseconds(300000));
  EXPECT_EQ(config.http.body_limit, 100U);
  EXPECT_EQ(config.http.idle_timeout, milliseconds(300000));
  EXPECT_EQ(config.http.request_timeout, milliseconds(120000));
  EXPECT_EQ(config.shutdown_grace, milliseconds(3600000));
  EXPECT_TRUE(config.allow_unprotected);
  EXPECT_TRUE(config.clients.allow_shutdown);
  EXPECT_EQ(config.log_level, LogLevel::kWarn);
}

TEST(ConfigTest, FlagsBeatEnvironmentBeatsFile) {
  const TempFile file("workers = 2\ntracked-keys = 2\nmax-clients = 2\nlisten = ['unix:/2']\n");
  const Config config = Good({"--config", file.path(), "--workers", "4"},
                             {{"KEYHOLE_WORKERS", "3"}, {"KEYHOLE_TRACKED_KEYS", "3"}});
  EXPECT_EQ(config.workers, 4);
  EXPECT_EQ(config.keys.capacity, 3U);
  EXPECT_EQ(config.clients.max, 2U);
  EXPECT_THAT(config.listen, ElementsAre(Endpoint::Unix("/2")));

  // What is beaten is not even looked at.
  EXPECT_EQ(Good({"--workers", "4"}, {{"KEYHOLE_WORKERS", "nonsense"}}).workers, 4);
  EXPECT_EQ(Good({"--workers", "4"}, {{"KEYHOLE_WORKERS", ""}}).workers, 4);
}

TEST(ConfigTest, EnvironmentNamesTheFileListsAndSwitches) {
  const TempFile file("workers = 2");
  const Config config = Good({}, {{"KEYHOLE_CONFIG", file.path()},
                                  {"KEYHOLE_LISTEN", "127.0.0.1:1, unix:/2"},
                                  {"KEYHOLE_ALLOW_SHUTDOWN", "true"},
                                  {"KEYHOLE_HTTP", "off"},
                                  {"KEYHOLE_HELP", "1"},
                                  {"KEYHOLE_REQUIREPASS", "a,b"}});
  EXPECT_EQ(config.workers, 2);
  EXPECT_THAT(config.listen, ElementsAre(Endpoint::Tcp("127.0.0.1", 1), Endpoint::Unix("/2")));
  EXPECT_TRUE(config.clients.allow_shutdown);
  EXPECT_EQ(config.http.listen, std::nullopt);
  EXPECT_EQ(config.requirepass, "a,b");
  EXPECT_THAT(Bad({}, {{"KEYHOLE_WORKERS", "0"}}), HasSubstr("KEYHOLE_WORKERS: '0'"));
}

TEST(ConfigTest, HelpAndVersionComeFirst) {
  const ParseResult help = Load({"--workers", "nonsense", "--help", "--unknown"});
  EXPECT_EQ(help.exit_code, 0);
  EXPECT_FALSE(help.config);
  for (const Option& option : Options())
    EXPECT_THAT(help.text, HasSubstr(std::string(option.flag)));
  EXPECT_THAT(help.text, HasSubstr("--client-output-limit SIZE  (default: 256mb)"));
  EXPECT_THAT(help.text, HasSubstr("--log-level LEVEL  (default: info)"));
  std::istringstream lines(help.text);
  for (std::string line; std::getline(lines, line);) EXPECT_LE(line.size(), 80U) << line;

  EXPECT_EQ(Load({"-h"}).text, help.text);
  const ParseResult version = Load({"--version"});
  EXPECT_EQ(version.exit_code, 0);
  EXPECT_EQ(version.text, "keyhole " KEYHOLE_PROJECT_VERSION "\n");
}

TEST(ConfigTest, WrongFlagsSayWhatIsWrongAndWhatWouldBeRight) {
  EXPECT_THAT(Bad({"--wrokers", "3"}),
              HasSubstr("unknown option '--wrokers'; did you mean --workers?"));
  EXPECT_THAT(Bad({"--frobnicate=1"}), HasSubstr("'--frobnicate'; keyhole --help lists"));
  EXPECT_THAT(Bad({"-x"}), HasSubstr("unknown option '-x'"));
  EXPECT_THAT(Bad({"redis://db"}), HasSubstr("as in --upstream redis://host"));
  EXPECT_THAT(Bad({"--", "--workers"}), HasSubstr("'--' is not a valid option"));
  EXPECT_THAT(Bad({"--workers"}), HasSubstr("--workers needs a value: --workers NUMBER"));
  EXPECT_THAT(Bad({"--workers", "--http", "off"}), HasSubstr("--workers needs a value"));
  EXPECT_THAT(
      Bad({"--workers="}),
      HasSubstr("--workers is empty; give a value, or leave it out for the default, which is 1"));
  EXPECT_THAT(Bad({"--workers", "1", "--workers", "2"}), HasSubstr("--workers is given 2 times"));
  for (const std::string wrong : {"0", "65", "-1", "1.5", "4x", "99999999999999999999", " 4"}) {
    EXPECT_THAT(Bad({"--workers", wrong}), HasSubstr("from 1 to 64")) << wrong;
  }
  EXPECT_THAT(Bad({"--tracked-keys", "10001"}), HasSubstr("from 0 to 10000"));
  EXPECT_THAT(Bad({"--sharing", "maybe"}), HasSubstr("'maybe' is neither on nor off"));
  EXPECT_THAT(Bad({"--allow-shutdown=maybe"}), HasSubstr("neither on nor off"));
  EXPECT_THAT(
      Bad({"--log-level", "loud"}),
      HasSubstr("'loud' is not valid; give trace, debug, info, warn, error, critical or off"));
  // Control characters do not break the line.
  EXPECT_THAT(Bad({"--log-level", "a\nb\r"}), HasSubstr("'a?b?'"));
}

TEST(ConfigTest, ShownDefaultsAreTheDefaults) {
  for (const Option& option : Options()) {
    if (option.apply == nullptr) continue;
    const std::string shown = option.show(Config{});
    if (!shown.empty()) {
      EXPECT_EQ(Good({}, {{option.variable(), shown}}), Config{}) << option.flag;
    }
    EXPECT_EQ(option.variable().find('-'), std::string::npos);
  }
}

TEST(ConfigTest, SocketsAndThreadsNeedARestart) {
  for (const Option& option : Options()) {
    const bool fixed =
        option.flag == "--listen" || option.flag == "--workers" || option.flag == "--http";
    const bool free = option.flag == "--log-level" || option.flag == "--client-idle-timeout" ||
                      option.flag == "--tracked-keys" || option.flag == "--tls-cert";
    EXPECT_FALSE(fixed && option.change == Change::kLive) << option.flag;
    EXPECT_FALSE(free && option.change == Change::kRestart) << option.flag;
  }
}

TEST(ConfigTest, ProtectedMode) {
  const auto problem = [](const std::vector<std::string>& arguments) {
    return ProtectionProblem(Good(arguments)).value_or("");
  };
  EXPECT_EQ(problem({}), "");
  EXPECT_EQ(problem({"--listen", "unix:/a,127.0.0.1:1", "--upstream", "redis://db"}), "");

  EXPECT_THAT(problem({"--listen", "127.0.0.1:1,0.0.0.0:2", "--upstream", "redis://db"}),
              testing::AllOf(testing::StartsWith("--listen 0.0.0.0:2 lets other machines"),
                             HasSubstr("KEYHOLE_REQUIREPASS"), HasSubstr("--allow-unprotected")));
  EXPECT_THAT(problem({"--listen", "[::]:2"}), HasSubstr("KEYHOLE_REQUIREPASS"));
  EXPECT_THAT(problem({"--http", "0.0.0.0:9000"}), testing::StartsWith("--http 0.0.0.0:9000 lets"));

  EXPECT_EQ(problem({"--listen", "0.0.0.0:2", "--allow-unprotected"}), "");
  EXPECT_EQ(problem({"--listen", "0.0.0.0:2", "--requirepass", "x"}), "");
  EXPECT_EQ(problem({"--listen", "0.0.0.0:2", "--upstream", "redis://db", "--requirepass", "x"}),
            "");

  // Credentials that the proxy uses for every client protect nothing.
  for (const char* const url : {"redis://:x@db", "redis://user:x@db"}) {
    EXPECT_THAT(problem({"--listen", "0.0.0.0:2", "--upstream", url}),
                HasSubstr("without a password, under the credentials in --upstream; listen"));
    EXPECT_EQ(problem({"--listen", "0.0.0.0:2", "--upstream", url, "--requirepass", "y"}), "");
  }
}

TEST(ConfigTest, UsersProtectUnlessTheDefaultUserIsOpen) {
  const auto problem = [](const std::string& users) {
    const TempFile file(users);
    return ProtectionProblem(Good({"--listen", "0.0.0.0:2", "--users", file.path()})).value_or("");
  };
  EXPECT_EQ(problem("user alice on >p"), "");
  EXPECT_EQ(problem("user default on >p"), "");
  EXPECT_EQ(problem("user default off nopass"), "");
  EXPECT_THAT(problem("user default on nopass"), HasSubstr("lets other machines"));
}

TEST(ConfigTest, UsersAreReadFromTheirFile) {
  const TempFile file("user alice on >p ~a* +get\n");
  const Config config = Good({"--users", file.path(), "--requirepass", "x"});
  ASSERT_NE(config.users, nullptr);
  EXPECT_NE(config.users->LogIn("alice", "p"), nullptr);
  EXPECT_NE(config.users->LogIn("default", "x"), nullptr);
  EXPECT_EQ(config.users->initial(), nullptr);
  EXPECT_TRUE(config.AsksPassword());

  // The embedded store asks for its one password itself.
  EXPECT_EQ(Good({"--requirepass", "x"}).users, nullptr);
  EXPECT_TRUE(Good({"--requirepass", "x"}).AsksPassword());
  EXPECT_NE(Good({"--requirepass", "x", "--upstream", "redis://db"}).users, nullptr);
  EXPECT_FALSE(Good({"--upstream", "redis://:x@db"}).AsksPassword());
  EXPECT_TRUE(Good({"--upstream", "redis://:x@db"}).LendsIdentity());
}

TEST(ConfigTest, WrongUsersSayWhatIsWrong) {
  const auto problem = [](const std::string& users, std::vector<std::string> more = {}) {
    const TempFile file(users);
    more.insert(more.end(), {"--users", file.path()});
    return Bad(more);
  };
  EXPECT_THAT(problem("user a on\nuser b +gett"),
              HasSubstr(".toml line 2: user 'b': 'gett' is not a command that Keyhole knows; did "
                        "you mean get?"));
  EXPECT_THAT(problem("# nobody\n"), HasSubstr("--users: there is no user in"));
  EXPECT_THAT(
      problem("user default on >p", {"--requirepass", "hush"}),
      testing::AllOf(HasSubstr("in one of the two places"), testing::Not(HasSubstr("hush"))));
  EXPECT_THAT(problem(std::string((1 << 20) + 1, '#')), HasSubstr("longer than 1 MiB"));
  EXPECT_THAT(Bad({"--users", "/nowhere/users.acl"}), HasSubstr("does not exist"));
  EXPECT_THAT(Bad({"--users", "/"}), HasSubstr("is a directory"));
}

// A variable of a shell that was not set, a secret that is not there: never the default in silence.
TEST(ConfigTest, AnEmptyValueIsAnError) {
  EXPECT_THAT(Bad({}, {{"KEYHOLE_UPSTREAM", ""}}),
              HasSubstr("KEYHOLE_UPSTREAM is empty; give a value, or leave it out for the default, "
                        "which is embedded"));
  EXPECT_THAT(Bad({"--upstream", ""}), HasSubstr("--upstream is empty;"));
  EXPECT_THAT(Bad({"--key-pattern="}), HasSubstr("--key-pattern is empty; give a value"));
  EXPECT_THAT(Bad({}, {{"KEYHOLE_CONFIG", ""}}), HasSubstr("KEYHOLE_CONFIG is empty;"));
  for (const Option& option : Options()) {
    if (option.apply == nullptr) continue;
    EXPECT_THAT(Bad({}, {{option.variable(), ""}}), HasSubstr(option.variable() + " is empty; "));
  }
  EXPECT_EQ(Good({"--upstream", "embedded"}, {{"KEYHOLE_UPSTREAM", "redis://db"}}), Config{});
}

TEST(ConfigTest, AnUnknownVariableIsAnError) {
  EXPECT_THAT(Bad({}, {{"KEYHOLE_UPSTRAM", "redis://:s3cret@prod"}}),
              testing::AllOf(HasSubstr("'KEYHOLE_UPSTRAM' is not an option; did you mean "
                                       "KEYHOLE_UPSTREAM?"),
                             testing::Not(HasSubstr("s3cret"))));
  EXPECT_THAT(Bad({}, {{"KEYHOLE_FROBNICATE", "1"}}), HasSubstr("keyhole --help lists"));
  EXPECT_THAT(Bad({}, {{"KEYHOLE_", "1"}}), HasSubstr("'KEYHOLE_' is not an option"));
  EXPECT_THAT(Bad({"--upstream", "redis://db"}, {{"KEYHOLE_UPSTRAM", "redis://db"}}),
              HasSubstr("KEYHOLE_UPSTREAM?"));
  EXPECT_EQ(Good({}, {{"KEYHOLEX", ""}, {"UPSTREAM", "x"}, {"KEYHOLE", "x"}}), Config{});
}

// For services named keyhole, keyhole-metrics and keyhole-upstream in its namespace.
TEST(ConfigTest, VariablesOfKubernetesAreNotOptions) {
  Environment variables;
  for (const std::string name : {"KEYHOLE", "KEYHOLE_METRICS", "KEYHOLE_UPSTREAM"}) {
    for (const std::string protocol : {"tcp", "udp", "sctp"}) {
      const std::string port = name + "_PORT_6380_" +
                               (protocol == "tcp"   ? "TCP"
                                : protocol == "udp" ? "UDP"
                                                    : "SCTP");
      variables[port] = protocol + "://10.0.171.239:6380";
      variables[port + "_PROTO"] = protocol;
      variables[port + "_PORT"] = "6380";
      variables[port + "_ADDR"] = "10.0.171.239";
    }
    variables[name + "_SERVICE_HOST"] = "10.0.171.239";
    variables[name + "_SERVICE_PORT"] = "6380";
    variables[name + "_SERVICE_PORT_RESP"] = "6380";
    variables[name + "_PORT"] = "tcp://10.0.171.239:6380";
  }
  EXPECT_EQ(Good({}, variables), Config{});
  // A person's, by the value.
  EXPECT_THAT(Bad({}, {{"KEYHOLE_PORT", "6380"}}), HasSubstr("'KEYHOLE_PORT' is not an option"));
  EXPECT_THAT(Bad({}, {{"KEYHOLE_UPSTREAM_PORT", "6380"}}), HasSubstr("is not an option"));
}

TEST(ConfigTest, TheEnvironmentOfThisProcessIsRead) {
  ASSERT_EQ(::setenv("KEYHOLE_WORKERS", "3=", 1), 0);
  const Environment variables = ProcessEnvironment();
  ::unsetenv("KEYHOLE_WORKERS");
  EXPECT_EQ(variables.at("KEYHOLE_WORKERS"), "3=");
  EXPECT_EQ(variables.count("PATH"), 0U);
}

TEST(ConfigTest, ServeSentinel) {
  const Config config =
      Good({"--serve-sentinel", "m", "--serve-sentinel-address", "db.example.org:6380"});
  EXPECT_EQ(config.clients.sentinel_name, "m");
  EXPECT_EQ(config.clients.sentinel_address, Endpoint::Tcp("db.example.org", 6380));
  EXPECT_THAT(Bad({"--serve-sentinel-address", "db:1"}),
              testing::HasSubstr("is not given; give it, or leave the address out"));
  EXPECT_THAT(Bad({"--serve-sentinel", "m", "--serve-sentinel-address", "db:0"}),
              testing::HasSubstr("clients cannot connect to port 0"));
}

}  // namespace
}  // namespace keyhole::core
