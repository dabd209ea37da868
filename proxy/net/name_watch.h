// Looks the name of the upstream up again now and then: it may lead elsewhere by now, while
// connections to where it has led before still live and serve.
//
//     every --upstream-resolve: name -> resolver's own thread -> addresses
//                                                '- others than last time --> OnChange
//
// A name that cannot be looked up, or is not there any more, changes nothing.
//
// Thread: its loop's. Owner: the worker; OnChange is not called once this is gone.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "proxy/base/endpoint.h"
#include "proxy/net/loop.h"

namespace keyhole::net {

class NameWatch {
 public:
  using Addresses = std::vector<Protocol::endpoint>;  // in order, each once
  // Others than before: in a turn of the loop.
  using OnChange = std::function<void(const Addresses&)>;

  // Whether there is anything to look up: not for a unix socket, nor for an address.
  static bool IsName(const core::Endpoint& endpoint);

  NameWatch(Loop& loop, const core::Endpoint& endpoint, std::chrono::milliseconds interval,
            OnChange on_change);
  ~NameWatch() { Stop(); }
  NameWatch(const NameWatch&) = delete;
  NameWatch& operator=(const NameWatch&) = delete;

  void Stop();

 private:
  struct State;

  static void Wait(const std::shared_ptr<State>& state);
  static void Look(const std::shared_ptr<State>& state);

  const std::shared_ptr<State> state_;  // with the operations that are under way
};

}  // namespace keyhole::net
