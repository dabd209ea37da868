// A client that speaks RESP, without the socket: bytes in, requests out; replies in, bytes out.
//
//     edge -> PrepareRead, CommitRead -> parser -> Submit -> link
//     edge <- PrepareWrite, CommitWrite <- output <- Deliver <- link to a Redis
//                                          output <- link to the embedded store, which writes there
//
// Thread: the worker's that made it.
#pragma once

#include <boost/smart_ptr/intrusive_ptr.hpp>
#include <boost/smart_ptr/intrusive_ref_counter.hpp>
#include <chrono>
#include <span>
#include <string>
#include <string_view>

#include "proxy/links/transport.h"
#include "proxy/sessions/front.h"
#include "proxy/sessions/session.h"
#include "resp/byte_queue.h"
#include "resp/request_parser.h"

namespace keyhole::core {

class ClientSession final
    : public boost::intrusive_ref_counter<ClientSession, boost::thread_unsafe_counter>,
      private Front {
 public:
  // The transport must outlive the session's life as a client: see Detach().
  ClientSession(SessionContext& context, std::string_view address, Transport& transport);
  ~ClientSession();
  ClientSession(const ClientSession&) = delete;
  ClientSession& operator=(const ClientSession&) = delete;

  // ---- for the edge
  // Where to read to. Nothing else may be read on this worker before CommitRead().
  // REQUIRES: wants_read().
  std::span<char> PrepareRead();
  // n > 0 bytes have come: everything complete among them is sent on its way.
  void CommitRead(size_t n);
  // The client sends no more. What it has sent is carried out, and answered.
  void OnEof();
  // The client reads no more: its connection is broken. What it has sent, and may still be read, is
  // carried out, as Redis does; replies are dropped. OnEof() follows when all has been read.
  void OnOutputLost();
  bool wants_read() const;
  // What is to be written; empty if nothing is. Of a session that is closed as much as can be
  // written at once: the replies that came before the end.
  std::string_view PrepareWrite() const { return out_.Data(); }
  void CommitWrite(size_t n);
  // It is over: close the socket, then Detach().
  bool finished() const { return closed() || (output_ == Output::kEnding && out_.empty()); }
  // It is closed, whatever has become of its last reply.
  bool cut_off() const { return closed() || output_ == Output::kLost; }
  // The transport is gone. Closes the session if it is not closed.
  void Detach(metrics::CloseReason reason);
  bool detached() const { return transport_ == nullptr; }
  // Takes no more requests, ends when those in flight are answered.
  void Drain();
  bool draining() const { return eof_; }
  // Bytes of requests and replies that are kept for it.
  size_t buffered() const { return in_.size() + out_.size() + session_->kept(); }
  // All it has sent, as far as that has been read, is answered.
  bool quiet() const { return !has_more() && !session_->awaits_replies(); }
  // Gives back memory that is not in use.
  void Trim();
  // To be called ten times a second if clients may not be silent for ever, or there are
  // SessionContext::leaving: closes one that has been silent for longer, or has left and cannot be
  // served in time.
  void Tick();
  // It has sent the password, where one is asked for. Where Redis asks, its replies tell: one that
  // is no error. (An error alone tells nothing: Redis refuses a command that it does not have
  // before it looks for a password.)
  bool is_let_in() const;
  // It is a client in earnest: it is let in, and has sent a request that is complete. Others have
  // to go first when there is no room.
  bool is_in() const;
  // It sends a request without having sent the password that is asked for, and takes too long for
  // it.
  bool trickles() const;

  // What there is to say of it, for people.
  ClientInfo Describe() const;

  // Where its requests go.
  Session& session() { return *session_; }
  const Session& session() const { return *session_; }
  bool closed() const { return session_->closed(); }
  // It takes no more, or has done what it should not.
  void Close(metrics::CloseReason reason) { session_->Close(reason); }

 private:
  static constexpr size_t kReadBytes = 16 * 1024;
  static constexpr size_t kReadAhead = 64 * 1024;
  // Hashing longer keys twice costs more than it saves.
  static constexpr size_t kLongestPrefetched = 128;
  static constexpr size_t kLongOutput = 1024 * 1024;
  // Redis' client-query-buffer-limit: as much of one request as is kept for the embedded store.
  static constexpr size_t kMaxInput = 1024UL * 1024 * 1024;

  // For a request of 16 KiB at most; a client with a password has all the time it wants, as in
  // Redis.
  static constexpr std::chrono::seconds kLongestRequestOfStranger{30};

  // ---- for the session
  resp::ByteQueue& output() override;
  bool OnOutput(size_t before) override;
  bool output_is_long() const override { return out_.size() > kLongOutput; }
  void OnReply(const resp::ReplyHead& head) override;
  Endpoint OwnAddress() const override { return transport_->OwnAddress(); }
  void OnMaySubmit() override;
  void CloseAfterOutput() override;
  void OnClose(metrics::CloseReason reason) override;

  void Keep(std::string_view rest);
  void RefuseTls();
  void ProcessKept() { in_.Consume(Process(in_.Data())); }
  size_t Process(std::string_view in);
  size_t PrefetchAhead(std::string_view in);
  [[gnu::noinline]] size_t ServeNear(std::string_view in);
  // What becomes of replies.
  //
  //     kOpen ---- the client is gone ----> kLost     dropped
  //       '--------- the last one ----------> kEnding   what is there is sent, then it is over
  enum class Output : uint8_t { kOpen, kLost, kEnding };

  // Requests have come that have not been submitted.
  bool has_more() const { return offered_ != resp::RequestParser::Result::kNeedMore; }
  bool failing() const { return offered_ == resp::RequestParser::Result::kError; }
  void TickLeaving();
  bool Step(resp::RequestParser::Result result);
  bool Offer(resp::RequestParser::Result result);
  void EndIfDone();
  void Fail();

  SessionContext& context() const { return session_->context(); }

  const boost::intrusive_ptr<Session> session_;
  Transport* transport_;  // null: detached
  // What has come and cannot be dealt with yet. While it is empty, as it is between the requests of
  // a client that waits for its replies, bytes are parsed where they were read to.
  resp::ByteQueue in_;
  resp::ByteQueue out_;
  resp::RequestParser parser_;
  const bool asks_password_;  // we or the store: until then requests must be small
  const bool prefetches_;     // what answers is near: waiting for memory is much of its time
  // What the parser has found and nobody could deal with yet: kRequest, kHead or, for the rest of
  // its life, kError; kNeedMore if there is nothing.
  resp::RequestParser::Result offered_ = resp::RequestParser::Result::kNeedMore;
  bool eof_ = false;  // the client sends no more, or is not to be heard any more
  Output output_ = Output::kOpen;
  bool leaving_ = false;        // counted in SessionContext::leaving
  bool spoken_to_ = false;      // it has been sent something
  bool served_ = false;         // a request of it has got a reply that is no error
  Instant last_active_;         // kLost: when it was lost
  Instant incomplete_since_{};  // of what waits in in_
};

}  // namespace keyhole::core
