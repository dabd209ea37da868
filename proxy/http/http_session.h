// A client of the HTTP adapter, without the socket: turns an HttpExchange's commands into requests
// that pass through the same door as those of RESP clients.
//
// One exchange at a time. The edge calls Begin() with a parsed request and is called back once when
// the answer is there, or is to be made elsewhere (metrics).
//
// Where clients are asked for a password, "Authorization: Basic base64(user:password)" is AUTH
// before anything else; an empty user is none. Without it, or with a wrong one, the answer is 401;
// what the user may not do is 403. One rule for all paths, HttpExchange::access() says which part
// of it. What one request was allowed says nothing of the next: see logged_in().
//
// Who checks the password:
//   the proxy or its store  --users, --requirepass
//   Redis                   --upstream carries no credentials: clients are who they say they are
//   nobody                  else: all are served alike, whatever the header says
// Where it is Redis, a command is answered as Redis answers it. Names of keys are for those who may
// SCAN, as there; without a header they are for all if Redis asks for no password
// (Router::asks_password()), so that /metrics answers while Redis is away.
//
// A request with a body passes through this with its head alone, see BeginHead().
//
//     BeginHead, Begin --> kLogin ----> kNames ------> kCommand ----> OnAnswer
//            |       AUTH    | right      | SCAN allowed ^ |  ^
//            |               '-- (no names, known here) -' '--' the next one
//            '------ nothing to be asked first ----------'
//
//     BeginHead: the same, but where kCommand would come it is OnLetIn --> kBody --> Begin, which
//     asks no more
//
// Thread: the worker's that made it.
#pragma once

#include <boost/smart_ptr/intrusive_ptr.hpp>
#include <boost/smart_ptr/intrusive_ref_counter.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/http/http_exchange.h"
#include "proxy/http/options.h"
#include "proxy/sessions/front.h"
#include "proxy/sessions/readiness_check.h"
#include "proxy/sessions/session.h"

namespace keyhole::core {

class HttpSession final
    : public boost::intrusive_ref_counter<HttpSession, boost::thread_unsafe_counter>,
      private Front {
 public:
  // Who wants the answer.
  class Receiver {
   public:
    // Of BeginHead(): read the body, then call Begin().
    virtual void OnLetIn() = 0;
    // Make this, then call OnReport().
    virtual void MakeReport(const HttpReport& report) = 0;
    // The next piece of a stream, that Continue() has asked for.
    virtual void OnMore(std::string piece) = 0;
    // This is it; the receiver may move from it. endpoint: what the request counts as.
    virtual void OnAnswer(metrics::HttpEndpoint endpoint, HttpResponse& answer) = 0;

   protected:
    ~Receiver() = default;
  };

  // The options outlive this. The receiver must outlive the session's life as a client: see
  // Detach().
  HttpSession(SessionContext& context, const HttpOptions& options, std::string_view address,
              Receiver& receiver);
  ~HttpSession();
  HttpSession(const HttpSession&) = delete;
  HttpSession& operator=(const HttpSession&) = delete;

  // Views in the request need not outlive this call. The answer may come before it returns.
  void Begin(const HttpRequest& request);
  // Of a request with a body, before that is read: nobody sends one without the password.
  // OnLetIn() follows, and until Begin() it is between(); or OnAnswer(), and its body is not
  // wanted.
  void BeginHead(const HttpRequest& head);
  bool between() const { return awaits_ == Awaits::kBody; }
  // The report that was asked for.
  void OnReport(std::string text);
  // The answer is a stream, and what was made of it is written: has the next piece made.
  void Continue();
  // A request has given a password: the next one needs a session of its own.
  bool logged_in() const { return password_ != Password::kNone; }
  // Its connection to Redis, or to the store, is over: the next request needs another one.
  bool closed() const { return session_->closed(); }
  // To be called ten times a second.
  void Tick() {
    if (readiness_ != nullptr) readiness_->Tick(context_.now);
  }
  // Nobody wants an answer any more.
  void Detach();

 private:
  // A page of a thousand values may be this long; one value is limited by --http-body-limit too.
  static constexpr size_t kMaxReply = 64UL * 1024 * 1024;

  // Whose reply is awaited. kBody: of a request whose head is let in, it is Begin() that comes
  // next.
  enum class Awaits : uint8_t { kNothing, kLogin, kNames, kCommand, kBody };
  enum class Password : uint8_t { kNone, kGiven, kRight };

  // ---- for the session
  resp::ByteQueue& output() override { return reply_; }
  bool OnOutput(size_t before) override;
  bool output_is_long() const override { return false; }
  void OnReply(const resp::ReplyHead& head) override;
  void OnAnsweredHere() override { OnReply(resp::ReplyHead()); }
  void OnMaySubmit() override { SubmitCommand(); }
  void CloseAfterOutput() override {}
  void OnClose(metrics::CloseReason reason) override;

  bool RedisAsks() const;
  bool IsOpen() const;
  void LetIn(HttpStep step, std::string_view authorization);
  void Admit(HttpStep step);
  void AdmitByRedis(HttpStep step);
  void Do(HttpStep step);
  void Answer(HttpStep step);
  void Send(Awaits awaits, std::vector<std::string> command);
  void SubmitCommand();
  void CheckReadiness();

  SessionContext& context_;
  const boost::intrusive_ptr<Session> session_;
  const HttpOptions& options_;
  Receiver* receiver_;
  HttpExchange exchange_;
  boost::intrusive_ptr<ReadinessCheck> readiness_;  // of kReady; null: none is made
  Awaits awaits_ = Awaits::kNothing;
  HttpStep admitted_ = HttpStep::kRespond;  // to be done after kLogin and kNames
  Password password_ = Password::kNone;
  bool streams_ = false;  // the report that comes is one more piece
  bool too_large_ = false;
  std::vector<std::string> command_;
  std::string request_;  // its bytes
  resp::ByteQueue reply_;
};

}  // namespace keyhole::core
