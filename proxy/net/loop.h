// The loop of one thread, and the turns that it goes in. The reactor says which streams have become
// readable; the turn reads them all, and then writes what came of it, with one call per connection.
// Bytes for links go first, as they have the longest way.
//
//     epoll_wait -> ready streams -> [turn: clock, recv ..., send to links, send to clients] -> ...
//
// Who wants a turn is a Member. The loop knows nothing else of those whom it runs, and everything
// that lives on it stands above it.
//
// Thread: one, which Run()s it; Post() may be called from any.
#pragma once

#include <boost/smart_ptr/intrusive_ptr.hpp>
#include <boost/smart_ptr/intrusive_ref_counter.hpp>
#include <cstdint>
#include <functional>
#include <utility>
#include <vector>

#include "proxy/net/asio.h"
#include "proxy/net/watcher.h"

namespace keyhole::net {

class Loop {
 public:
  // When in a turn a member is written.
  enum class Writes : uint8_t { kFirst, kLast };

  // Lives at least as long as it waits for a turn. It is the watcher of its stream, if it has one;
  // as a base class of connections alone Watcher would cost each of them 8 bytes.
  class Member : protected Watcher,
                 public boost::intrusive_ref_counter<Member, boost::thread_unsafe_counter> {
   public:
    virtual ~Member() = default;

   protected:
    Member(Loop& loop, Writes writes) : writes_(writes), loop_(loop) {}

    // Each is called once, in the turn that runs or in the next, however often it was asked for.
    void ReadInTurn();
    void WriteInTurn();
    // Has ProbeEof() called with each tick until that gives false. To be asked for again only
    // then.
    void ProbeEofLater() { loop_.to_probe_.emplace_back(this); }

    virtual void ReadIn() = 0;
    virtual void WriteOut() = 0;
    virtual bool ProbeEof() = 0;

   private:
    friend class Loop;

    const Writes writes_;     // beside the count of references: 8 bytes less for each connection
    bool will_read_ = false;  // on the loop's lists
    bool will_write_ = false;

   protected:
    Loop& loop_;
  };

  // read_clock: called once per turn, before anything else in it.
  explicit Loop(std::function<void()> read_clock);
  ~Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  // Runs until Finish() and everything that was begun before it is done.
  void Run() { context_.run(); }
  // Carries out what can be done without waiting, for tests.
  void RunReady() { context_.poll(); }
  void Finish() { work_.reset(); }

  // ---- from any thread
  template <typename F>
  void Post(F&& f) {
    asio::post(context_, std::forward<F>(f));
  }

  // ---- on its thread
  asio::io_context& context() { return context_; }
  // The clock is read once per turn. What is called outside of it, by timers and Asio's operations,
  // says this first.
  void BeginTurn() {
    if (std::exchange(turn_begun_, true)) return;
    read_clock_();
    ScheduleTurn();
  }
  // To be called ten times a second.
  void Tick();
  // Writes at once what would be written first in the next turn.
  void WriteFirst();

 private:
  using List = std::vector<boost::intrusive_ptr<Member>>;

  void ScheduleTurn();
  void Turn();
  void ReadAll();
  void WriteAll(List& list);

  const std::function<void()> read_clock_;
  asio::io_context context_;
  asio::executor_work_guard<Executor> work_;
  bool turn_begun_ = false;
  bool turn_scheduled_ = false;
  List to_read_;
  List to_write_first_;
  List to_write_;
  List in_work_;   // one of the lists above while it is carried out
  List to_probe_;  // something has come from them in the last ticks
};

}  // namespace keyhole::net
