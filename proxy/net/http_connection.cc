#include "proxy/net/http_connection.h"

#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/write.hpp>
#include <utility>

#include "proxy/http/http_item.h"

namespace keyhole::net {

namespace http = boost::beast::http;
using metrics::HttpMethodOf;

namespace {

constexpr size_t kReadHead = 4 * 1024;
constexpr size_t kReadBody = 64 * 1024;
constexpr size_t kDropBytes = 64 * 1024;
constexpr std::chrono::milliseconds kLinger{2000};
constexpr std::string_view kFull =
    "All places for HTTP are taken by requests that wait for an answer; try again later";
constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
constexpr std::string_view kChallenge = "Basic realm=\"keyhole\", charset=\"UTF-8\"";
// What a page of an origin in --http-origins may send.
constexpr std::string_view kPageMethods = "GET, HEAD, POST, PUT, DELETE";
constexpr std::string_view kPageHeaders = "Accept, Authorization, Content-Type";
constexpr std::string_view kPreflightSeconds = "600";

std::string_view View(boost::beast::string_view text) {
  return {text.data(), text.size()};
}

std::string_view View(const boost::beast::flat_buffer& buffer) {
  return {static_cast<const char*>(buffer.data().data()), buffer.size()};
}

std::string ErrorJson(std::string_view text) {
  return "{\"error\":" + core::JsonString(text) + "}";
}

template <typename Request>
std::optional<std::string_view> FieldOf(const Request& request, http::field name) {
  const auto it = request.find(name);
  if (it == request.end()) return std::nullopt;
  return View(it->value());
}

}  // namespace

HttpConnection::HttpConnection(Loop& loop, core::WorkerState& state,
                               Registry<HttpConnection>& registry, Socket socket,
                               std::string address, Reporter report, const core::HttpGate& gate)
    : loop_(loop),
      state_(state),
      registry_(registry),
      gate_(gate),
      stream_(std::move(socket)),
      address_(std::move(address)),
      report_(std::move(report)),
      pace_(state.now) {
  registry_.Add(*this);
}

HttpConnection::~HttpConnection() = default;

void HttpConnection::Start() {
  error_code ignored;  // unix sockets have no such option
  stream_.socket().set_option(asio::ip::tcp::no_delay(true), ignored);
  Read();
}

void HttpConnection::Read() {
  reader_.emplace(state_.config.http.body_limit);
  request_ = Request();
  verdict_ = core::HttpVerdict();
  keep_ = false;
  ExpectSilenceAtMost(state_.config.http.idle_timeout);
  Advance();
}

// Goes on with what has come.
void HttpConnection::Advance() {
  using Result = core::HttpRequestReader::Result;
  if (buffer_.size() > 0) {
    // From its first byte on a request has as long as a silence.
    if (!pace_.in_request()) ExpectSilenceAtMost(state_.config.http.idle_timeout);
    pace_.OnBytes(state_.now);
  }
  const Result result = reader_->Read(View(buffer_));
  switch (result) {
    case Result::kHead:
      return ParseHead() ? OnHead() : Refuse(400, "Not a valid HTTP/1.1 request");
    case Result::kRefused:
      return Refuse(reader_->refusal().status, reader_->refusal().text);
    case Result::kNeedMore:
    case Result::kDone:
      break;
  }
  buffer_.consume(reader_->consumed());
  return result == Result::kDone ? OnRequest() : Receive();
}

void HttpConnection::Receive() {
  const size_t size = request_.target().empty() ? kReadHead : kReadBody;
  stream_.async_read_some(buffer_.prepare(size),
                          [self = boost::intrusive_ptr(this)](error_code error, size_t received) {
                            self->loop_.BeginTurn();
                            if (!self->open_) return;
                            if (error) return self->Close();
                            self->buffer_.commit(received);
                            self->Advance();
                          });
}

// Beast takes the fields apart. Where it finds something wrong, which the reader has not, it is
// believed.
bool HttpConnection::ParseHead() {
  http::request_parser<http::empty_body> parser;
  const std::string_view head = reader_->head();
  parser.header_limit(static_cast<uint32_t>(head.size() + 1));
  parser.body_limit(boost::none);
  parser.skip(true);  // the body is the reader's
  error_code error;
  parser.put(asio::buffer(head), error);
  if (error || !parser.is_header_done()) return false;
  request_ = parser.release();
  return true;
}

void HttpConnection::OnHead() {
  began_ = state_.now;
  pace_.OnHead(began_);
  verdict_ =
      gate_.Check({.method = View(request_.method_string()),
                   .target = View(request_.target()),
                   .host = reader_->host(),
                   .content_type = View(request_[http::field::content_type]),
                   .requested_method = View(request_[http::field::access_control_request_method]),
                   .origin = FieldOf(request_, http::field::origin),
                   .fetch_site = FieldOf(request_, http::field::sec_fetch_site),
                   .has_body = reader_->has_body()});
  buffer_.consume(reader_->consumed());
  if (reserve_ && !verdict_.is_urgent) {
    state_.metrics.counters.clients_refused.Add();
    return Refuse(503, kFull);
  }
  if (verdict_.status != 0 && reader_->has_body()) return Refuse(verdict_.status, verdict_.text);
  keep_ = request_.keep_alive() && !reserve_;
  if (!reader_->has_body()) return Advance();
  if (verdict_.is_preflight) return TakeBody();
  PrepareSession().BeginHead(RequestSoFar());
}

void HttpConnection::TakeBody() {
  const bool waits = request_.version() >= 11 &&
                     boost::beast::iequals(request_[http::field::expect], "100-continue");
  return waits ? Encourage() : Advance();
}

// The client waits to hear that its body is wanted.
void HttpConnection::Encourage() {
  asio::async_write(stream_, asio::buffer(kContinue),
                    [self = boost::intrusive_ptr(this)](error_code error, size_t) {
                      self->loop_.BeginTurn();
                      if (!self->open_) return;
                      if (error) return self->Close();
                      self->Advance();
                    });
}

void HttpConnection::OnRequest() {
  busy_ = true;
  pace_.OnRequest(state_.now);
  stream_.expires_never();  // what Redis takes is its own affair
  if (verdict_.status != 0 || verdict_.is_preflight) {
    core::HttpResponse answer;
    answer.status = verdict_.is_preflight ? 204 : verdict_.status;
    if (verdict_.is_preflight) answer.content_type.clear();
    if (!verdict_.is_preflight) answer.body = ErrorJson(verdict_.text);
    answer.head = request_.method() == http::verb::head;
    return RespondTo(metrics::HttpEndpoint::kOther, answer);
  }
  PrepareSession().Begin(RequestSoFar());
}

// The one that has let in the head of this request, or one that nobody has logged in to. A session
// that was lost with the upstream is done; the connection goes on with a new one.
core::HttpSession& HttpConnection::PrepareSession() {
  if (session_ != nullptr && session_->logged_in() && !session_->between()) session_->Detach();
  if (session_ == nullptr || session_->closed()) {
    session_ = new core::HttpSession(state_, state_.config.http, address_, *this);
  }
  return *session_;
}

core::HttpRequest HttpConnection::RequestSoFar() {
  return {.method = View(request_.method_string()),
          .target = View(request_.target()),
          .content_type = View(request_[http::field::content_type]),
          .accept = View(request_[http::field::accept]),
          .body = reader_->body(),
          .authorization = View(request_[http::field::authorization]),
          .metrics_address = gate_.serves() == core::HttpGate::Serves::kMetricsAndHealth};
}

// Where a request ends is not known, or its body is not wanted: it is the last one.
void HttpConnection::Refuse(int status, std::string_view text) {
  core::HttpResponse answer;
  answer.status = status;
  answer.body = ErrorJson(text);
  answer.head = reader_->method() == "HEAD";
  busy_ = draining_ = unreadable_ = true;
  state_.metrics.http.Record(HttpMethodOf(reader_->method()), metrics::HttpEndpoint::kOther,
                             static_cast<unsigned>(status), std::chrono::nanoseconds(0));
  Write(answer);
}

void HttpConnection::OnAnswer(core::HttpStep step) {
  if (step == core::HttpStep::kBody) return TakeBody();
  if (!busy_) busy_ = draining_ = unreadable_ = true;  // its body is not wanted: it is the last one
  if (step != core::HttpStep::kReport) return Respond(session_->exchange().response());
  report_(session_->exchange().report(), [self = boost::intrusive_ptr(this)](std::string text) {
    self->loop_.BeginTurn();
    if (!self->open_) return;
    core::HttpResponse& answer = self->session_->exchange().response();
    answer.body = std::move(text);
    self->Respond(answer);
  });
}

void HttpConnection::Respond(core::HttpResponse& answer) {
  RespondTo(session_->exchange().endpoint(), answer);
}

void HttpConnection::RespondTo(metrics::HttpEndpoint endpoint, core::HttpResponse& answer) {
  state_.ReadClock();
  state_.metrics.http.Record(HttpMethodOf(reader_->method()), endpoint,
                             static_cast<unsigned>(answer.status), state_.now - began_);
  Write(answer);
}

void HttpConnection::Write(core::HttpResponse& answer) {
  response_ = Response(static_cast<http::status>(answer.status), request_.version());
  response_.set(http::field::server, "keyhole");
  if (!answer.content_type.empty()) {
    response_.set(http::field::content_type, answer.content_type);
  }
  if (!answer.allow.empty()) response_.set(http::field::allow, answer.allow);
  if (answer.status == 401) response_.set(http::field::www_authenticate, kChallenge);
  SetPageFields();
  response_.keep_alive(keep_ && !draining_);
  const size_t length = answer.body.size();
  if (!answer.head) response_.body() = std::move(answer.body);
  if (answer.status != 204) response_.content_length(length);
  pace_.OnAnswer(state_.now);
  ExpectSilenceAtMost(state_.config.http.idle_timeout);  // it may not read
  http::async_write(stream_, response_,
                    [self = boost::intrusive_ptr(this)](error_code error, size_t) {
                      self->loop_.BeginTurn();
                      if (self->open_) self->OnWritten(error);
                    });
}

// What browsers ask for before they let a page of another origin read or send (CORS). No
// credentials: a page says its password itself, in Authorization.
void HttpConnection::SetPageFields() {
  if (gate_.has_origins()) response_.set(http::field::vary, "Origin");
  if (verdict_.origin.empty()) return;
  response_.set(http::field::access_control_allow_origin, verdict_.origin);
  if (!verdict_.is_preflight) return;
  response_.set(http::field::access_control_allow_methods, kPageMethods);
  response_.set(http::field::access_control_allow_headers, kPageHeaders);
  response_.set(http::field::access_control_max_age, kPreflightSeconds);
}

void HttpConnection::OnWritten(error_code error) {
  busy_ = false;
  pace_.OnWait(state_.now);
  if (!error && unreadable_) return Linger();
  if (error || !response_.keep_alive() || draining_) return Close();
  Read();
}

// Closing a socket with unread bytes in it resets the connection, and with it the answer that is
// still on its way. So what the client goes on to send is read and dropped, for a while.
void HttpConnection::Linger() {
  if (std::exchange(unreadable_, false)) {
    error_code ignored;
    stream_.socket().shutdown(asio::socket_base::shutdown_send, ignored);
    ExpectSilenceAtMost(kLinger);
  }
  buffer_.clear();
  stream_.async_read_some(buffer_.prepare(kDropBytes),
                          [self = boost::intrusive_ptr(this)](error_code error, size_t) {
                            self->loop_.BeginTurn();
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
  if (!pace_.TooSlow(state_.now, state_.config.http.request_timeout)) return;
  CloseFor(metrics::HttpCloseReason::kSlowRequest);
}

bool HttpConnection::CanGo() {
  if (!pace_.CanGo(state_.now)) return false;
  error_code ignored;  // while an answer is written nothing is read
  return pace_.phase() == core::HttpPace::Phase::kWriting ||
         stream_.socket().available(ignored) == 0;
}

void HttpConnection::CloseFor(metrics::HttpCloseReason reason) {
  if (open_) state_.metrics.counters.http_closed[reason].Add();
  Close();
}

void HttpConnection::Close() {
  if (!std::exchange(open_, false)) return;
  const boost::intrusive_ptr<HttpConnection> self(this);
  if (session_ != nullptr) session_->Detach();
  error_code ignored;
  stream_.socket().shutdown(asio::socket_base::shutdown_send, ignored);
  stream_.close();
  registry_.Remove(*this);
}

}  // namespace keyhole::net
