// How much memory this process can have: that of the machine, or of the container it runs in.
//
// Thread: any; reads a few files of the kernel.
#pragma once

#include <cstdint>
#include <string>

namespace keyhole::core {

// Bytes; 0 if nothing tells. `root` is where the files are looked for: another one in tests.
//
//     /proc/meminfo                                   MemTotal
//     /proc/self/cgroup                               which groups the process is in
//     /sys/fs/cgroup/GROUP/memory.max                 version 2; the smallest of it and its
//     parents' /sys/fs/cgroup/memory/GROUP/memory.limit_in_bytes     version 1
uint64_t MachineMemory(const std::string& root = {});

}  // namespace keyhole::core
