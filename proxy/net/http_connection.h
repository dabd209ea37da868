// The socket of an HTTP client: Beast reads and writes HTTP/1.1, an HttpSession says what the
// answer is. Requests of one connection are answered one after the other (keep-alive, pipelining).
//
// Thread: its worker's. Lives as long as it is registered or an operation of its socket runs.
#pragma once

#include <boost/beast/core/basic_stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/basic_dynamic_body.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/smart_ptr/intrusive_ptr.hpp>
#include <boost/smart_ptr/intrusive_ref_counter.hpp>
#include <functional>
#include <optional>
#include <string>

#include "proxy/core/http_pace.h"
#include "proxy/core/http_session.h"
#include "proxy/net/asio.h"

namespace keyhole::net {

class Worker;

// Makes a report away from the worker's thread and calls back on that thread.
using Reporter = std::function<void(core::HttpReport, std::function<void(std::string)>)>;

class HttpConnection final
    : public boost::intrusive_ref_counter<HttpConnection, boost::thread_unsafe_counter>,
      public core::HttpSession::Receiver {
 public:
  using TcpSocket = asio::basic_stream_socket<asio::ip::tcp, Executor>;

  HttpConnection(Worker& worker, TcpSocket socket, std::string address, Reporter report);
  ~HttpConnection();

  void Start();
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
  // Grows as the body comes; a string_body would take all of Content-Length at once.
  using Body = boost::beast::http::basic_dynamic_body<boost::beast::flat_buffer>;
  using Parser = boost::beast::http::request_parser<Body>;
  using Response = boost::beast::http::response<boost::beast::http::string_body>;

  void Read();
  void ReadHead();
  void OnHead(error_code error);
  void Encourage();
  void ReadBody();
  void OnRead(error_code error);
  void RefuseUnreadable(error_code error);
  void Respond(core::HttpResponse& answer);
  void Write(core::HttpResponse& answer);
  void OnWritten(error_code error);
  void Linger();
  void ExpectSilenceAtMost(std::chrono::milliseconds limit);

  Worker& worker_;
  boost::beast::basic_stream<asio::ip::tcp, Executor> stream_;
  boost::beast::flat_buffer buffer_;
  std::optional<Parser> parser_;
  Response response_;
  const std::string address_;
  const Reporter report_;
  boost::intrusive_ptr<core::HttpSession> session_;
  core::HttpPace pace_;
  core::Instant began_{};  // the current request's head was complete
  bool open_ = true;
  bool busy_ = false;        // a request is being answered
  bool draining_ = false;    // closes after the answer
  bool unreadable_ = false;  // the rest of what the client sends is dropped
};

}  // namespace keyhole::net
