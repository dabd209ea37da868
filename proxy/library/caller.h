// A program that calls, as a client: a front whose requests are function calls. It answers one
// batch at a time.
//
//     the caller's thread                       the lane
//     Run(batch) -------- Begin --------------> Submit, one after the other
//        |  (embedded store: the same thread)      |
//        '-- Await, if need be <----- Finish <---- OnReply, of the last one
//
// A batch that is given up (its time is over, it is cancelled) ends the session: nobody hears of
// what was in flight, a BLPOP is given up. The next batch has a new session.
//
// Owner: a connection, and the lane while it has a session there. Thread: Run() and Direct(), the
// program's, one at a time; all else the lane's.
#pragma once

#include <atomic>
#include <boost/smart_ptr/intrusive_ptr.hpp>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "include/keyhole/keyhole.h"
#include "proxy/library/lane.h"
#include "proxy/sessions/front.h"
#include "proxy/sessions/session.h"
#include "resp/byte_queue.h"
#include "resp/direct_command.h"

namespace keyhole {

class Caller final : public Lane::Guest,
                     public std::enable_shared_from_this<Caller>,
                     private core::Front {
 public:
  using Words = std::span<const std::string_view>;
  // How a batch has ended.
  enum class Outcome : uint8_t { kAnswered, kLost, kTimeout, kCancelled, kStopped };

  // On the lane from here on, until Leave().
  static std::shared_ptr<Caller> Enter(std::shared_ptr<Lane> lane);
  void Leave();
  explicit Caller(std::shared_ptr<Lane> lane) : lane_(std::move(lane)) {}

  // Gives the bytes of the replies, in order; where it is not kAnswered, of those that came before.
  Outcome Run(std::span<const Words> requests, const CallOptions& options,
              resp::ByteQueue* replies);
  // Without a request and a reply, where the embedded store can do it at once. False: Run() it.
  bool Direct(resp::DirectCommand* command);

  // What comes goes there, as it comes, on the lane: replies are messages from now on. To be called
  // before Run().
  void ListenWith(std::function<void(std::string_view bytes)> take) { take_ = std::move(take); }
  // It has a session, which is not closed.
  bool attached() const;

  void End() override;
  void Wake() override { answered_.notify_all(); }

 private:
  using Lock = std::unique_lock<std::mutex>;
  // A copy of a batch, for another thread.
  struct Batch {
    explicit Batch(std::span<const Words> requests);
    std::vector<std::vector<std::string>> copies;
    std::vector<std::vector<std::string_view>> views;
    std::vector<Words> words;
  };

  // ---- for the session
  resp::ByteQueue& output() override { return output_; }
  bool OnOutput(size_t before) override;
  bool output_is_long() const override { return false; }
  void OnReply(const resp::ReplyHead& head) override {
    if (head.type != resp::ReplyType::kNone) Count();  // else it is a push that has ended
  }
  void OnAnsweredHere() override { Count(); }
  void OnMaySubmit() override { Advance(); }
  void CloseAfterOutput() override;
  void OnClose(metrics::CloseReason) override;

  void Begin(std::span<const Words> requests, uint64_t number);
  void Advance();
  void Count();
  void Finish(bool lost);
  Outcome Await(Lock& lock, const CallOptions& options);
  void GiveUp();
  void EndSession();

  const std::shared_ptr<Lane> lane_;
  std::function<void(std::string_view)> take_;  // null: it does not listen
  std::condition_variable answered_;
  // ---- guarded by the lane's mutex
  uint64_t number_ = 0;  // of the batch that runs, or ran last
  bool finished_ = true;
  bool lost_ = false;
  resp::ByteQueue replies_;
  // ---- the lane's
  boost::intrusive_ptr<core::Session> session_;  // null: none yet, or it has ended
  std::atomic<bool> attached_{false};
  bool closing_ = false;  // it is to end
  bool ended_ = false;    // there will be none
  uint64_t begun_ = 0;    // the batch that is carried out
  std::span<const Words> requests_;
  size_t next_ = 0;     // of them, to be submitted
  size_t replied_ = 0;  // so many of them
  bool advancing_ = false;
  resp::ByteQueue output_;
  std::string bytes_;             // of a request to a Redis
  std::shared_ptr<Batch> batch_;  // what requests_ views, if it is a copy
};

// What stands for a reply that has not come.
Failure FailureOf(Caller::Outcome outcome);

}  // namespace keyhole
