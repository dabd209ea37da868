// An HTTP client without its socket: bytes in, requests out; answers in, bytes out. Requests of one
// connection are answered one after the other (keep-alive, pipelining). Who does what:
//
//     HttpRequestReader  where a request begins and ends; nobody else has a say in that
//     HttpFields         what stands in a head that the reader has found valid
//     HttpGate           whether the request is let in
//     HttpSession        what the answer is
//     HttpAnswer         its bytes
//
//             .---------------------------- written ----------------------------.
//             v                                                                 |
//         kReading ------ a whole request ----> kAnswering ------ answer ---> kWriting
//          |  |  ^ ^                                                            |
//          |  |  | '-- written --- kContinuing  (100 Continue)                  | it was the last
//          |  |  '- let in -.        ^ let in, and the client waits for that    v
//          |  '-- a head -> kAsking -'                                       kFinished
//          |                  | its body is not wanted                          ^
//          '- not a request --'-> kRefusing -- written --> kLingering ----------'
//
//     an answer that is a stream (GET /api/events):
//
//         kWriting -- all is written --> kStreaming -- the next piece --> kWriting
//
// The next piece is only asked for when the one before is written, so a stream holds one piece at
// most, however slowly it is read; who takes none for ten seconds is closed. A stream that waits
// for its next piece is the first to go when there is no room, as it can be begun again.
//
// The head of a request with a body is shown to the session before the body is read (kAsking).
// Nothing is read while a request is answered, and one answer is written before the next request is
// looked at: a client that does not read its answers sends no more.
//
// Thread: its loop's. Owner: the connection.
#pragma once

#include <boost/smart_ptr/intrusive_ptr.hpp>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "proxy/app/worker_state.h"
#include "proxy/http/http_framing.h"
#include "proxy/http/http_gate.h"
#include "proxy/http/http_pace.h"
#include "proxy/http/http_session.h"
#include "proxy/links/transport.h"
#include "proxy/net/http_answer.h"
#include "proxy/net/http_fields.h"
#include "resp/byte_queue.h"

namespace keyhole::net {

class HttpCodec final : private core::HttpSession::Receiver {
 public:
  // Has a report made; OnReport() follows, from inside this call or later.
  using Reporter = std::function<void(const core::HttpReport&)>;

  // gate: outlives the codec, as the transport does.
  HttpCodec(core::WorkerState& worker, std::string address, const core::HttpGate& gate,
            core::Transport& transport, Reporter report);
  ~HttpCodec();
  HttpCodec(const HttpCodec&) = delete;
  HttpCodec& operator=(const HttpCodec&) = delete;

  // ---- for the connection, as with a ClientSession
  // Where to read to. Nothing else may be read on this worker before CommitRead().
  std::span<char> PrepareRead() { return worker_.read_buffer(); }
  void CommitRead(size_t n);
  // The client sends no more: a request that is not complete is dropped.
  void OnEof() { Finish(); }
  // It cannot be written to any more.
  void OnOutputLost() { Finish(); }
  bool wants_read() const {
    return (state_ == State::kReading && !yielded_) || state_ == State::kLingering ||
           state_ == State::kStreaming;  // for the end of it
  }
  std::string_view PrepareWrite() const { return out_.PrepareWrite(); }
  void CommitWrite(size_t n);
  // To be called before what PrepareWrite() gives is written in a turn.
  void BeginWriting();
  // All is written that will be, and what the client still sends is dropped: close the sending
  // side.
  bool wants_shutdown() const { return state_ == State::kLingering; }
  // It is over: close the stream, then Detach().
  bool finished() const { return state_ == State::kFinished; }
  bool cut_off() const { return false; }
  void Detach();

  // Requests have come that are looked at in the next turn.
  bool has_more() const { return yielded_; }
  // It has a place that is kept for urgent requests, see HttpVerdict: it gets one answer.
  void UseReserve() { reserve_ = true; }
  // The report that was asked for. Not to be called after Detach().
  void Tick() {
    if (session_ != nullptr) session_->Tick();
  }
  void OnReport(std::string text) { session_->OnReport(std::move(text)); }
  // Options have changed: the next request has a session that is made with them.
  void OnReload() { reloaded_ = true; }
  // Takes no more requests; ends when the one that runs has been answered.
  void Drain();
  // Gives back memory that is not in use.
  void Trim();
  // What it does takes longer than --http-request-timeout, or --http-idle-timeout allows.
  bool too_slow() const;
  bool too_silent() const;
  const core::HttpPace& pace() const { return pace_; }

 private:
  enum class State : uint8_t {
    kReading,
    kAsking,
    kContinuing,
    kAnswering,
    kWriting,
    kStreaming,
    kRefusing,
    kLingering,
    kFinished,
  };

  // A client that sends many requests at once has so many answered before others have their turn.
  static constexpr int kAnswersPerTurn = 4;

  size_t Process(std::string_view in);
  void ProcessKept() { in_.Consume(Process(in_.Data())); }
  void OnHead();
  void TakeBody();
  void SendContinue();
  void OnRequest();
  core::HttpSession& PrepareSession();
  core::HttpRequest RequestSoFar();
  void Refuse(int status, std::string_view text);
  void OnLetIn() override;
  void OnAnswer(metrics::HttpEndpoint endpoint, core::HttpResponse& answer) override;
  void OnMore(std::string piece) override;
  void MakeReport(const core::HttpReport& report) override { report_(report); }
  void Write(core::HttpResponse& answer);
  void OnWritten();
  void AwaitRequest();
  void Linger();
  void Finish();

  core::WorkerState& worker_;
  const core::HttpGate& gate_;
  core::Transport& transport_;
  const Reporter report_;
  const std::string address_;
  State state_ = State::kReading;
  // What has come and cannot be dealt with yet; bytes are parsed where they were read to while it
  // is empty.
  resp::ByteQueue in_;
  std::optional<core::HttpRequestReader> reader_;
  HttpFields fields_;
  core::HttpVerdict verdict_;
  core::Instant began_{};  // the current request's head was complete
  bool keep_ = false;      // the connection goes on after the answer ...
  bool reserve_ = false;   // see UseReserve()
  bool streams_ = false;   // the answer goes on
  bool draining_ = false;  // ... unless all of them are to end
  bool yielded_ = false;   // in_ is looked at in the next turn
  int answers_left_ = kAnswersPerTurn;
  HttpAnswer out_;
  bool reloaded_ = false;
  boost::intrusive_ptr<core::HttpSession> session_;
  core::HttpPace pace_;
};

}  // namespace keyhole::net
