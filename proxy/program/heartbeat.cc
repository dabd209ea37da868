#include "proxy/program/heartbeat.h"

#include <algorithm>
#include <utility>

#include "proxy/program/notify.h"

namespace keyhole::program {

Heartbeat::Heartbeat(const char* socket, std::chrono::microseconds watchdog,
                     std::function<bool()> alive, std::function<std::string()> status)
    : socket_(socket == nullptr ? "" : socket),
      watchdog_(watchdog),
      alive_(std::move(alive)),
      status_(std::move(status)) {
  if (!socket_.empty()) thread_ = std::thread([this] { Run(); });
}

Heartbeat::~Heartbeat() {
  End();
  if (thread_.joinable()) thread_.join();
}

void Heartbeat::End() {
  const std::lock_guard lock(mutex_);
  ended_ = true;
  wake_.notify_all();
}

void Heartbeat::Run() {
  const std::chrono::microseconds longest = std::chrono::seconds(1);
  const auto every = watchdog_.count() > 0 ? std::min(watchdog_ / 4, longest) : longest;
  std::unique_lock lock(mutex_);
  while (!wake_.wait_for(lock, every, [this] { return ended_; })) Tell();
}

void Heartbeat::Tell() {
  if (watchdog_.count() > 0 && alive_()) Notify(socket_.c_str(), "WATCHDOG=1");
  std::string status = status_();
  if (status == told_) return;
  Notify(socket_.c_str(), "STATUS=" + status);
  told_ = std::move(status);
}

}  // namespace keyhole::program
