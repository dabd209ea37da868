// What INFO says of the process and the machine, read from /proc. Where that cannot be read, it is
// empty or zero.
//
// Thread: any. Costs a few system calls.
#pragma once

#include <cstdint>
#include <string>

namespace keyhole::store {

struct CpuTime {
  double system = 0;  // seconds
  double user = 0;
};

uint64_t ProcessId();
std::string ProgramPath();
std::string SystemName();    // "Linux 6.1.0-18-amd64 x86_64"
uint64_t ProcessResident();  // bytes
CpuTime ProcessCpu();        // to 10 ms, as are those below
CpuTime ThreadCpu();         // of this thread

}  // namespace keyhole::store
