// Prometheus' own opinion of what we export.

#include <gtest/gtest.h>
#include <sys/wait.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <string>

#include "metrics/exporter.h"

namespace keyhole::metrics {
namespace {

// A worker that has seen everything once, and keys of the nastiest sort.
void FillWithEverything(WorkerMetrics* worker) {
  for (size_t i = 0; i < resp::kCommandCount; ++i) {
    worker->counters.requests[static_cast<resp::CommandId>(i)].Add(i);
  }
  for (size_t e = 0; e < static_cast<size_t>(HttpEndpoint::kCount); ++e) {
    worker->http.Record(HttpMethod::kGet, static_cast<HttpEndpoint>(e), 200,
                        std::chrono::microseconds(100));
  }
  worker->request_latency[RequestFamily::kRead].Record(std::chrono::seconds(100));
  worker->upstream_latency.Record(std::chrono::microseconds(100));
  for (int byte = 0; byte < 256; ++byte) {
    worker->keys.Record(std::string(1, static_cast<char>(byte)), true);
  }
  for (const char* key : {"", "__other__", "a\"b", "a\\", "a\\\\\"", "a\nb\r", "{}", "ключ",
                          "\xED\xA0\x80", "\xC0\xAF", "#0123456789abcdef", "# HELP x y"}) {
    worker->keys.Record(key, true);
  }
  worker->keys.Record(std::string(1000, '\xFF'), false);
}

struct Outcome {
  int status = -1;
  std::string output;
};

Outcome CheckMetrics(const std::string& text) {
  std::string path = testing::TempDir() + "/keyhole_promtool_XXXXXX";
  const int fd = mkstemp(path.data());
  if (fd < 0) return {};
  std::ofstream(path) << text;
  Outcome outcome;
  FILE* const pipe = popen(("promtool check metrics < '" + path + "' 2>&1").c_str(), "r");
  char buffer[4096];
  while (const size_t n = fread(buffer, 1, sizeof(buffer), pipe)) outcome.output.append(buffer, n);
  outcome.status = WEXITSTATUS(pclose(pipe));
  close(fd);
  std::remove(path.c_str());
  return outcome;
}

class PromtoolTest : public testing::Test {
 protected:
  void SetUp() override {
    if (std::system("command -v promtool > /dev/null") != 0) {
      GTEST_SKIP() << "promtool is not installed (Debian: package prometheus)";
    }
  }

  std::string Render() {
    const Exporter exporter(
        [this] {
          const WorkerMetrics* const workers[] = {worker_.get()};
          return Take(workers, directory_);
        },
        "1.2.3");
    return exporter.Render();
  }

  KeyDirectory directory_{500};
  std::unique_ptr<WorkerMetrics> worker_ = std::make_unique<WorkerMetrics>(directory_);
};

TEST_F(PromtoolTest, CheckMetricsFindsNothingAfterStart) {
  const Outcome outcome = CheckMetrics(Render());
  EXPECT_EQ(outcome.status, 0);
  EXPECT_EQ(outcome.output, "");
}

TEST_F(PromtoolTest, CheckMetricsFindsNothingWhenAllHasHappened) {
  FillWithEverything(worker_.get());
  const Outcome outcome = CheckMetrics(Render());
  EXPECT_EQ(outcome.status, 0);
  EXPECT_EQ(outcome.output, "");
}

TEST_F(PromtoolTest, WouldFindSomething) {
  EXPECT_NE(CheckMetrics("keyhole_no_help 1\n").output, "");
  EXPECT_NE(CheckMetrics("# HELP x y\n# TYPE x gauge\nx{a=\"\xFF\"} 1\n").output, "");
}

}  // namespace
}  // namespace keyhole::metrics
