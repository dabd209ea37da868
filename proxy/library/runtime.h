// The inside of keyhole::Instance: a server with the life of a value.
//
// Thread: any, and several at once.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "include/keyhole/keyhole.h"
#include "proxy/config/config.h"
#include "proxy/config/reload.h"
#include "proxy/library/lane.h"
#include "proxy/net/certificates.h"
#include "proxy/net/server.h"
#include "proxy/net/upstream_check.h"

namespace keyhole {

class Runtime {
 public:
  // Opens, starts, and says so in the log. None: *problem is one line that says why not. May throw
  // what Server throws.
  static std::shared_ptr<Runtime> Start(core::Config config, const core::Log& log,
                                        const std::vector<int>& sockets, std::string* problem);
  // Stops it, within the time of shutdown-grace.
  ~Runtime();
  Runtime(const Runtime&) = delete;
  Runtime& operator=(const Runtime&) = delete;

  uint16_t port() const { return server_.acceptor().port(); }
  uint16_t http_port() const { return server_.acceptor().http_port(); }
  std::string MetricsText() { return server_.control().MetricsText(); }
  std::vector<KeyCount> Keys(size_t most);
  // For one more connection: lanes are taken in turn.
  std::shared_ptr<Lane> NextLane();
  void RequestStop(std::chrono::milliseconds grace) { server_.Stop(grace); }
  void ReadCertificates() { server_.ReadCertificates(); }
  // See Instance::Reload(). wanted: complete. Gives what is wrong, or none.
  core::Problem Reload(const core::Config& wanted, std::vector<std::string>* lines);
  // What HTTP clients have done by asking for it; on the scraper's thread.
  void SetReload(std::function<core::ReloadReport()> reload);
  void Wait();
  // See vital_signs.h.
  bool Beat() { return server_.Beat(); }
  std::string Status() const { return server_.control().Status(); }

 private:
  Runtime(core::Config config, net::Certificates certificates, core::Log log);

  std::shared_ptr<Lane> AddLane();
  void OnStopped();
  void TellReload(const core::ReloadPlan& plan, bool moves) const;

  const core::Log log_;
  const bool in_front_;      // of a Redis
  const int callers_;        // who may call the embedded store at once; > 0
  std::mutex reload_mutex_;  // guards what follows
  core::Config config_;      // what holds now
  std::optional<net::UpstreamReport> report_;
  net::TlsContext::Pointer upstream_tls_;  // as the options named it last
  net::Certificates certificates_;
  net::Server server_;
  std::mutex lanes_mutex_;  // guards what follows
  std::vector<std::shared_ptr<Lane>> lanes_;
  size_t next_lane_ = 0;
  bool stopped_ = false;
};

}  // namespace keyhole
