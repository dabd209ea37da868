// What the clients of all workers keep in memory, and who has most of it: --client-memory. Each
// worker says ten times a second what its clients have; where that is too much in all, the worker
// with the fattest client closes it.
//
// Thread: any; a worker writes its own row only.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace keyhole::net {

class ClientsMemory {
 public:
  explicit ClientsMemory(size_t workers) : rows_(workers) {}

  void Tell(size_t worker, uint64_t bytes, uint64_t fattest) {
    rows_[worker].bytes.store(bytes, std::memory_order_relaxed);
    rows_[worker].fattest.store(fattest, std::memory_order_relaxed);
  }
  uint64_t total() const {
    uint64_t sum = 0;
    for (const Row& row : rows_) sum += row.bytes.load(std::memory_order_relaxed);
    return sum;
  }
  // No other worker has a fatter client.
  bool HasFattest(size_t worker) const {
    const uint64_t mine = rows_[worker].fattest.load(std::memory_order_relaxed);
    for (const Row& row : rows_) {
      if (row.fattest.load(std::memory_order_relaxed) > mine) return false;
    }
    return mine > 0;
  }

 private:
  struct alignas(64) Row {
    std::atomic<uint64_t> bytes{0};
    std::atomic<uint64_t> fattest{0};
  };

  std::vector<Row> rows_;
};

}  // namespace keyhole::net
