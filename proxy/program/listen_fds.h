// The listening sockets that systemd has opened for this process: sd_listen_fds(3). They are the
// descriptors from 3 on, LISTEN_FDS of them, if LISTEN_PID is this process.
//
// Thread: any; before others are started.
#pragma once

#include <vector>

namespace keyhole::program {

// pid, count: what LISTEN_PID and LISTEN_FDS say; null: nothing.
std::vector<int> ListenDescriptors(const char* pid, const char* count);

}  // namespace keyhole::program
