// The configuration for Prometheus and the dashboard for Grafana: checked by promtool, and every
// query asked of a real Prometheus that scrapes a real Keyhole under load.
#include <gtest/gtest.h>
#include <stdlib.h>

#include <boost/json.hpp>
#include <chrono>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_replace.h"
#include "tests/support/child_process.h"
#include "tests/support/keyhole_process.h"
#include "tests/support/raw_client.h"
#include "tests/support/redis_cluster.h"
#include "tests/support/redis_server.h"

namespace keyhole::test {
namespace {

namespace json = boost::json;

std::string ReadConfig(const std::string& name) {
  std::ifstream file(std::string(KEYHOLE_CONFIGS "/") + name);
  std::ostringstream text;
  text << file.rdbuf();
  if (text.str().empty()) throw std::runtime_error("cannot read " + name);
  return text.str();
}

// ---- promtool ----

TEST(PrometheusConfig, PromtoolHasNothingToSay) {
  for (const std::vector<std::string>& command :
       {std::vector<std::string>{"promtool", "check", "config", KEYHOLE_CONFIGS "/prometheus.yml"},
        {"promtool", "check", "rules", KEYHOLE_CONFIGS "/alerting_rules.yml"},
        {"promtool", "test", "rules", KEYHOLE_CONFIGS "/alerting_rules_test.yml"}}) {
    ChildProcess promtool(command);
    EXPECT_EQ(promtool.Wait(), 0) << command[2] << "\n" << promtool.out() << promtool.err();
  }
}

// Whoever is woken by an alert finds a line about it.
TEST(PrometheusConfig, EveryAlertHasALineInTheDocumentation) {
  const std::string operations = ReadConfig("../docs/operations.md");
  const std::string table = operations.substr(operations.find("## Alerts"));
  std::istringstream rules(ReadConfig("alerting_rules.yml"));
  constexpr std::string_view kAlert = "- alert: ";
  int alerts = 0;
  for (std::string line; std::getline(rules, line);) {
    const size_t at = line.find(kAlert);
    if (at == std::string::npos) continue;
    ++alerts;
    EXPECT_NE(table.find(line.substr(at + kAlert.size())), std::string::npos) << line;
  }
  EXPECT_GT(alerts, 10);
}

// ---- a Prometheus that scrapes ----

class Prometheus {
 public:
  explicit Prometheus(uint16_t target)
      : directory_(MakeDirectory()),
        port_(FreePort()),
        process_({"prometheus", "--config.file=" + WriteConfig(target),
                  "--storage.tsdb.path=" + (directory_ / "data").string(),
                  "--web.listen-address=127.0.0.1:" + std::to_string(port_)}) {
    process_.WaitForErr("Server is ready");
  }
  ~Prometheus() {
    process_.Signal(SIGKILL);
    process_.Wait();
    std::filesystem::remove_all(directory_);
  }
  Prometheus(const Prometheus&) = delete;
  Prometheus& operator=(const Prometheus&) = delete;

  // The result of an instant query: a series each.
  json::array Query(const std::string& expression) const {
    RawClient client = RawClient::Connect(port_);
    client.Send("GET /api/v1/query?query=" + Encode(expression) +
                " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    const std::string answer = client.ReadUntilClosed();
    const size_t begin = answer.find("{");
    const size_t end = answer.rfind("}");
    if (end == std::string::npos) throw std::runtime_error("no JSON: " + answer);
    const json::value body = json::parse(answer.substr(begin, end - begin + 1));
    if (body.at("status") != "success") throw std::runtime_error(answer);
    return body.at("data").at("result").as_array();
  }

  // Waits until it has at least one series.
  json::array Await(const std::string& expression) const {
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    json::array result = Query(expression);
    while (result.empty() && std::chrono::steady_clock::now() < until) {
      // Scrapes come as they come.
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
      result = Query(expression);
    }
    return result;
  }

 private:
  static std::filesystem::path MakeDirectory() {
    char path[] = "/tmp/keyhole-prometheus-XXXXXX";
    if (mkdtemp(path) == nullptr) throw std::runtime_error("mkdtemp");
    return path;
  }

  // Ours, with our target, and more often.
  std::string WriteConfig(uint16_t target) const {
    const std::string config = absl::StrReplaceAll(
        ReadConfig("prometheus.yml"), {{"keyhole:9000", "127.0.0.1:" + std::to_string(target)},
                                       {"interval: 5s", "interval: 500ms"}});
    std::ofstream(directory_ / "prometheus.yml") << config;
    std::ofstream(directory_ / "alerting_rules.yml") << ReadConfig("alerting_rules.yml");
    return (directory_ / "prometheus.yml").string();
  }

  static std::string Encode(const std::string& text) {
    constexpr char kHex[] = "0123456789ABCDEF";
    std::string encoded;
    for (const char c : text) {
      if (isalnum(static_cast<unsigned char>(c)) != 0) {
        encoded += c;
      } else {
        const auto byte = static_cast<unsigned char>(c);
        encoded += {'%', kHex[byte / 16], kHex[byte % 16]};
      }
    }
    return encoded;
  }

  const std::filesystem::path directory_;
  const uint16_t port_;
  ChildProcess process_;
};

class MonitoringTest : public testing::Test {
 protected:
  // Three hits for each miss, and a bit of everything else.
  void Work() {
    RawClient client = RawClient::Connect(keyhole_.port());
    client.Send(
        "SET user:1 one\r\nLPUSH list x\r\nGET list\r\nBLPOP list 1\r\n"
        "EVAL 'return 1' 0\r\nMULTI\r\nEXEC\r\n");
    for (int i = 0; i < 7; ++i) client.ReadReply();
    for (int i = 0; i < 50; ++i) {
      client.Send("GET user:1\r\nGET user:1\r\nGET user:1\r\nGET user:2\r\n");
      for (int j = 0; j < 4; ++j) client.ReadReply();
    }
    keyhole_.HttpGet("/");
  }

  RedisServer redis_;
  KeyholeProcess keyhole_{{"--upstream", "redis://127.0.0.1:" + std::to_string(redis_.port())}};
};

// of_nodes: those about the nodes of a cluster, or all others.
std::vector<std::string> DashboardQueries(bool of_nodes = false) {
  std::vector<std::string> queries;
  const json::value dashboard = json::parse(ReadConfig("grafana-dashboard.json"));
  for (const json::value& panel : dashboard.at("panels").as_array()) {
    if (!panel.as_object().contains("targets")) continue;
    for (const json::value& target : panel.at("targets").as_array()) {
      std::string query = absl::StrReplaceAll(
          target.at("expr").as_string().c_str(),
          {{"$instance", ".*"}, {"$__rate_interval", "10s"}, {"[15m]", "[10s]"}});
      const bool is_of_nodes = query.find("_upstream_node_") != std::string::npos;
      if (is_of_nodes == of_nodes) queries.push_back(std::move(query));
    }
  }
  return queries;
}

TEST_F(MonitoringTest, EveryQueryOfTheDashboardReturnsData) {
  const Prometheus prometheus(keyhole_.http_port());
  const std::vector<std::string> queries = DashboardQueries();
  EXPECT_GT(queries.size(), 30u);
  // Rates need two scrapes.
  Work();
  EXPECT_FALSE(prometheus.Await("redis_app_cache_miss_total{key=\"user:2\"} > 0").empty());
  Work();
  for (const std::string& query : queries) EXPECT_FALSE(prometheus.Await(query).empty()) << query;
}

// What dashboard-linter asks of a panel, and what Grafana warns of.
TEST(Dashboard, EachPanelHasAllThatGrafanaWants) {
  const json::value dashboard = json::parse(ReadConfig("grafana-dashboard.json"));
  EXPECT_EQ(dashboard.at("templating").at("list").at(0).at("type"), "datasource");
  std::set<int64_t> ids;
  std::set<std::string> titles;
  for (const json::value& panel : dashboard.at("panels").as_array()) {
    const std::string title = panel.at("title").as_string().c_str();
    EXPECT_TRUE(ids.insert(panel.at("id").as_int64()).second) << title;
    EXPECT_TRUE(titles.insert(title).second) << title;
    if (panel.at("type") == "row") continue;
    EXPECT_FALSE(panel.at("description").as_string().empty()) << title;
    EXPECT_TRUE(panel.at("fieldConfig").at("defaults").as_object().contains("unit")) << title;
    EXPECT_EQ(panel.at("datasource").at("uid"), "${datasource}") << title;
    std::set<std::string> names;
    for (const json::value& target : panel.at("targets").as_array()) {
      EXPECT_TRUE(names.insert(target.at("refId").as_string().c_str()).second) << title;
      EXPECT_EQ(target.at("datasource").at("uid"), "${datasource}") << title;
      const std::string query = target.at("expr").as_string().c_str();
      EXPECT_NE(query.find("$instance"), std::string::npos) << title;
    }
  }
}

TEST(Dashboard, NoPanelLiesOnAnother) {
  const json::value dashboard = json::parse(ReadConfig("grafana-dashboard.json"));
  std::set<std::pair<int64_t, int64_t>> taken;
  for (const json::value& panel : dashboard.at("panels").as_array()) {
    const json::value& place = panel.at("gridPos");
    const int64_t left = place.at("x").as_int64();
    const int64_t top = place.at("y").as_int64();
    EXPECT_LE(left + place.at("w").as_int64(), 24) << panel.at("title");
    for (int64_t x = left; x < left + place.at("w").as_int64(); ++x) {
      for (int64_t y = top; y < top + place.at("h").as_int64(); ++y) {
        ASSERT_TRUE(taken.emplace(x, y).second) << panel.at("title") << " at " << x << ", " << y;
      }
    }
  }
}

TEST_F(MonitoringTest, TheClusterRowShowsEachNode) {
  RedisCluster cluster(2);
  const KeyholeProcess proxy({"--upstream", cluster.url()});
  const Prometheus prometheus(proxy.http_port());
  const std::vector<std::string> queries = DashboardQueries(/*of_nodes=*/true);
  EXPECT_GT(queries.size(), 3u);
  RawClient client = RawClient::Connect(proxy.port());
  client.Send("GET foo\r\nGET b\r\n");
  for (int i = 0; i < 2; ++i) client.ReadReply();
  EXPECT_FALSE(prometheus.Await("sum(keyhole_upstream_node_slots) == 16384").empty());
  EXPECT_FALSE(prometheus.Await("count(keyhole_upstream_node_requests_total > 0) == 2").empty());
  for (const std::string& query : queries) EXPECT_FALSE(prometheus.Await(query).empty()) << query;
}

TEST_F(MonitoringTest, TheFirstThreePanelsAreThoseThatPeopleKnow) {
  const json::value dashboard = json::parse(ReadConfig("grafana-dashboard.json"));
  EXPECT_EQ(dashboard.at("panels").at(0).at("title"), "Cache Misses by Key");
  EXPECT_EQ(dashboard.at("panels").at(1).at("title"), "Cache Hits by Key");
  EXPECT_EQ(dashboard.at("panels").at(2).at("title"), "Cache Miss Ratio");
}

TEST_F(MonitoringTest, TheRatioPanelTellsTheTrueRatio) {
  const Prometheus prometheus(keyhole_.http_port());
  const std::string ratio = DashboardQueries()[2];
  Work();
  prometheus.Await("redis_app_cache_hit_total{key=\"user:1\"} > 0");
  for (int i = 0; i < 5; ++i) Work();
  const std::string hits = "redis_app_cache_hit_total{key=\"user:1\"} >= 900";
  EXPECT_FALSE(prometheus.Await(hits).empty());
  const json::array result = prometheus.Query(ratio);
  ASSERT_EQ(result.size(), 1u);
  const double shown = std::stod(result[0].at("value").at(1).as_string().c_str());
  EXPECT_NEAR(shown, 0.25, 0.0001);
}

TEST_F(MonitoringTest, AlertsWhenRedisIsStopped) {
  const Prometheus prometheus(keyhole_.http_port());
  prometheus.Await("keyhole_upstream_up == 1");
  EXPECT_TRUE(prometheus.Query("ALERTS").empty());
  redis_.Stop();
  // Firing takes as long as the rule says; that it will is told by promtool's test.
  EXPECT_FALSE(prometheus.Await("ALERTS{alertname=\"KeyholeUpstreamAway\"}").empty());
}

}  // namespace
}  // namespace keyhole::test
