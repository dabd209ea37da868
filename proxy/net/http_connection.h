// The socket of an HTTP client. Requests of one connection are answered one after the other
// (keep-alive, pipelining). Who does what:
//
//     HttpRequestReader  where a request begins and ends; nobody else has a say in that
//     Beast              the fields of a head that the reader has found valid, and the answer's
//     bytes HttpGate           whether the request is let in HttpSession        what the answer is
//
// Thread: its worker's. Lives as long as it is registered or an operation of its socket runs.
#pragma once

#include <boost/beast/core/basic_stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/smart_ptr/intrusive_ptr.hpp>
#include <boost/smart_ptr/intrusive_ref_counter.hpp>
#include <functional>
#include <optional>
#include <string>

#include "proxy/app/worker_state.h"
#include "proxy/http/http_framing.h"
#include "proxy/http/http_gate.h"
#include "proxy/http/http_pace.h"
#include "proxy/http/http_session.h"
#include "proxy/net/loop.h"
#include "proxy/net/registry.h"

namespace keyhole::net {

// Makes a report away from the worker's thread and calls back on that thread.
using Reporter = std::function<void(core::HttpReport, std::function<void(std::string)>)>;

class HttpConnection final
    : public boost::intrusive_ref_counter<HttpConnection, boost::thread_unsafe_counter>,
      public core::HttpSession::Receiver {
 public:
  // gate: outlives the connection.
  HttpConnection(Loop& loop, core::WorkerState& state, Registry<HttpConnection>& registry,
                 Socket socket, std::string address, Reporter report, const core::HttpGate& gate);
  ~HttpConnection();

  void Start();
  // It has a place that is kept for urgent requests, see HttpVerdict: it gets one answer.
  void UseReserve() { reserve_ = true; }
  // Takes no more requests; closes when the one that runs has been answered.
  void Drain();
  void Close();

  // To be called ten times a second: closes it if its request takes too long to come.
  void Tick();
  // Closes it for that reason.
  void CloseFor(metrics::HttpCloseReason reason);
  const core::HttpPace& pace() const { return pace_; }
  // It may be closed to make room for another: it is at no work, and nothing has come from it that
  // has not been read.
  bool CanGo();

  void OnAnswer(core::HttpStep step) override;

 private:
  using Request = boost::beast::http::request<boost::beast::http::empty_body>;
  using Response = boost::beast::http::response<boost::beast::http::string_body>;

  void Read();
  void Advance();
  void Receive();
  bool ParseHead();
  void OnHead();
  void TakeBody();
  void Encourage();
  void OnRequest();
  core::HttpSession& PrepareSession();
  core::HttpRequest RequestSoFar();
  void Refuse(int status, std::string_view text);
  void Respond(core::HttpResponse& answer);
  void RespondTo(metrics::HttpEndpoint endpoint, core::HttpResponse& answer);
  void Write(core::HttpResponse& answer);
  void SetPageFields();
  void OnWritten(error_code error);
  void Linger();
  void ExpectSilenceAtMost(std::chrono::milliseconds limit);

  Loop& loop_;
  core::WorkerState& state_;
  Registry<HttpConnection>& registry_;
  const core::HttpGate& gate_;
  boost::beast::basic_stream<Protocol, Executor> stream_;
  boost::beast::flat_buffer buffer_;  // what has come and is not consumed
  std::optional<core::HttpRequestReader> reader_;
  Request request_;  // the fields of its head
  core::HttpVerdict verdict_;
  Response response_;
  const std::string address_;
  const Reporter report_;
  boost::intrusive_ptr<core::HttpSession> session_;
  core::HttpPace pace_;
  core::Instant began_{};  // the current request's head was complete
  bool open_ = true;
  bool busy_ = false;        // a request is being answered
  bool draining_ = false;    // closes after the answer
  bool keep_ = false;        // the connection goes on after the answer
  bool reserve_ = false;     // see UseReserve()
  bool unreadable_ = false;  // the rest of what the client sends is dropped
};

}  // namespace keyhole::net
