#include "proxy/library/lane.h"

#include <ctime>
#include <utility>

namespace keyhole {

Lane::Lane(net::Worker& worker, const core::Config& config, metrics::WorkerMetrics& metrics,
           store::Store& store, std::function<void(bool save)> stop)
    : worker_(worker),
      own_lane_(true),
      own_(std::make_unique<core::WorkerState>(config, metrics, &store)),
      context_(own_.get()) {
  own_->log = worker.log();
  own_->post = [this](std::function<void()> f) { Post(std::move(f)); };
  own_->store_doorbell.on_wait = [this] { worker_.Post([this] { worker_.AwaitDeadline(); }); };
  own_->stop_process = std::move(stop);
}

void Lane::Post(std::function<void()> f) {
  worker_.Post([this, f = std::move(f)] {
    if (!own_lane_) {
      worker_.loop().BeginTurn();
      return f();
    }
    const std::lock_guard lock(mutex_);
    if (!open_) return;
    ReadClock();
    f();
  });
}

void Lane::PostOutside(std::function<void()> f) {
  worker_.Post(std::move(f));
}

void Lane::Tell(std::function<void(core::WorkerState&)> f) {
  Post([this, f = std::move(f)] { f(*context_); });
}

// Milliseconds exactly, as keys expire by them; what is counted in durations is 0 here.
void Lane::ReadClock() {
  timespec coarse{};
  clock_gettime(CLOCK_MONOTONIC_COARSE, &coarse);
  timespec unix{};
  clock_gettime(CLOCK_REALTIME, &unix);
  context_->now =
      core::Instant(std::chrono::seconds(coarse.tv_sec) + std::chrono::nanoseconds(coarse.tv_nsec));
  context_->unix_now = int64_t{unix.tv_sec} * 1000 + unix.tv_nsec / 1'000'000;
}

void Lane::Shut() {
  const std::lock_guard lock(mutex_);
  open_ = false;
  for (const auto& guest : guests_) guest->Wake();
}

void Lane::Close() {
  std::set<std::shared_ptr<Guest>> guests;
  std::unique_lock lock(mutex_);
  guests.swap(guests_);
  // A worker's guests take the mutex themselves when their sessions end.
  if (!own_lane_) lock.unlock();
  for (const auto& guest : guests) guest->End();
  own_.reset();
  context_ = nullptr;
}

}  // namespace keyhole
