#include "tests/bench/load/workload.h"

#include <algorithm>
#include <cstdio>
#include <string_view>

namespace keyhole::load {
namespace {

// "$16\r\nkey:000000000042\r\n"
void AppendKey(uint64_t key, std::string* out) {
  char text[32];
  const int size = std::snprintf(text, sizeof(text), "$16\r\nkey:%012lu\r\n", key);
  out->append(text, static_cast<size_t>(size));
}

}  // namespace

Workload::Workload(const Options& options)
    : keys_(options.keys),
      get_fraction_(options.get_percent / 100),
      sizes_(options.sizes),
      random_(options.seed),
      value_(*std::max_element(sizes_.begin(), sizes_.end()), 'x') {
  if (options.zipf > 0) zipf_.emplace(keys_, options.zipf);
}

uint64_t Workload::DrawKey() {
  return zipf_ ? (*zipf_)(random_)-1 : random_() % keys_;
}

void Workload::Append(std::string* out) {
  const uint64_t key = DrawKey();
  if (std::uniform_real_distribution<double>()(random_) >= get_fraction_) {
    AppendSet(key, out);
    return;
  }
  out->append("*2\r\n$3\r\nGET\r\n");
  AppendKey(key, out);
}

void Workload::AppendSet(uint64_t key, std::string* out) {
  const size_t size = sizes_[random_() % sizes_.size()];
  out->append("*3\r\n$3\r\nSET\r\n");
  AppendKey(key, out);
  out->append("$").append(std::to_string(size)).append("\r\n");
  out->append(std::string_view(value_).substr(0, size)).append("\r\n");
}

}  // namespace keyhole::load
