// Says each time that a descriptor has become readable, for as long as it is watched, and once that
// it has become writable, when asked for.
//
// A wait of Asio's is over when it is fulfilled, and asking for the next one costs a system call
// (epoll_ctl) each time. This one stays: an operation that the reactor performs at each edge and
// that is never done, as Asio itself watches its signal pipe. The interface behind it,
// boost::asio::detail, is no promise to its users, so it is used here and nowhere else; the build
// asks for Boost 1.81 exactly. Source: boost/asio/detail/impl/epoll_reactor.ipp.
//
// Edges: said is only that something has changed since the last time. What was there before and
// was not read is not said again.
//
// Thread: the loop's.
#pragma once

#include <boost/asio/detail/reactor.hpp>
#include <boost/asio/detail/reactor_op.hpp>
#include <boost/asio/detail/scheduler.hpp>

#include "proxy/net/asio.h"
#include "proxy/net/watcher.h"

namespace keyhole::net {

class Readiness {
 public:
  explicit Readiness(asio::io_context& context);
  ~Readiness() = default;
  Readiness(const Readiness&) = delete;
  Readiness& operator=(const Readiness&) = delete;

  // The descriptor is the same in all calls.

  // Begins to watch. False, and errno, if that cannot be. The descriptor must stay open until
  // Stop(); the watcher is told of nothing after that.
  bool Start(int descriptor, Watcher& watcher);
  // REQUIRES: Start() has been called.
  Watcher& watcher() const { return *readable_.watcher; }
  // Calls OnWritable() once. Asked for again before that, it changes nothing.
  void WaitWritable(int descriptor);
  // To be called before it is destroyed. Idempotent.
  void Stop(int descriptor);

 private:
  using Reactor = asio::detail::reactor;
  using Operation = asio::detail::reactor_op;

  struct Readable : Operation {
    Readable();
    static status Perform(Operation* base);
    static void Complete(void* owner, asio::detail::operation* base, const error_code& error,
                         size_t bytes);
    Watcher* watcher = nullptr;
  };
  struct Writable : Operation {
    Writable();
    static status Perform(Operation* base);
    static void Complete(void* owner, asio::detail::operation* base, const error_code& error,
                         size_t bytes);
    Watcher* watcher = nullptr;  // null: it is not awaited
  };

  Reactor& reactor_;
  Reactor::per_descriptor_data data_ = nullptr;  // null: not watched
  Readable readable_;
  Writable writable_;
};

}  // namespace keyhole::net
