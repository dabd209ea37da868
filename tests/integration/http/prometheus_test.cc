// A real Prometheus scrapes the proxy, and tells through its own API what it has understood.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <boost/json/parse.hpp>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <memory>
#include <stdexcept>
#include <string>

#include "tests/integration/http/backends.h"
#include "tests/integration/http/http_client.h"

namespace keyhole::test {
namespace {

// A Prometheus of its own in a directory of its own. Its port is one that was free a moment before.
class Prometheus {
 public:
  explicit Prometheus(uint16_t target) {
    char path[] = "/tmp/keyhole-prometheus-XXXXXX";
    if (mkdtemp(path) == nullptr) throw std::runtime_error("mkdtemp");
    directory_ = path;
    std::ofstream(directory_ / "prometheus.yml")
        << "global: {scrape_interval: 100ms, scrape_timeout: 100ms}\n"
        << "scrape_configs:\n"
        << "- job_name: keyhole\n"
        << "  static_configs: [{targets: ['127.0.0.1:" << target << "']}]\n";
    for (int attempt = 0; attempt < 5 && process_ == nullptr; ++attempt) Launch();
    if (process_ == nullptr) throw std::runtime_error("prometheus does not start");
  }
  ~Prometheus() {
    process_.reset();
    std::error_code ignored;
    std::filesystem::remove_all(directory_, ignored);
  }
  Prometheus(const Prometheus&) = delete;
  Prometheus& operator=(const Prometheus&) = delete;

  // The value of an expression that is one number; "" if it is nothing yet. `encoded`: as it
  // stands in a query string.
  std::string Query(const std::string& encoded) const {
    HttpClient client(port_);
    // HTTP/1.0, so that it comes in one piece.
    client.Send("GET /api/v1/query?query=" + encoded + " HTTP/1.0\r\n\r\n");
    const std::string answer = client.ReadUntilClosed();
    const auto json = boost::json::parse(answer.substr(answer.find("\r\n\r\n") + 4));
    const auto& result = json.at("data").at("result").as_array();
    return result.empty() ? std::string() : std::string(result[0].at("value").at(1).as_string());
  }
  // Asks until the answer is this one, or it has had time enough to become so.
  std::string Await(const std::string& encoded, const std::string& value) const {
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    std::string last;
    do {
      last = Query(encoded);
    } while (last != value && std::chrono::steady_clock::now() < until);
    return last;
  }

 private:
  void Launch() {
    port_ = FreePort();
    process_ = std::make_unique<ChildProcess>(std::vector<std::string>{
        "prometheus", "--config.file=" + (directory_ / "prometheus.yml").string(),
        "--storage.tsdb.path=" + (directory_ / "data").string(),
        "--web.listen-address=127.0.0.1:" + std::to_string(port_)});
    try {
      process_->WaitForErr("Server is ready to receive web requests");
    } catch (const std::runtime_error& ended) {
      const bool taken =
          std::string(ended.what()).find("address already in use") != std::string::npos;
      process_.reset();
      if (!taken) throw;
    }
  }

  std::filesystem::path directory_;
  std::unique_ptr<ChildProcess> process_;
  uint16_t port_ = 0;
};

TEST(Prometheus, ScrapesWhatWasCounted) {
  Stack stack(Backend::kEmbedded);
  HttpClient http(stack->http_port());
  http.Call("PUT", "/items/foo", "bar");
  for (int i = 0; i < 7; ++i) http.Call("GET", "/items/foo");
  for (int i = 0; i < 3; ++i) http.Call("GET", "/items/none");
  RawClient resp = RawClient::Connect(stack->port());
  for (int i = 0; i < 5; ++i) resp.Ask({"GET", "new\nline \"quoted\" \\ \xff"});
  const Prometheus prometheus(stack->http_port());
  EXPECT_EQ(prometheus.Await("redis_app_cache_hit_total%7Bkey%3D%22foo%22%7D", "7"), "7");
  EXPECT_EQ(prometheus.Await("redis_app_cache_miss_total%7Bkey%3D%22none%22%7D", "3"), "3");
  EXPECT_EQ(prometheus.Await("sum(redis_app_cache_miss_total)", "8"), "8");
  EXPECT_EQ(prometheus.Await("sum(http_requests_total%7Bendpoint%3D%22get_item%22%7D)", "10"),
            "10");
  EXPECT_EQ(prometheus.Await("up", "1"), "1");
  // It goes on counting while it is watched.
  for (int i = 0; i < 13; ++i) http.Call("GET", "/items/foo");
  EXPECT_EQ(prometheus.Await("redis_app_cache_hit_total%7Bkey%3D%22foo%22%7D", "20"), "20");
  EXPECT_EQ(prometheus.Await("keyhole_upstream_up", "1"), "1");
}

}  // namespace
}  // namespace keyhole::test
