// The parameters that CONFIG GET and CONFIG SET know: those of Redis that tools and client
// libraries read or set. Each one that can be changed has its effect, each with a test
// (config_effect_test.cc); the others are told as what they amount to (`save` is empty,
// `appendonly` is no), can be set to that, and to nothing else.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/store/options.h"

namespace keyhole::store {

class Settings {
 public:
  explicit Settings(const StoreOptions& options);

  size_t size() const { return values_.size(); }
  static std::string_view name(size_t index);  // lower case
  const std::string& value(size_t index) const { return values_[index]; }
  static bool is_secret(size_t index) { return index == kPassword; }  // no log may show it
  // The index of a parameter; letters of either case.
  static std::optional<size_t> Find(std::string_view name);

  // What would be stored for `text`; null, and Redis' reason in *error, if that cannot be.
  std::optional<std::string> Parse(size_t index, std::string_view text, std::string* error) const;
  void Set(size_t index, std::string value);

  const std::string& password() const { return values_[kPassword]; }
  const std::string& max_memory() const { return values_[kMaxMemory]; }
  const std::string& max_memory_policy() const { return values_[kMaxMemoryPolicy]; }
  size_t max_memory_bytes() const { return Number(kMaxMemory); }
  Eviction eviction() const;
  const std::string& port() const { return values_[kPort]; }
  const std::string& max_clients() const { return values_[kMaxClients]; }
  int64_t max_client_count() const { return numbers_[kMaxClients]; }
  int64_t timeout_seconds() const { return numbers_[kTimeout]; }
  // As the setting shows so many milliseconds.
  static int64_t SecondsOf(int64_t millis) { return (millis + 999) / 1000; }
  int64_t slow_log_threshold() const { return numbers_[kSlowLogThreshold]; }  // us; -1: off
  size_t slow_log_length() const { return Number(kSlowLogLength); }
  // Up to which hashes and sets are shown as lists and as sorted integers.
  size_t max_listed() const { return Number(kMaxListed); }
  size_t max_listed_bytes() const { return Number(kMaxListedBytes); }
  size_t max_integers() const { return Number(kMaxIntegers); }
  int64_t list_node_size() const { return numbers_[kListNodeSize]; }  // see ListLimits::Of()
  // How long a HyperLogLog may be and be sparse.
  size_t max_sparse_bytes() const { return Number(kMaxSparseSketch); }

 private:
  // Where those above stand in the table of settings.cc.
  enum : size_t {
    kPassword,
    kMaxMemory,
    kMaxMemoryPolicy,
    kPort,
    kMaxClients,
    kDatabases,
    kMaxListed,
    kMaxListedBytes,
    kMaxIntegers,
    kListNodeSize,
    kTimeout,
    kSlowLogThreshold,
    kSlowLogLength,
    kMaxSparseSketch,
    kBind
  };
  size_t Number(size_t index) const { return static_cast<size_t>(numbers_[index]); }

  std::vector<std::string> values_;
  std::vector<int64_t> numbers_;  // the same; 0 of what is none
};

}  // namespace keyhole::store
