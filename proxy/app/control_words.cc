// What the process says of itself in plain words.
#include <algorithm>
#include <string>
#include <string_view>

#include "proxy/app/control.h"
#include "proxy/config/config_values.h"

namespace keyhole::core {

std::string Control::Describe() const {
  if (store_ == nullptr) return "in front of " + config_.upstream->ToString();
  const std::string& path = config_.snapshots.path;
  std::string text = "embedded store: data lives in memory and is " +
                     (path.empty() ? "gone when this process ends; "
                                   : "kept in " + path + " when this process ends; ");
  const uint64_t limit = store_->usage().limit;
  if (limit == 0) return text + "it may take all the memory there is (--max-memory 0)";
  const uint64_t megabytes = std::max<uint64_t>(limit >> 20, 1);
  text += "up to " + std::to_string(megabytes) + " MiB of keys; beyond that, ";
  if (config_.eviction == store::Eviction::kNone) return text + "writes are refused";
  const std::string_view eviction = kEvictions[static_cast<size_t>(config_.eviction)];
  return text + "the least useful are evicted (" + std::string(eviction) + ")";
}

std::string Control::Status() const {
  int64_t clients = 0;
  bool up = true;
  for (const metrics::WorkerMetrics* one : Workers()) {
    clients += one->counters.clients.Load();
    up = up && one->counters.upstream_up.Load() == 1;
  }
  return std::to_string(clients) + (clients == 1 ? " client; " : " clients; ") +
         (store_ != nullptr ? "embedded store"
          : up              ? "the upstream is up"
                            : "the upstream is away");
}

}  // namespace keyhole::core
