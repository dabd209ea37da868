#include "proxy/net/name_watch.h"

#include <algorithm>
#include <utility>

namespace keyhole::net {

struct NameWatch::State {
  State(Loop& loop_in, const core::Endpoint& endpoint, std::chrono::milliseconds interval_in,
        OnChange on_change_in)
      : loop(loop_in),
        host(endpoint.host),
        port(std::to_string(endpoint.port)),
        interval(interval_in),
        on_change(std::move(on_change_in)),
        timer(loop.context()),
        resolver(loop.context()) {}

  Loop& loop;
  const std::string host;
  const std::string port;
  const std::chrono::milliseconds interval;
  const OnChange on_change;
  Timer timer;
  asio::ip::basic_resolver<asio::ip::tcp, Executor> resolver;
  Addresses last;
  bool over = false;
};

bool NameWatch::IsName(const core::Endpoint& endpoint) {
  if (endpoint.kind != core::Endpoint::Kind::kTcp) return false;
  error_code no_address;
  asio::ip::make_address(endpoint.host, no_address);
  return static_cast<bool>(no_address);
}

NameWatch::NameWatch(Loop& loop, const core::Endpoint& endpoint, std::chrono::milliseconds interval,
                     OnChange on_change)
    : state_(std::make_shared<State>(loop, endpoint, interval, std::move(on_change))) {
  Wait(state_);
}

void NameWatch::Stop() {
  state_->over = true;
  state_->timer.cancel();
  state_->resolver.cancel();
}

void NameWatch::Wait(const std::shared_ptr<State>& state) {
  state->timer.expires_after(state->interval);
  state->timer.async_wait([state](error_code error) {
    if (!error && !state->over) Look(state);
  });
}

void NameWatch::Look(const std::shared_ptr<State>& state) {
  state->resolver.async_resolve(state->host, state->port,
                                [state](error_code error, const auto& results) {
                                  if (state->over) return;
                                  Addresses found;
                                  for (const auto& result : results)
                                    found.emplace_back(result.endpoint());
                                  std::sort(found.begin(), found.end());
                                  found.erase(std::unique(found.begin(), found.end()), found.end());
                                  if (!error && !found.empty() && found != state->last) {
                                    state->last = found;
                                    state->loop.BeginTurn();
                                    state->on_change(found);
                                  }
                                  if (!state->over) Wait(state);
                                });
}

}  // namespace keyhole::net
