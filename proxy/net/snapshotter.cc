#include "proxy/net/snapshotter.h"

#include <chrono>
#include <memory>
#include <utility>

namespace keyhole::net {

namespace {

constexpr std::chrono::milliseconds kIdle{100};
constexpr std::chrono::milliseconds kBusy{1};

store::UnixMillis Now() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
}

std::string Counted(uint64_t count, std::string_view what) {
  return std::to_string(count).append(what);
}

}  // namespace

Snapshotter::Snapshotter(const store::SnapshotOptions& options, store::Store& store,
                         asio::io_context& loop, LogFunction log)
    : options_(options),
      store_(store),
      loop_(loop),
      log_(std::move(log)),
      timer_(loop),
      file_(options.path) {}

Snapshotter::~Snapshotter() {
  disk_.join();
}

bool Snapshotter::Load(std::string* problem) {
  const std::string& path = options_.load.empty() ? options_.path : options_.load;
  if (path.empty()) return true;
  const store::UnixMillis began = Now();
  store::Store::LoadStep step;
  const auto outcome = SnapshotFile(path).ReadAll(
      [&](std::string_view bytes, bool last) {
        step = store_.Load(bytes, last, options_.skip_unknown, began);
        return step.state == store::Store::LoadStep::State::kMore;
      },
      problem);
  if (outcome == SnapshotFile::Read::kMissing && options_.load.empty()) {
    problem->clear();
    log_(core::LogLevel::kInfo, "no snapshot yet at " + path);
    return true;
  }
  if (outcome != SnapshotFile::Read::kDone) return false;
  if (step.state != store::Store::LoadStep::State::kDone) {
    *problem = "cannot load " + path + ": " + step.error;
    return false;
  }
  std::string line = "loaded " + path + " in " + std::to_string(Now() - began) +
                     " ms: " + Counted(step.keys, " keys");
  if (step.expired > 0) line += ", and " + Counted(step.expired, " whose time was up left out");
  if (step.skipped > 0) line += ", and " + Counted(step.skipped, " of unknown types left out");
  log_(core::LogLevel::kInfo, line);
  return true;
}

void Snapshotter::Start() {
  if (!options_.path.empty()) OnTimer();
}

void Snapshotter::Stop() {
  stopped_ = true;
  timer_.cancel();
}

void Snapshotter::OnTimer() {
  auto step = std::make_shared<Step>(store_.StepSnapshot(Now(), backlog_.load()));
  const bool idle = step->state == Step::State::kIdle;
  if (!step->bytes.empty() || step->last) {
    backlog_ += step->bytes.size();
    asio::post(disk_, [this, step] {
      Keep(*step);
      backlog_ -= step->bytes.size();
      if (step->last) asio::post(loop_, [this] { End(); });
    });
  }
  timer_.expires_after(idle ? kIdle : kBusy);
  timer_.async_wait([this](error_code error) {
    if (!error && !stopped_) OnTimer();
  });
}

// After something has failed the rest is for nothing, but it still comes.
void Snapshotter::Keep(const Step& step) {
  if (step.dropped && problem_.empty()) {
    problem_ = "given up, as clients change more than the disk can take";
  }
  if (problem_.empty()) file_.Write(step.bytes, &problem_);
  if (!step.last) return;
  written_ = problem_.empty() && file_.Commit(&problem_);
  if (!*written_) file_.Discard();
}

void Snapshotter::End() {
  if (!written_.has_value()) return;
  const bool written = *std::exchange(written_, std::nullopt);
  const std::string problem = std::exchange(problem_, {});
  store_.EndSnapshot(written, Now());
  if (written) {
    const int64_t took = store_.snapshot_status().last_took;
    log_(core::LogLevel::kInfo,
         "snapshot: " + file_.path() + " is written, after " + std::to_string(took) + " ms");
  } else {
    log_(core::LogLevel::kError, "snapshot: " + problem + "; the one before is kept");
  }
}

// Without a loop and without the disk's thread, until none is under way.
void Snapshotter::Finish() {
  for (;;) {
    const Step step = store_.StepSnapshot(Now(), 0);
    if (step.state == Step::State::kIdle) return;
    if (step.state == Step::State::kMaking) Keep(step);
    End();
    store_.Sweep(Now());  // gives what has been flushed
  }
}

void Snapshotter::SaveLast(bool save) {
  disk_.join();
  if (options_.path.empty()) return;
  Finish();
  if (!save) return;
  store_.BeginSnapshot(Now());
  Finish();
}

}  // namespace keyhole::net
