// The connection of an HTTP client: moves bytes between a stream and an HttpCodec.
//
// Thread: its loop's.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "proxy/net/http_codec.h"
#include "proxy/net/peer_connection.h"
#include "proxy/net/registry.h"
#include "proxy/net/reporter.h"

namespace keyhole::net {

class HttpConnection final : public PeerConnection<HttpConnection> {
 public:
  // gate: outlives the connection.
  HttpConnection(Loop& loop, core::WorkerState& state, Registry<HttpConnection>& registry,
                 std::string address, Reporter report, const core::HttpGate& gate);
  ~HttpConnection() override;

  void Start(std::unique_ptr<Stream> stream);
  // It has a place that is kept for urgent requests, see HttpVerdict: it gets one answer.
  void UseReserve() { codec_.UseReserve(); }
  // Takes no more requests; closes when the one that runs has been answered.
  void Drain();
  void Close();
  void Abandon() override { Close(); }

  // To be called ten times a second: closes it if something takes too long.
  void Tick();
  // Closes it for that reason.
  void CloseFor(metrics::HttpCloseReason reason);
  void OnReload() { codec_.OnReload(); }
  const core::HttpPace& pace() const { return codec_.pace(); }
  // It may be closed to make room for another: it is at no work, and nothing has come from it that
  // has not been read.
  bool CanGo() const;

 private:
  friend class PeerConnection<HttpConnection>;

  HttpCodec& peer() { return codec_; }
  void WriteOut() override;
  void OnSilence() override { codec_.Trim(); }
  void OnFinished() { Close(); }
  void MakeReport(const core::HttpReport& report);

  core::WorkerState& state_;
  Registry<HttpConnection>& registry_;
  const Reporter report_;
  HttpCodec codec_;
  bool closed_ = false;
  bool shut_ = false;  // the sending side is closed
};

}  // namespace keyhole::net
