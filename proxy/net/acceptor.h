// Lets clients in: listens, accepts, holds to --max-clients and gives each a worker. There is one,
// on worker 0.
//
// When all places are taken, whoever has not sent a whole request yet makes room for newcomers:
//
//     accepted --> room? --yes--> a worker
//                    |                ^
//                    '--no--> newcomers: the workers are asked, one after the other, to close a
//                                        stranger; if none has any: refused
//
// HTTP clients have places of their own, all of them on worker 0.
//
// Thread: worker 0's, but for OnClientGone().
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "proxy/config/config.h"
#include "proxy/http/http_gate.h"
#include "proxy/net/http_clients.h"
#include "proxy/net/listener.h"
#include "proxy/net/log_limit.h"
#include "proxy/net/proxy_arrivals.h"
#include "proxy/net/tls_context.h"
#include "proxy/net/worker.h"
#include "proxy/sessions/client_address.h"

namespace keyhole::net {

class Acceptor {
 public:
  using Workers = std::vector<std::unique_ptr<Worker>>;

  // All of them outlive this; report is called for HTTP clients. REQUIRES: there is a worker when
  // anything below is called.
  Acceptor(const core::Config& config, const Workers& workers, Reporter report)
      : config_(config), workers_(workers), report_(std::move(report)) {}

  // Opens all listening sockets, but for those that are given. False: *problem is one line that
  // says why not.
  bool Open(GivenSockets& given, std::string* problem);
  // Clients are accepted from now on.
  void Start();
  void Close();
  // The options have been changed.
  void OnReload();
  // What clients see from now on who come by TLS. REQUIRED before Start() if there are such doors.
  void SetTls(TlsContext::Pointer tls) { tls_ = std::move(tls); }

  // In plain words: what listens where.
  std::string Describe() const;

  // The TCP ports of RESP and HTTP, the first of each; 0: none.
  uint16_t port() const { return PortOf(Speaks::kResp); }
  uint16_t http_port() const { return PortOf(Speaks::kHttp); }

  // A client that was let in has gone. Any thread.
  void OnClientGone() { clients_.fetch_sub(1, std::memory_order_relaxed); }

 private:
  // kMetrics is HTTP too: --metrics.
  enum class Speaks : uint8_t { kResp, kHttp, kMetrics };
  // Where clients come in.
  struct Door {
    Speaks speaks;
    std::unique_ptr<Listener> listener;
    std::unique_ptr<core::HttpGate> gate;  // null: RESP
    bool tls() const { return listener->endpoint().tls; }
  };
  // Has been accepted and waits for room.
  struct Newcomer {
    int descriptor;
    std::string peer;
    bool tls;
    core::ClientAddress::Pointer origin;
  };

  Worker& first() const { return *workers_[0]; }
  bool OpenDoor(Speaks speaks, const core::Endpoint& endpoint, GivenSockets& given,
                std::string* problem);
  std::unique_ptr<core::HttpGate> MakeGate(Speaks speaks, const core::Endpoint& endpoint) const;
  // With the ports that the kernel chose, if it was asked to, and TLS by this scheme.
  std::vector<std::string> Where(Speaks speaks, std::string_view tls_scheme) const;
  uint16_t PortOf(Speaks speaks) const;
  void AcceptClient(Socket socket, std::string peer, bool tls);
  bool HasRoom() const;
  void Admit(Newcomer client);
  void MakeRoom(size_t asked);
  void OnRoom(bool made, size_t asked);
  void Refuse(const Newcomer& client);
  void Reject(const Newcomer& client, std::string_view why);
  bool IsReserved(int descriptor, int reserve);
  void OnStarved(bool starved, const core::Endpoint& endpoint);
  void AcceptHttp(Socket socket, std::string peer, const Door& door);

  const core::Config& config_;
  const Workers& workers_;
  const Reporter report_;
  std::deque<Door> doors_;  // references stay valid
  TlsContext::Pointer tls_;
  std::unique_ptr<ProxyArrivals> arrivals_;  // null: no door expects PROXY headers
  std::atomic<int64_t> clients_{0};
  std::deque<Newcomer> newcomers_;
  core::AddressBook addresses_;
  LogLimit refused_;
  LogLimit reserved_;
  LogLimit starved_;
  size_t next_worker_ = 0;
};

}  // namespace keyhole::net
