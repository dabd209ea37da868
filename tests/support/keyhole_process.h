// The proxy as people start it: a process of its own, on ports the kernel chose.
//
//     KeyholeProcess proxy({"--upstream", "redis://127.0.0.1:" + std::to_string(redis.port())});
//     RawClient client = RawClient::Connect(proxy.port());
//     EXPECT_EQ(proxy.Metric("keyhole_clients"), 1);
//
// Thread: as ChildProcess.
#pragma once

#include <csignal>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tests/support/child_process.h"

namespace keyhole::test {

class KeyholeProcess {
 public:
  // Starts it with these options and `--listen 127.0.0.1:0 --http 127.0.0.1:0`, and returns when it
  // listens. With --listen among the options ours is left out.
  explicit KeyholeProcess(const std::vector<std::string>& options = {});

  // The program with these arguments only, for runs that are to end at once.
  static std::vector<std::string> CommandLine(const std::vector<std::string>& options);

  uint16_t port() const { return port_; }  // the first one, if there are several; 0: unix only
  uint16_t http_port() const { return http_port_; }        // 0: a unix socket
  uint16_t metrics_port() const { return metrics_port_; }  // 0: a unix socket, or no --metrics
  pid_t pid() const { return process_.pid(); }

  void Terminate() { process_.Signal(SIGTERM); }
  void Kill() { process_.Signal(SIGKILL); }
  int Wait() { return process_.Wait(); }
  ChildProcess& process() { return process_; }

  // From /proc/PID/status: memory now, and the most it has ever been.
  size_t ResidentBytes() const { return StatusBytes("VmRSS:"); }
  size_t PeakResidentBytes() const { return StatusBytes("VmHWM:"); }

  // The body of a GET of its HTTP port.
  std::string HttpGet(std::string_view target) const;
  // A series of /metrics as it is written there, labels and all; 0 if there is none.
  double Metric(std::string_view series) const;
  // Waits until the series has at least this value.
  void AwaitMetric(std::string_view series, double value) const;

 private:
  size_t StatusBytes(std::string_view field) const;

  ChildProcess process_;
  uint16_t port_ = 0;
  uint16_t http_port_ = 0;
  uint16_t metrics_port_ = 0;
};

}  // namespace keyhole::test
