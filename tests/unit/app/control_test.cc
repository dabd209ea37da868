// What is asked of all workers, with threads that the test runs.
#include "proxy/app/control.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "tests/unit/config/config_loading.h"

namespace keyhole::core {
namespace {

using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

class ControlTest : public testing::Test, public Control::Threads {
 protected:
  Control& Start(const std::vector<std::string>& options) {
    workers_.clear();
    metrics_.clear();
    config_ = Good(options);
    control_.emplace(config_, *this);
    for (int i = 0; i < config_.workers; ++i) {
      metrics::WorkerMetrics& metrics = control_->AddWorker();
      metrics_.push_back(&metrics);
      workers_.push_back(
          std::make_unique<WorkerState>(config_, metrics, control_->store(), control_->near()));
    }
    return *control_;
  }
  // What is given for this, and on which threads all of it was done.
  std::string Ask(const HttpReport& what) {
    std::string text = "nothing";
    control_->MakeReport(what, [&text](std::string made) { text = std::move(made); });
    EXPECT_EQ(text, "nothing") << "later";
    while (!todo_.empty()) {
      const auto [thread, f] = std::move(todo_.front());
      todo_.pop_front();
      on_.push_back(thread);
      f();
    }
    return text;
  }

  void OnScraper(std::function<void()> f) override { todo_.emplace_back("scraper", std::move(f)); }
  void OnWorker(size_t worker, std::function<void(WorkerState&)> f) override {
    todo_.emplace_back("worker " + std::to_string(worker),
                       [&state = *workers_[worker], f = std::move(f)] { f(state); });
  }

  Config config_;
  std::optional<Control> control_;
  std::vector<metrics::WorkerMetrics*> metrics_;
  std::vector<std::unique_ptr<WorkerState>> workers_;
  std::deque<std::pair<std::string, std::function<void()>>> todo_;
  std::vector<std::string> on_;
};

TEST_F(ControlTest, ReportsAreMadeOnTheScraperAndGivenOnWorker0) {
  Start({"--workers", "3"});
  metrics_[0]->counters.clients_refused.Add();
  metrics_[2]->counters.clients_refused.Add();
  const std::string text = Ask({.kind = HttpReport::Kind::kMetrics});
  EXPECT_THAT(text, HasSubstr("\nkeyhole_clients_refused_total 2\n"));
  EXPECT_THAT(on_, ElementsAre("scraper", "worker 0"));
  EXPECT_THAT(Ask({.kind = HttpReport::Kind::kKeys}), StartsWith("{"));
  EXPECT_THAT(Ask({.kind = HttpReport::Kind::kSlow}), StartsWith("{"));
}

TEST_F(ControlTest, ClientsAndKeysAreAskedOfTheirWorkers) {
  Start({"--workers", "2"});
  workers_[1]->list_clients = [](size_t, std::vector<ClientInfo>* out) {
    out->push_back(
        {.address = "10.0.0.1:5", .name = "b\"", .user = {}, .library = {}, .private_link = {}});
    return size_t{7};
  };
  EXPECT_THAT(
      Ask({.kind = HttpReport::Kind::kClients}),
      StartsWith(R"({"total":7,"clients":[{"address":"10.0.0.1:5","worker":1,"name":"b\"")"));
  EXPECT_THAT(on_, ElementsAre("worker 0", "worker 1", "scraper", "worker 0"));
  on_.clear();
  const std::vector<std::string_view> del = {"del", "k"};
  workers_[1]->journal.Note(resp::Find(del), del, {.name = {}, .address = "10.0.0.1:5"}, 1000);
  EXPECT_THAT(Ask({.kind = HttpReport::Kind::kKey, .key = "k"}),
              testing::AllOf(HasSubstr(R"("what":"deleted")"), HasSubstr("`del` of 10.0.0.1:5")));
  EXPECT_THAT(on_, ElementsAre("worker 0", "worker 1", "scraper", "worker 0"));
}

TEST_F(ControlTest, ReadersAreToldOnceASecondAndOnlyIfThereAreAny) {
  Start({"--workers", "2"});
  const auto run = [this] {
    while (!todo_.empty()) {
      auto f = std::move(todo_.front().second);
      todo_.pop_front();
      f();
    }
  };
  // Two seconds of ticks, by the real clock, which is read in Tick().
  const auto tick = [&](auto until) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (!until() && std::chrono::steady_clock::now() < end) control_->Tick();
  };
  const std::string first = Ask({.kind = HttpReport::Kind::kEvent});
  EXPECT_THAT(first, StartsWith("data: {"));
  std::vector<std::string> told;
  for (int i = 0; i < 2; ++i) {
    control_->MakeReport({.kind = HttpReport::Kind::kNextEvent},
                         [&told](std::string text) { told.push_back(std::move(text)); });
  }
  EXPECT_TRUE(told.empty());
  tick([&] { return !todo_.empty(); });
  EXPECT_EQ(todo_.size(), 1u) << "it is made once for all";
  run();
  ASSERT_EQ(told.size(), 2u);
  EXPECT_EQ(told[0], told[1]);
  control_->MakeReport({.kind = HttpReport::Kind::kNextEvent},
                       [&told](std::string) { told.emplace_back(); });
  control_->EndStreams();
  control_->MakeReport({.kind = HttpReport::Kind::kNextEvent},
                       [&told](std::string) { told.emplace_back(); });
  EXPECT_EQ(told.size(), 2u);
}

TEST_F(ControlTest, APurgeAsksAllWorkersAndTheLastOneAnswers) {
  Start({"--workers", "3", "--upstream", "redis://127.0.0.1:1", "--near-cache", "3mb"});
  EXPECT_EQ(Ask({.kind = HttpReport::Kind::kPurge}), PurgeJson(0));
  EXPECT_THAT(on_, ElementsAre("worker 0", "worker 1", "worker 2", "worker 0"));
}

TEST_F(ControlTest, APurgeWithoutNearCacheDropsNothing) {
  Start({});
  EXPECT_EQ(Ask({.kind = HttpReport::Kind::kPurge}), PurgeJson(0));
}

TEST_F(ControlTest, SaysWhatAnswers) {
  EXPECT_EQ(Start({"--upstream", "redis://db:6380"}).Describe(), "in front of redis://db:6380/0");
  EXPECT_EQ(control_->store(), nullptr);
  EXPECT_EQ(control_->near(), nullptr);
}

TEST_F(ControlTest, SaysWhatTheStoreDoesWhenItIsFull) {
  EXPECT_THAT(Start({"--max-memory", "64mb"}).Describe(),
              EndsWith("up to 64 MiB of keys; beyond that, the least useful are evicted "
                       "(s3-fifo)"));
  EXPECT_THAT(Start({"--max-memory", "64mb", "--eviction", "noeviction"}).Describe(),
              EndsWith("beyond that, writes are refused"));
  EXPECT_THAT(Start({"--max-memory", "0"}).Describe(),
              EndsWith("it may take all the memory there is (--max-memory 0)"));
}

// They kept the names that they came with.
TEST_F(ControlTest, AReloadThatHidesKeysClearsTheLists) {
  Start({"--workers", "1"});
  const auto now = std::chrono::steady_clock::now();
  for (metrics::TopList* list : {&metrics_[0]->big_values, &metrics_[0]->slow_commands}) {
    list->Offer(resp::CommandId::kGet, "mail:a@b.c", 10, now, metrics_[0]->keys.directory());
  }
  EXPECT_THAT(Ask({.kind = HttpReport::Kind::kSlow}), HasSubstr("mail:a@b.c"));
  control_->Reload(Good({"--workers", "1", "--key-labels", "hash"}));
  EXPECT_THAT(Ask({.kind = HttpReport::Kind::kSlow}), Not(HasSubstr("mail:a@b.c")));
  for (metrics::TopList* list : {&metrics_[0]->big_values, &metrics_[0]->slow_commands}) {
    list->Offer(resp::CommandId::kSet, "mail:a@b.c", 5, now, metrics_[0]->keys.directory());
  }
  EXPECT_THAT(Ask({.kind = HttpReport::Kind::kSlow}),
              testing::AllOf(HasSubstr("set"), Not(HasSubstr("mail:a@b.c"))));
}

// They said that they began with the process.
TEST_F(ControlTest, SeriesThatAReloadBeginsAnewSaySo) {
  Start({"--workers", "1"});
  metrics_[0]->keys.Record("k", true);
  const auto created = [this](const std::string& key) {
    const std::string text = Ask({.kind = HttpReport::Kind::kOpenMetrics});
    const std::string line = "redis_app_cache_hit_created{key=\"" + key + "\"} ";
    const size_t at = text.find(line);
    EXPECT_NE(at, text.npos) << key;
    return at == text.npos ? 0 : std::stod(text.substr(at + line.size(), 20));
  };
  const double process = created("__other__");
  EXPECT_EQ(created("k"), process);
  control_->Reload(Good({"--workers", "1", "--tracked-keys", "7"}));
  Ask({.kind = HttpReport::Kind::kSlow});
  metrics_[0]->keys.Record("k", true);
  EXPECT_GT(created("k"), process);
  EXPECT_EQ(created("__other__"), created("k"));
}

// A reload and a tick could let go of the book that a worker was about to join: a use after free,
// which AddressSanitizer sees.
TEST(ControlBooks, OneThatAWorkerIsAboutToJoinStaysThere) {
  struct Idle final : Control::Threads {
    void OnScraper(std::function<void()>) override {}
    void OnWorker(size_t, std::function<void(WorkerState&)>) override {}
  } idle;
  const Config one = Good({"--tracked-keys", "9999"});
  const Config two = Good({"--tracked-keys", "10000"});
  Control control(one, idle);
  std::atomic<bool> done{false};
  std::thread reloads([&] {
    for (bool odd = false; !done; odd = !odd) {
      control.Reload(odd ? one : two);
      control.Tick();
    }
  });
  std::vector<metrics::WorkerMetrics*> added;
  for (int i = 0; i < 200; ++i) added.push_back(&control.AddWorker());
  done = true;
  reloads.join();
  for (metrics::WorkerMetrics* worker : added) worker->keys.Record("k", true);
  EXPECT_EQ(control.Keys().Sum().hits, 200u);
}

}  // namespace
}  // namespace keyhole::core
