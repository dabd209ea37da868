#include "proxy/library/caller.h"

#include <chrono>
#include <ctime>
#include <optional>
#include <stop_token>

#include "resp/reply_writer.h"

namespace keyhole {
namespace {

constexpr std::string_view kAddress = "in-process";
// The coarse clock is behind by one tick of the kernel's at most, 10 ms where that is longest.
constexpr int64_t kCoarseMillis = 20;

int64_t MillisOf(clockid_t clock) {
  timespec now{};
  clock_gettime(clock, &now);
  return int64_t{now.tv_sec} * 1000 + now.tv_nsec / 1'000'000;
}

}  // namespace

Caller::Batch::Batch(std::span<const Words> requests) {
  for (const Words& request : requests) {
    copies.emplace_back(request.begin(), request.end());
  }
  for (const auto& copy : copies) views.emplace_back(copy.begin(), copy.end());
  words.assign(views.begin(), views.end());
}

std::shared_ptr<Caller> Caller::Enter(std::shared_ptr<Lane> lane) {
  auto caller = std::make_shared<Caller>(lane);
  const std::lock_guard lock(lane->mutex());
  if (lane->open()) lane->Add(caller);
  return caller;
}

void Caller::Leave() {
  const std::shared_ptr<Caller> self = shared_from_this();
  const std::lock_guard lock(lane_->mutex());
  if (!lane_->open()) return;  // Close() ends it
  if (lane_->on_caller()) {
    lane_->Remove(self);
    return End();
  }
  lane_->Post([self] {
    self->End();
    const std::lock_guard posted(self->lane_->mutex());
    self->lane_->Remove(self);
  });
}

Caller::Outcome Caller::Run(std::span<const Words> requests, const CallOptions& options,
                            resp::ByteQueue* replies) {
  replies->Clear();
  if (requests.empty()) return Outcome::kAnswered;
  if (options.cancel.stop_requested()) return Outcome::kCancelled;
  Lock lock(lane_->mutex());
  if (!lane_->open()) return Outcome::kStopped;
  finished_ = lost_ = false;
  ++number_;
  replies_.Swap(*replies);  // its memory is used again
  if (lane_->on_caller()) {
    lane_->ReadClock();
    Begin(requests, number_);
  } else {
    lane_->Post(
        [self = shared_from_this(), batch = std::make_shared<Batch>(requests), number = number_] {
          self->batch_ = batch;
          self->Begin(batch->words, number);
        });
  }
  const Outcome outcome = finished_ ? Outcome::kAnswered : Await(lock, options);
  if (!finished_) GiveUp();
  replies_.Swap(*replies);
  return lost_ ? Outcome::kLost : outcome;
}

// The callback of a cancellation takes the mutex, so that it is not missed: neither when it is made
// nor when it goes may that be held here.
Caller::Outcome Caller::Await(Lock& lock, const CallOptions& options) {
  const auto over = [&] { return finished_ || !lane_->open() || options.cancel.stop_requested(); };
  const auto wake = [this] {
    const std::lock_guard waited(lane_->mutex());
    answered_.notify_all();
  };
  std::optional<std::stop_callback<decltype(wake)>> on_cancel;
  const auto deadline = std::chrono::steady_clock::now() + options.timeout;
  if (options.cancel.stop_possible()) {
    lock.unlock();
    on_cancel.emplace(options.cancel, wake);
    lock.lock();
  }
  if (options.timeout.count() > 0) {
    answered_.wait_until(lock, deadline, over);
  } else {
    answered_.wait(lock, over);
  }
  if (on_cancel.has_value()) {
    lock.unlock();
    on_cancel.reset();
    lock.lock();
  }
  if (finished_) return Outcome::kAnswered;
  if (!lane_->open()) return Outcome::kStopped;
  return options.cancel.stop_requested() ? Outcome::kCancelled : Outcome::kTimeout;
}

void Caller::GiveUp() {
  finished_ = true;
  if (!lane_->open()) return;
  if (lane_->on_caller()) return EndSession();
  lane_->Post([self = shared_from_this()] { self->EndSession(); });
}

bool Caller::Direct(resp::DirectCommand* command) {
  if (!lane_->on_caller()) return false;
  const std::lock_guard lock(lane_->mutex());
  if (!lane_->open() || session_ == nullptr || closing_) return false;
  if (command->writes()) {
    command->earliest = command->latest = MillisOf(CLOCK_REALTIME);
  } else {
    command->earliest = MillisOf(CLOCK_REALTIME_COARSE);
    command->latest = command->earliest + kCoarseMillis;
  }
  return session_->Direct(command);
}

void Caller::Begin(std::span<const Words> requests, uint64_t number) {
  if (ended_) return;
  if (closing_ || (session_ != nullptr && session_->closed())) EndSession();
  if (session_ == nullptr) session_ = new core::Session(lane_->context(), kAddress, *this);
  attached_ = true;
  output_.Clear();
  begun_ = number;
  requests_ = requests;
  next_ = replied_ = 0;
  Advance();
}

void Caller::Advance() {
  if (std::exchange(advancing_, true)) return;
  const bool in_process = lane_->on_caller();
  while (next_ < requests_.size() && !closing_ && !session_->closed()) {
    const Words args = requests_[next_];
    bytes_.clear();
    if (!in_process) resp::AppendRequest(args, &bytes_);
    if (session_->Submit({args, bytes_}) == core::Session::Taken::kDeferred) break;
    ++next_;
  }
  advancing_ = false;
}

bool Caller::OnOutput(size_t before) {
  if (take_) {
    take_(output_.Data().substr(before));
    output_.Clear();
  }
  return false;
}

void Caller::Count() {
  if (++replied_ == requests_.size()) Finish(/*lost=*/false);
}

// Told to the caller's thread, unless it has given this batch up.
void Caller::Finish(bool lost) {
  requests_ = {};
  Lock lock(lane_->mutex(), std::defer_lock);
  if (!lane_->on_caller()) lock.lock();
  if (begun_ != number_ || finished_) return;
  finished_ = true;
  lost_ = lost;
  replies_.Swap(output_);
  answered_.notify_all();
}

void Caller::OnClose(metrics::CloseReason) {
  attached_ = false;
  Finish(/*lost=*/true);
}

void Caller::CloseAfterOutput() {
  attached_ = false;
  closing_ = true;
  Finish(/*lost=*/true);
}

bool Caller::attached() const {
  const std::lock_guard lock(lane_->mutex());
  return attached_ && lane_->open();
}

void Caller::EndSession() {
  attached_ = false;
  closing_ = false;
  requests_ = {};
  if (session_ == nullptr) return;
  const boost::intrusive_ptr<core::Session> session = std::move(session_);
  session->Close(metrics::CloseReason::kByClient);
  output_.Clear();
}

void Caller::End() {
  ended_ = true;
  EndSession();
}

Failure FailureOf(Caller::Outcome outcome) {
  switch (outcome) {
    case Caller::Outcome::kTimeout:
      return {Error::Code::kTimeout, "no reply in time"};
    case Caller::Outcome::kCancelled:
      return {Error::Code::kCancelled, "cancelled"};
    case Caller::Outcome::kStopped:
      return {Error::Code::kStopped, "the instance has stopped"};
    case Caller::Outcome::kAnswered:
    case Caller::Outcome::kLost:
      break;
  }
  return {Error::Code::kLost, "the connection was closed before the reply came"};
}

}  // namespace keyhole
