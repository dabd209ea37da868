// NearLink: whatever Redis says on the near cache's connection, cut anywhere, it means the same,
// and what is taken for a value has been said as one.
//
// An input is all that Redis says. As soon as it accepts to track, the keys a, b and c are fetched,
// with a fence behind them.

#include <cstdint>
#include <string>
#include <string_view>

#include "metrics/snapshot.h"
#include "proxy/app/worker_state.h"
#include "proxy/near_cache/near_cache.h"
#include "proxy/near_cache/near_link.h"
#include "tests/fuzz/fuzz_support.h"

namespace keyhole::fuzz {
namespace {

// Writes down what it is told.
class Scribe final : public core::NearLink::Listener {
 public:
  explicit Scribe(core::WorkerState& worker)
      : link_(new core::NearLink(worker, {.endpoint = {}, .state = worker.initial_state},
                                 worker.config.near, *this)) {}

  std::string Listen(const std::vector<std::string_view>& chunks) {
    link_->OnConnected();
    for (const std::string_view chunk : chunks) {
      if (!link_->OnRead(ExactCopy(chunk).view())) {
        link_->OnDisconnected();
        break;
      }
    }
    return told_;
  }

  void OnNearReady() override {
    told_ += "ready;";
    for (const char* key : {"a", "b", "c"}) link_->Fetch({.key = key});
    link_->SendFence();
  }
  void OnFetched(const core::NearFetch& fetch, std::string_view value, bool is_null,
                 std::optional<std::chrono::milliseconds> ttl) override {
    Check(value.empty() || is_null || value.front() == '$', "a value is a bulk string");
    told_ += "fetched " + fetch.key + (fetch.changed ? " changed " : " ") + std::string(value) +
             (ttl ? std::to_string(ttl->count()) : "") + ";";
  }
  void OnChanged(std::string_view key) override { told_ += "changed " + std::string(key) + ";"; }
  void OnAllChanged() override { told_ += "all;"; }
  void OnFence(uint64_t number, core::NearLink::Instant) override {
    Check(number <= link_->last_fence(), "a fence that was sent");
    told_ += "fence " + std::to_string(number) + ";";
  }
  void OnNearLost(metrics::NearState why, std::string_view) override {
    told_ += "lost " + std::string(Name(why)) + ";";
  }

 private:
  boost::intrusive_ptr<core::NearLink> link_;
  std::string told_;
};

void TestOneInput(std::string_view in) {
  core::Config config;
  config.upstream.emplace();
  metrics::KeyDirectory directory(8);
  metrics::WorkerMetrics metrics(directory);
  core::WorkerState worker(config, metrics, nullptr);
  std::string first;
  bool is_first = true;
  for (const auto& chunks : Splittings(in)) {
    Scribe scribe(worker);
    const std::string told = scribe.Listen(chunks);
    if (is_first) first = told;
    is_first = false;
    Check(told == first, "the same, however it is cut");
  }
}

}  // namespace
}  // namespace keyhole::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  keyhole::fuzz::TestOneInput({reinterpret_cast<const char*>(data), size});
  return 0;
}
