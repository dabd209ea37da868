#include "proxy/net/handshakes.h"

#include <utility>

namespace keyhole::net {

using metrics::TlsResult;

std::unique_ptr<Stream> Handshakes::WithClient(std::unique_ptr<Stream> below,
                                               TlsContext::Pointer tls, std::string address,
                                               std::string_view plain_answer,
                                               Connection& connection) {
  if (under_way_.size() >= kMost) ForgetThoseDone();
  if (under_way_.size() >= kMost) GiveUpFirst(TlsResult::kMadeRoom);
  auto stream = TlsStream::ToClient(std::move(below), std::move(tls), plain_answer,
                                    [this, address = std::move(address)](
                                        const TlsOutcome& outcome) { OnClient(address, outcome); });
  under_way_.push_back({&connection, stream.get(), context_.now});
  return stream;
}

std::unique_ptr<Stream> Handshakes::WithUpstream(std::unique_ptr<Stream> below,
                                                 TlsContext::Pointer tls,
                                                 const core::Endpoint& endpoint) {
  return TlsStream::ToUpstream(
      std::move(below), std::move(tls), endpoint.ToString(),
      [this, endpoint](const TlsOutcome& outcome) { OnUpstream(endpoint, outcome); });
}

void Handshakes::Tick() {
  ForgetThoseDone();
  while (!under_way_.empty() && context_.now - under_way_.front().began >= kLongest) {
    GiveUpFirst(TlsResult::kTimeout);
  }
}

void Handshakes::ForgetThoseDone() {
  std::erase_if(under_way_, [](const Handshake& handshake) { return handshake.over(); });
}

void Handshakes::GiveUpFirst(TlsResult why) {
  const Handshake first = std::move(under_way_.front());
  under_way_.pop_front();
  if (first.over()) return;
  first.stream->GiveUp({why, why == TlsResult::kTimeout ? "it took more than 10 s for its handshake"
                                                        : "512 other handshakes are under way"});
  first.connection->Abandon();
}

// One that leaves in the middle is no news: a load balancer looks whether the port is open.
void Handshakes::OnClient(const std::string& address, const TlsOutcome& outcome) {
  context_.metrics.counters.client_handshakes[outcome.result].Add();
  if (outcome.ok() || outcome.result == TlsResult::kClosed) return;
  const std::string_view hint = outcome.result == TlsResult::kNotTls
                                    ? "; this port takes TLS only, as by redis-cli --tls"
                                    : "";
  Warn(&client_lines_[outcome.result],
       "refused " + address + " before its TLS handshake was done: " + outcome.text +
           std::string(hint),
       {core::kLogClient, address});
}

void Handshakes::OnUpstream(const core::Endpoint& endpoint, const TlsOutcome& outcome) {
  context_.metrics.counters.upstream_handshakes[outcome.result].Add();
  if (outcome.ok()) return;
  const std::string at = endpoint.ToString();
  Warn(&upstream_line_,
       "no TLS with the upstream " + at + ": " + outcome.text + std::string(outcome.UpstreamHint()),
       {core::kLogUpstream, at});
}

void Handshakes::Warn(LogLimit* limit, const std::string& line, const core::LogField& about) {
  if (const auto more = limit->Pass(context_.now)) {
    context_.log(core::LogLevel::kWarn, {line + *more, {about}});
  }
}

}  // namespace keyhole::net
