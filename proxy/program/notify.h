// Tells systemd how the service is: sd_notify(3), for units of Type=notify. The protocol is one
// datagram with lines of NAME=value to the socket that NOTIFY_SOCKET names.
//
// Thread: any.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

namespace keyhole::program {

// state: "READY=1", "STOPPING=1", "STATUS=in words"; several with a newline between them. socket:
// what NOTIFY_SOCKET says; null or empty: nobody wants to hear. A failure is nobody's business.
void Notify(const char* socket, std::string_view state);

// That the options are read again; READY=1 ends it. It carries the time, as Type=notify-reload
// wants it.
void NotifyReloading(const char* socket);

// How often "WATCHDOG=1" is expected at least, by WATCHDOG_USEC, if WATCHDOG_PID names this process
// or is not there. 0: it is not.
std::chrono::microseconds WatchdogInterval(const char* usec, const char* pid);

}  // namespace keyhole::program
