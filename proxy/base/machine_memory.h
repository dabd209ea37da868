// How much memory this process can have: that of the machine, or of the container it runs in.
//
// Thread: any; reads a few files of the kernel.
#pragma once

#include <cstdint>
#include <string>

namespace keyhole::core {

// So many bytes, or a share of what the machine or the container has.
struct MemoryLimit {
  uint64_t bytes = 0;  // if percent is 0; 0: no limit
  int percent = 75;

  // The limit where there are so many bytes.
  uint64_t Of(uint64_t machine) const {
    return percent == 0 ? bytes : machine / 100 * static_cast<uint64_t>(percent);
  }
  bool operator==(const MemoryLimit&) const = default;
};

// Bytes; 0 if nothing tells. `root` is where the files are looked for: another one in tests.
//
//     /proc/meminfo                                   MemTotal
//     /proc/self/cgroup                               which groups the process is in
//     /sys/fs/cgroup/GROUP/memory.max                 version 2; the smallest, parents too
//     /sys/fs/cgroup/memory/GROUP/memory.limit_in_bytes     version 1
uint64_t MachineMemory(const std::string& root = {});

}  // namespace keyhole::core
