#include "proxy/net/loop.h"

namespace keyhole::net {

Loop::Loop(std::function<void()> read_clock)
    : read_clock_(std::move(read_clock)),
      // One thread runs this loop; only post() may be called from others.
      context_(BOOST_ASIO_CONCURRENCY_HINT_UNSAFE_IO),
      work_(context_.get_executor()) {}

Loop::~Loop() = default;

void Loop::Member::ReadInTurn() {
  if (std::exchange(will_read_, true)) return;
  loop_.to_read_.emplace_back(this);
  loop_.ScheduleTurn();
}

void Loop::Member::WriteInTurn() {
  if (std::exchange(will_write_, true)) return;
  (writes_ == Writes::kFirst ? loop_.to_write_first_ : loop_.to_write_).emplace_back(this);
  loop_.ScheduleTurn();
}

void Loop::ScheduleTurn() {
  if (std::exchange(turn_scheduled_, true)) return;
  // Runs when all streams that are ready by then have said so.
  asio::post(context_, [this] { Turn(); });
}

void Loop::Turn() {
  if (!std::exchange(turn_begun_, true)) read_clock_();
  ReadAll();
  WriteAll(to_write_first_);
  WriteAll(to_write_);
  turn_begun_ = false;
  turn_scheduled_ = false;
  // Who is not done waits for the next turn, so that nobody starves.
  if (!to_read_.empty() || !to_write_first_.empty() || !to_write_.empty()) ScheduleTurn();
}

void Loop::ReadAll() {
  in_work_.swap(to_read_);
  for (const auto& member : in_work_) {
    member->will_read_ = false;
    member->ReadIn();
  }
  in_work_.clear();
}

void Loop::WriteAll(List& list) {
  in_work_.swap(list);
  for (const auto& member : in_work_) {
    member->will_write_ = false;
    member->WriteOut();
  }
  in_work_.clear();
}

void Loop::WriteFirst() {
  WriteAll(to_write_first_);
}

void Loop::Tick() {
  std::erase_if(to_probe_, [](const auto& member) { return !member->ProbeEof(); });
}

}  // namespace keyhole::net
