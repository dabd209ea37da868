// The TLS handshakes of one worker: makes the streams, counts and logs what becomes of them. Those
// with clients are bounded in time and in number, the oldest goes first: what is left over in the
// middle of one would else stay, and takes more memory than a client that is connected.
//
// Thread: its loop's.
#pragma once

#include <boost/smart_ptr/intrusive_ptr.hpp>
#include <chrono>
#include <cstddef>
#include <deque>
#include <memory>
#include <string>
#include <string_view>

#include "proxy/base/endpoint.h"
#include "proxy/links/link_context.h"
#include "proxy/net/connection.h"
#include "proxy/net/log_limit.h"
#include "proxy/net/tls_stream.h"

namespace keyhole::net {

class Handshakes {
 public:
  static constexpr std::chrono::seconds kLongest{10};
  static constexpr size_t kMost = 512;

  // context outlives this.
  explicit Handshakes(core::LinkContext& context) : context_(context) {}

  // TLS with this client over a stream. plain_answer: for a client that does not speak TLS. It is
  // for this connection, which gets it from the caller; room is made for it first.
  std::unique_ptr<Stream> WithClient(std::unique_ptr<Stream> below, TlsContext::Pointer tls,
                                     std::string address, std::string_view plain_answer,
                                     Connection& connection);
  // TLS with the upstream at this endpoint.
  std::unique_ptr<Stream> WithUpstream(std::unique_ptr<Stream> below, TlsContext::Pointer tls,
                                       const core::Endpoint& endpoint);

  // To be called now and then: closes clients that take too long.
  void Tick();
  void Clear() { under_way_.clear(); }

 private:
  struct Handshake {
    boost::intrusive_ptr<Connection> connection;
    TlsStream* stream;  // the connection's
    core::Instant began;

    bool over() const { return stream->established() || stream->broken(); }
  };

  void ForgetThoseDone();
  void GiveUpFirst(metrics::TlsResult why);
  void OnClient(const std::string& address, const TlsOutcome& outcome);
  void OnUpstream(const core::Endpoint& endpoint, const TlsOutcome& outcome);
  void Warn(LogLimit* limit, const std::string& line, const core::LogField& about);

  core::LinkContext& context_;
  std::deque<Handshake> under_way_;  // with clients, in the order in which they began
  metrics::PerEnum<metrics::TlsResult, LogLimit> client_lines_;
  LogLimit upstream_line_;
};

}  // namespace keyhole::net
