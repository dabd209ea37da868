#include "tests/bench/load/generator.h"

#include <sys/epoll.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <memory>
#include <stdexcept>
#include <vector>

#include "tests/bench/load/connection.h"
#include "tests/bench/load/workload.h"

namespace keyhole::load {
namespace {

constexpr std::chrono::seconds kPatience{3};  // for replies, after the end

class Generator {
 public:
  explicit Generator(const Options& options)
      : options_(options),
        workload_(options),
        schedule_(options.arrivals, options.rate, options.seed),
        poll_(epoll_create1(EPOLL_CLOEXEC)) {
    prctl(PR_SET_TIMERSLACK, 1);  // wake at the time asked for, not 50 us later
    for (size_t i = 0; i < options.connections; ++i) {
      connections_.push_back(std::make_unique<Connection>(options.to));
      if (options.resp == 3) connections_.back()->Ask("HELLO 3\r\n", 1);
    }
    if (options.fill) Fill();
    for (size_t i = 0; i < connections_.size(); ++i) {
      connections_[i]->GoAsync();
      Watch(i, EPOLL_CTL_ADD, EPOLLIN);
    }
  }
  ~Generator() { close(poll_); }
  Generator(const Generator&) = delete;
  Generator& operator=(const Generator&) = delete;

  Result Run() {
    begin_ = Clock::now();
    measured_from_ = begin_ + Seconds(options_.warmup);
    end_ = measured_from_ + Seconds(options_.seconds);
    for (auto now = begin_; now < end_ || (pending_ > 0 && now < end_ + kPatience);
         now = Clock::now()) {
      SendDue(now);
      Wait(now);
    }
    for (const auto& connection : connections_) GiveUp(*connection);
    return result_;
  }

 private:
  static Clock::duration Seconds(double seconds) {
    return std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds));
  }

  void Fill() {
    constexpr uint64_t kBatch = 64;
    for (uint64_t key = 0; key < options_.keys; key += kBatch) {
      std::string batch;
      const uint64_t end = std::min(key + kBatch, options_.keys);
      for (uint64_t i = key; i < end; ++i) workload_.AppendSet(i, &batch);
      connections_[0]->Ask(batch, end - key);
    }
  }

  void Watch(size_t index, int operation, uint32_t events) {
    epoll_event event{.events = events, .data = {.u64 = index}};
    if (epoll_ctl(poll_, operation, connections_[index]->fd(), &event) != 0) {
      throw std::runtime_error("epoll_ctl");
    }
  }

  Clock::time_point NextDue() const { return begin_ + schedule_.next(); }

  // Sends all that is due by now, one write to a connection.
  void SendDue(Clock::time_point now) {
    for (; NextDue() <= now && NextDue() < end_; schedule_.Step()) {
      Connection& connection = *connections_[turn_];
      if (connection.out().empty()) dirty_.push_back(turn_);
      turn_ = (turn_ + 1) % connections_.size();
      workload_.Append(&connection.out());
      connection.Expect(NextDue());
      ++pending_;
      if (NextDue() >= measured_from_) {
        ++result_.sent;
        result_.lag.Record(now - NextDue());
      }
    }
    for (const size_t index : dirty_) Flush(index);
    dirty_.clear();
  }

  void Flush(size_t index) {
    if (!connections_[index]->Flush()) Watch(index, EPOLL_CTL_MOD, EPOLLIN | EPOLLOUT);
  }

  // Until something happens or the next request is due.
  void Wait(Clock::time_point now) {
    const Clock::time_point until =
        NextDue() < end_ ? NextDue() : std::max(end_, now + std::chrono::milliseconds(1));
    const Nanos left = std::max(Nanos(until - now), Nanos(0));
    const timespec timeout{.tv_sec = left / std::chrono::seconds(1),
                           .tv_nsec = (left % std::chrono::seconds(1)).count()};
    epoll_event events[64];
    const int count = epoll_pwait2(poll_, events, 64, &timeout, nullptr);
    if (count < 0 && errno != EINTR) throw std::runtime_error("epoll_pwait2: needs Linux 5.11");
    for (int i = 0; i < count; ++i) {
      const size_t index = events[i].data.u64;
      if ((events[i].events & EPOLLOUT) != 0 && connections_[index]->Flush()) {
        Watch(index, EPOLL_CTL_MOD, EPOLLIN);
      }
      if ((events[i].events & ~uint32_t{EPOLLOUT}) != 0) SendDue(ReadFrom(*connections_[index]));
    }
  }

  // When it was read.
  Clock::time_point ReadFrom(Connection& connection) {
    Clock::time_point now{};
    connection.Read([&](Clock::time_point due, const resp::ReplyHead& head) {
      if (now == Clock::time_point{}) now = Clock::now();
      --pending_;
      if (due < measured_from_) return;
      result_.latency.Record(now - due);
      if (now < end_) ++result_.answered_in_time;
      if (head.is_error()) ++result_.errors;
      if (head.is_null) ++result_.nulls;
    });
    return now;
  }

  void GiveUp(const Connection& connection) {
    for (const Clock::time_point due : connection.pending()) {
      if (due < measured_from_) continue;
      result_.latency.Record(Clock::now() - due);
      ++result_.unanswered;
    }
  }

  const Options& options_;
  Workload workload_;
  Schedule schedule_;
  const int poll_;
  std::vector<std::unique_ptr<Connection>> connections_;
  std::vector<size_t> dirty_;  // with something to flush
  size_t turn_ = 0;
  size_t pending_ = 0;
  Clock::time_point begin_;
  Clock::time_point measured_from_;
  Clock::time_point end_;
  Result result_;
};

std::string Percentiles(const Histogram& histogram) {
  char text[256];
  std::snprintf(text, sizeof(text),
                "{\"mean\": %.1f, \"p50\": %.1f, \"p90\": %.1f, \"p99\": %.1f, \"p999\": %.1f, "
                "\"max\": %.1f}",
                histogram.MeanMicros(), histogram.PercentileMicros(0.5),
                histogram.PercentileMicros(0.9), histogram.PercentileMicros(0.99),
                histogram.PercentileMicros(0.999), histogram.MaxMicros());
  return text;
}

}  // namespace

Result RunLoad(const Options& options) {
  return Generator(options).Run();
}

std::string ToJson(const Options& options, const Result& result) {
  char text[1024];
  std::snprintf(text, sizeof(text),
                "{\"rate\": %.0f, \"achieved\": %.0f, \"seconds\": %g, \"connections\": %zu,\n"
                " \"sent\": %lu, \"unanswered\": %lu, \"errors\": %lu, \"nulls\": %lu,\n"
                " \"latency_us\": %s,\n \"lag_us\": %s,\n \"kept\": %s}\n",
                options.rate, static_cast<double>(result.answered_in_time) / options.seconds,
                options.seconds, options.connections, result.sent, result.unanswered, result.errors,
                result.nulls, Percentiles(result.latency).c_str(), Percentiles(result.lag).c_str(),
                result.kept(options) ? "true" : "false");
  return text;
}

}  // namespace keyhole::load
