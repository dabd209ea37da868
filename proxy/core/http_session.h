// A client of the HTTP adapter, without the socket: turns an HttpExchange's commands into requests
// that pass through the same door as those of RESP clients.
//
// One exchange at a time. The edge calls Begin() with a parsed request and is called back once when
// the answer is there, or is to be made elsewhere (metrics).
//
// Where the embedded store asks for a password, "Authorization: Basic base64(user:password)" is
// AUTH before the request's first command; an empty user is none. Without it, or with a wrong one,
// the answer is 401. What one request was allowed says nothing of the next: see logged_in().
//
// Thread: the worker's that made it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "proxy/core/http_exchange.h"
#include "proxy/core/session.h"

namespace keyhole::core {

class HttpSession final : public Session {
 public:
  // Who wants the answer. kRespond: exchange().response() is it. kReport: make it.
  class Receiver {
   public:
    virtual void OnAnswer(HttpStep step) = 0;

   protected:
    ~Receiver() = default;
  };

  // The receiver must outlive the session's life as a client: see Detach().
  HttpSession(WorkerState& worker, std::string_view address, Receiver& receiver);
  ~HttpSession() override;

  // Views in the request need not outlive this call. The answer may come before it returns.
  void Begin(const HttpRequest& request);
  HttpExchange& exchange() { return exchange_; }
  // A request has given a password: the next one needs a session of its own.
  bool logged_in() const { return logged_in_; }
  // Nobody wants an answer any more.
  void Detach();

  bool output_is_long() const override { return false; }
  resp::ByteQueue& output() override { return reply_; }
  void OnOutput(size_t before) override;

 protected:
  void OnReply(const resp::ReplyHead& head) override;
  void OnMaySubmit() override { SubmitCommand(); }
  void OnClose(metrics::CloseReason reason) override;
  void CloseAfterOutput() override {}
  void OnRaw() override {}
  void OnServedNear() override { OnReply(resp::ReplyHead()); }

 private:
  // A page of a thousand values may be this long; one value is limited by --http-body-limit too.
  static constexpr size_t kMaxReply = 64UL * 1024 * 1024;

  bool AsksPassword() const;
  void Do(HttpStep step);
  void Answer(HttpStep step);
  void SendCommand(std::vector<std::string> command);
  void SubmitCommand();

  Receiver* receiver_;
  HttpExchange exchange_;
  std::vector<std::string> login_;  // AUTH, still to be sent; empty: none
  bool logging_in_ = false;         // the reply that is awaited is AUTH's
  bool logged_in_ = false;
  bool awaiting_ = false;  // a reply
  bool too_large_ = false;
  std::vector<std::string> command_;
  std::string request_;  // its bytes
  resp::ByteQueue reply_;
};

}  // namespace keyhole::core
