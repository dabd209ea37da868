// Where the sessions of a program's connections live:
//
//     embedded store    a lane of its own: whoever holds its mutex is its thread, so calls run on
//                       the caller's; what comes later (messages, BLPOP's reply) comes by way of
//                       worker 0
//     upstream          a worker, whose thread does it all; calls are posted to it
//
//     Connection --> Caller, a Front --> Session --> as of any other client
//
// Lanes outlive their instance, for the connections that the program still has, but are closed by
// then: nothing but the mutex is left of them.
//
// Thread: any; what is the lane's, `context` and the sessions in it, belongs to whoever holds the
// mutex, or to the worker.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <set>

#include "proxy/app/control.h"
#include "proxy/app/worker_state.h"
#include "proxy/net/worker.h"

namespace keyhole {

class Lane {
 public:
  // Has sessions on a lane.
  class Guest {
   public:
    virtual ~Guest() = default;
    // On the lane: its sessions end, and it makes no more. Idempotent.
    virtual void End() = 0;
    // Whoever waits for it looks again. Holding the mutex.
    virtual void Wake() = 0;
  };

  // That of a worker.
  explicit Lane(net::Worker& worker) : worker_(worker), context_(&worker.state()) {}
  // One of its own, in front of the store; worker: who does what comes later. All outlive its
  // closing.
  Lane(net::Worker& worker, const core::Config& config, metrics::WorkerMetrics& metrics,
       store::Store& store, std::function<void(bool save)> stop);
  Lane(const Lane&) = delete;
  Lane& operator=(const Lane&) = delete;

  std::mutex& mutex() { return mutex_; }
  // Calls run on the caller's thread, which holds the mutex.
  bool on_caller() const { return own_lane_; }

  // ---- holding the mutex
  bool open() const { return open_; }
  void Add(std::shared_ptr<Guest> guest) { guests_.insert(std::move(guest)); }
  void Remove(const std::shared_ptr<Guest>& guest) { guests_.erase(guest); }
  // Runs f on the lane, later; not at all if that is closed by then. REQUIRES: open().
  void Post(std::function<void()> f);
  // The same on the thread that performs what is posted, but holding nothing.
  void PostOutside(std::function<void()> f);

  // ---- on the lane
  core::WorkerState& context() { return *context_; }
  // The time of what follows, on the caller's thread.
  void ReadClock();

  // Calls f on the lane with what it counts, later.
  void Tell(std::function<void(core::WorkerState&)> f);

  // No more calls; whoever waits is told. Any thread.
  void Shut();
  // All sessions end, and what it has goes. REQUIRES: Shut(); the threads of the workers are gone.
  void Close();

 private:
  std::mutex mutex_;
  net::Worker& worker_;
  const bool own_lane_ = false;
  bool open_ = true;
  std::unique_ptr<core::WorkerState> own_;  // of a lane of its own
  core::WorkerState* context_;
  std::set<std::shared_ptr<Guest>> guests_;
};

}  // namespace keyhole
