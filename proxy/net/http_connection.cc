#include "proxy/net/http_connection.h"

#include <boost/beast/http/read.hpp>
#include <boost/beast/http/write.hpp>
#include <utility>

#include "proxy/net/worker.h"

namespace keyhole::net {

namespace http = boost::beast::http;
using metrics::HttpMethodOf;

namespace {

constexpr uint32_t kMaxHeaderBytes = 16 * 1024;
constexpr size_t kReadBytes = 4 * 1024;
constexpr size_t kDropBytes = 64 * 1024;
constexpr std::chrono::milliseconds kLinger{2000};
constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
constexpr std::string_view kChallenge = "Basic realm=\"keyhole\", charset=\"UTF-8\"";

std::string_view View(boost::beast::string_view text) {
  return {text.data(), text.size()};
}

// The answer to a request that Beast could not read; 0 if there is nobody to answer.
unsigned StatusFor(error_code error) {
  if (error == http::error::body_limit) return 413;
  if (error == http::error::header_limit) return 431;
  return error.category() == http::make_error_code(http::error::bad_method).category() &&
                 error != http::error::end_of_stream && error != http::error::partial_message
             ? 400
             : 0;
}

std::string_view ErrorFor(unsigned status) {
  switch (status) {
    case 413:
      return R"({"error":"Body is larger than --http-body-limit"})";
    case 431:
      return R"({"error":"Headers are larger than 16 KiB"})";
    default:
      return R"({"error":"Not a valid HTTP/1.1 request"})";
  }
}

}  // namespace

HttpConnection::HttpConnection(Worker& worker, TcpSocket socket, std::string address,
                               Reporter report)
    : worker_(worker),
      stream_(std::move(socket)),
      address_(std::move(address)),
      report_(std::move(report)),
      pace_(worker.state().now) {
  worker_.Register(*this);
}

HttpConnection::~HttpConnection() = default;

void HttpConnection::Start() {
  error_code ignored;
  stream_.socket().set_option(asio::ip::tcp::no_delay(true), ignored);
  Read();
}

void HttpConnection::Read() {
  parser_.emplace();
  parser_->header_limit(kMaxHeaderBytes);
  parser_->body_limit(worker_.state().config.http_body_limit);
  ExpectSilenceAtMost(worker_.state().config.http_idle_timeout);
  if (buffer_.size() > 0) return ReadHead();
  stream_.async_read_some(buffer_.prepare(kReadBytes),
                          [self = boost::intrusive_ptr(this)](error_code error, size_t received) {
                            self->worker_.BeginTurn();
                            if (!self->open_) return;
                            if (error) return self->Close();
                            self->buffer_.commit(received);
                            self->ReadHead();
                          });
}

// Of a request some of which has come.
void HttpConnection::ReadHead() {
  pace_.OnBytes(worker_.state().now);
  ExpectSilenceAtMost(worker_.state().config.http_idle_timeout);
  http::async_read_header(stream_, buffer_, *parser_,
                          [self = boost::intrusive_ptr(this)](error_code error, size_t) {
                            self->worker_.BeginTurn();
                            if (self->open_) self->OnHead(error);
                          });
}

void HttpConnection::OnHead(error_code error) {
  if (error) return RefuseUnreadable(error);
  began_ = worker_.state().now;
  pace_.OnHead(began_);
  if (parser_->is_done()) return OnRead({});
  const auto& request = parser_->get();
  if (request.version() >= 11 &&
      boost::beast::iequals(request[http::field::expect], "100-continue")) {
    return Encourage();
  }
  ReadBody();
}

// The client waits to hear that its body is wanted.
void HttpConnection::Encourage() {
  asio::async_write(stream_, asio::buffer(kContinue),
                    [self = boost::intrusive_ptr(this)](error_code error, size_t) {
                      self->worker_.BeginTurn();
                      if (!self->open_) return;
                      if (error) return self->Close();
                      self->ReadBody();
                    });
}

void HttpConnection::ReadBody() {
  http::async_read(stream_, buffer_, *parser_,
                   [self = boost::intrusive_ptr(this)](error_code error, size_t) {
                     self->worker_.BeginTurn();
                     if (self->open_) self->OnRead(error);
                   });
}

void HttpConnection::OnRead(error_code error) {
  if (error) return RefuseUnreadable(error);
  busy_ = true;
  pace_.OnRequest(worker_.state().now);
  stream_.expires_never();  // what Redis takes is its own affair
  // A session that was lost with the upstream is done; the connection goes on with a new one.
  if (session_ != nullptr && session_->logged_in()) session_->Detach();
  if (session_ == nullptr || session_->closed()) {
    session_ = new core::HttpSession(worker_.state(), address_, *this);
  }
  const auto& request = parser_->get();
  const auto body = request.body().data();
  session_->Begin({.method = View(request.method_string()),
                   .target = View(request.target()),
                   .content_type = View(request[http::field::content_type]),
                   .accept = View(request[http::field::accept]),
                   .body = {static_cast<const char*>(body.data()), body.size()},
                   .authorization = View(request[http::field::authorization])});
}

void HttpConnection::RefuseUnreadable(error_code error) {
  const unsigned status = StatusFor(error);
  if (status == 0) return Close();
  core::HttpResponse answer;
  answer.status = static_cast<int>(status);
  answer.body = ErrorFor(status);
  busy_ = draining_ = unreadable_ = true;
  worker_.state().metrics.http.Record(HttpMethodOf(View(parser_->get().method_string())),
                                      metrics::HttpEndpoint::kOther, status,
                                      std::chrono::nanoseconds(0));
  Write(answer);
}

void HttpConnection::OnAnswer(core::HttpStep step) {
  if (step != core::HttpStep::kReport) return Respond(session_->exchange().response());
  report_(session_->exchange().report(), [self = boost::intrusive_ptr(this)](std::string text) {
    self->worker_.BeginTurn();
    if (!self->open_) return;
    core::HttpResponse& answer = self->session_->exchange().response();
    answer.body = std::move(text);
    self->Respond(answer);
  });
}

void HttpConnection::Respond(core::HttpResponse& answer) {
  const auto method = HttpMethodOf(View(parser_->get().method_string()));
  worker_.state().ReadClock();
  worker_.state().metrics.http.Record(method, session_->exchange().endpoint(),
                                      static_cast<unsigned>(answer.status),
                                      worker_.state().now - began_);
  Write(answer);
}

void HttpConnection::Write(core::HttpResponse& answer) {
  const auto& request = parser_->get();
  response_ = Response(static_cast<http::status>(answer.status), request.version());
  response_.set(http::field::server, "keyhole");
  if (!answer.content_type.empty()) {
    response_.set(http::field::content_type, answer.content_type);
  }
  if (!answer.allow.empty()) response_.set(http::field::allow, answer.allow);
  if (answer.status == 401) response_.set(http::field::www_authenticate, kChallenge);
  response_.keep_alive(parser_->is_header_done() && request.keep_alive() && !draining_);
  const size_t length = answer.body.size();
  if (!answer.head) response_.body() = std::move(answer.body);
  if (answer.status != 204) response_.content_length(length);
  pace_.OnAnswer(worker_.state().now);
  ExpectSilenceAtMost(worker_.state().config.http_idle_timeout);  // it may not read
  http::async_write(stream_, response_,
                    [self = boost::intrusive_ptr(this)](error_code error, size_t) {
                      self->worker_.BeginTurn();
                      if (self->open_) self->OnWritten(error);
                    });
}

void HttpConnection::OnWritten(error_code error) {
  busy_ = false;
  pace_.OnWait(worker_.state().now);
  if (!error && unreadable_) return Linger();
  if (error || !response_.keep_alive() || draining_) return Close();
  Read();
}

// Closing a socket with unread bytes in it resets the connection, and with it the answer that is
// still on its way. So what the client goes on to send is read and dropped, for a while.
void HttpConnection::Linger() {
  if (std::exchange(unreadable_, false)) {
    error_code ignored;
    stream_.socket().shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
    ExpectSilenceAtMost(kLinger);
  }
  buffer_.clear();
  stream_.async_read_some(buffer_.prepare(kDropBytes),
                          [self = boost::intrusive_ptr(this)](error_code error, size_t) {
                            self->worker_.BeginTurn();
                            if (!self->open_) return;
                            if (error) return self->Close();
                            self->Linger();
                          });
}

// 0: any time. Holds for all that is read or written until it is called again.
void HttpConnection::ExpectSilenceAtMost(std::chrono::milliseconds limit) {
  if (limit.count() > 0) {
    stream_.expires_after(limit);
  } else {
    stream_.expires_never();
  }
}

void HttpConnection::Drain() {
  draining_ = true;
  if (!busy_) Close();
}

void HttpConnection::Tick() {
  const core::WorkerState& worker = worker_.state();
  if (!pace_.TooSlow(worker.now, worker.config.http_request_timeout)) return;
  CloseFor(metrics::HttpCloseReason::kSlowRequest);
}

bool HttpConnection::CanGo() {
  if (!pace_.CanGo(worker_.state().now)) return false;
  error_code ignored;  // while an answer is written nothing is read
  return pace_.phase() == core::HttpPace::Phase::kWriting ||
         stream_.socket().available(ignored) == 0;
}

void HttpConnection::CloseFor(metrics::HttpCloseReason reason) {
  if (open_) worker_.state().metrics.counters.http_closed[reason].Add();
  Close();
}

void HttpConnection::Close() {
  if (!std::exchange(open_, false)) return;
  const boost::intrusive_ptr<HttpConnection> self(this);
  if (session_ != nullptr) session_->Detach();
  error_code ignored;
  stream_.socket().shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
  stream_.close();
  worker_.Unregister(*this);
}

}  // namespace keyhole::net
