#include "proxy/net/proxy_arrivals.h"

#include <sys/socket.h>

#include <algorithm>
#include <array>

namespace keyhole::net {

bool ProxyArrivals::Trust(const std::vector<std::string>& networks, std::string* problem) {
  for (const std::string& text : networks) {
    const bool is_network = text.find('/') != std::string::npos;
    error_code error;
    if (text.find(':') == std::string::npos) {
      v4_.push_back(asio::ip::make_network_v4(is_network ? text : text + "/32", error));
    } else {
      v6_.push_back(asio::ip::make_network_v6(is_network ? text : text + "/128", error));
    }
    if (!error) continue;
    *problem =
        "--proxy-from: '" + text +
        "' is not a valid address or network; give one like 10.0.0.7, 10.0.0.0/8 or fd00::/8";
    return false;
  }
  return true;
}

// peer: "10.0.0.7:50312", "[fd00::7]:50312".
bool ProxyArrivals::IsTrusted(const std::string& peer) const {
  std::string host = peer.substr(0, peer.rfind(':'));
  if (host.starts_with('[')) host = host.substr(1, host.size() - 2);
  error_code error;
  const asio::ip::address address = asio::ip::make_address(host, error);
  if (error) return false;
  // An address is in a network whose first addresses are the same for both.
  const auto holds = [](const auto& network, const auto& one) {
    using Network = std::decay_t<decltype(network)>;
    return Network(one, network.prefix_length()).canonical() == network.canonical();
  };
  if (address.is_v4()) {
    return std::any_of(v4_.begin(), v4_.end(),
                       [&](const auto& network) { return holds(network, address.to_v4()); });
  }
  return std::any_of(v6_.begin(), v6_.end(),
                     [&](const auto& network) { return holds(network, address.to_v6()); });
}

void ProxyArrivals::Take(Socket socket, std::string peer, LetIn let_in) {
  if (!IsTrusted(peer)) {
    return Refuse(peer, "it connects to a proxy:// address and is not in --proxy-from");
  }
  if (arrivals_.size() >= kMost) return Refuse(peer, "512 others have not sent their PROXY header");
  const auto arrival =
      std::make_shared<Arrival>(std::move(socket), std::move(peer), std::move(let_in));
  arrivals_.insert(arrival);
  arrival->timer.expires_after(kPatience);
  arrival->timer.async_wait([this, arrival](error_code error) {
    if (error || arrivals_.erase(arrival) == 0) return;
    Refuse(arrival->peer, "it has sent no PROXY header in 5 s");
    error_code ignored;
    arrival->socket.close(ignored);
  });
  Read(arrival);
}

void ProxyArrivals::Read(const Pointer& arrival) {
  arrival->socket.async_wait(Socket::wait_read, [this, arrival](error_code error) {
    if (error || !arrivals_.contains(arrival)) return;
    const ProxyHeader::Result result = TakeHeader(*arrival);
    if (result == ProxyHeader::Result::kNeedMore) return Read(arrival);
    Finish(arrival, result);
  });
}

// What has been looked at and belongs to the header is taken; what follows stays for its reader.
ProxyHeader::Result ProxyArrivals::TakeHeader(Arrival& arrival) {
  using Result = ProxyHeader::Result;
  std::array<char, ProxyHeader::kLongestV2> room{};
  const int descriptor = arrival.socket.native_handle();
  while (true) {
    const ssize_t seen = ::recv(descriptor, room.data(), room.size(), MSG_PEEK | MSG_DONTWAIT);
    if (seen == 0) return Result::kError;
    if (seen < 0) return errno == EAGAIN || errno == EINTR ? Result::kNeedMore : Result::kError;
    size_t used = 0;
    const Result result = arrival.header.Take({room.data(), static_cast<size_t>(seen)}, &used);
    if (used > 0 && ::recv(descriptor, room.data(), used, MSG_DONTWAIT) < 0) return Result::kError;
    if (result != Result::kNeedMore) return result;
  }
}

void ProxyArrivals::Finish(const Pointer& arrival, ProxyHeader::Result result) {
  arrivals_.erase(arrival);
  arrival->timer.cancel();
  if (result == ProxyHeader::Result::kError) {
    return Refuse(arrival->peer,
                  "what it sends is no PROXY header; connect to an address without "
                  "proxy://, or have it send one");
  }
  const std::string& client = arrival->header.client();
  arrival->let_in(std::move(arrival->socket), client.empty() ? arrival->peer : client);
}

void ProxyArrivals::Refuse(const std::string& peer, std::string_view why) {
  context_.metrics.counters.clients_refused.Add();
  if (const auto more = refused_.Pass(std::chrono::steady_clock::now())) {
    context_.log(core::LogLevel::kWarn,
                 {"refused " + peer + ": " + std::string(why) + *more, {{core::kLogClient, peer}}});
  }
}

void ProxyArrivals::Close() {
  for (const Pointer& arrival : std::exchange(arrivals_, {})) {
    arrival->timer.cancel();
    error_code ignored;
    arrival->socket.close(ignored);
  }
}

}  // namespace keyhole::net
