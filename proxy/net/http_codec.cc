#include "proxy/net/http_codec.h"

#include <algorithm>
#include <boost/beast/core/buffers_range.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/serializer.hpp>
#include <utility>

#include "proxy/http/http_item.h"
#include "proxy/net/asio.h"

namespace keyhole::net {

namespace http = boost::beast::http;
using metrics::HttpMethodOf;

namespace {

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

std::string ErrorJson(std::string_view text) {
  return "{\"error\":" + core::JsonString(text) + "}";
}

template <typename Request>
std::optional<std::string_view> FieldOf(const Request& request, http::field name) {
  const auto it = request.find(name);
  if (it == request.end()) return std::nullopt;
  return View(it->value());
}

// Appends the head's bytes.
template <typename Response>
void AppendHead(Response& response, std::string* out) {
  http::response_serializer<http::empty_body> serializer(response);
  error_code error;  // there is nothing that could fail
  while (!serializer.is_done() && !error) {
    size_t n = 0;
    serializer.next(error, [&](error_code&, const auto& buffers) {
      for (const asio::const_buffer buffer : boost::beast::buffers_range_ref(buffers)) {
        out->append(static_cast<const char*>(buffer.data()), buffer.size());
        n += buffer.size();
      }
    });
    serializer.consume(n);
  }
}

}  // namespace

HttpCodec::HttpCodec(core::WorkerState& worker, std::string address, const core::HttpGate& gate,
                     core::Transport& transport, Reporter report)
    : worker_(worker),
      gate_(gate),
      transport_(transport),
      report_(std::move(report)),
      address_(std::move(address)),
      pace_(worker.now) {
  AwaitRequest();
}

HttpCodec::~HttpCodec() = default;

void HttpCodec::AwaitRequest() {
  state_ = State::kReading;
  reader_.emplace(worker_.config.http.body_limit);
  request_ = Request();
  verdict_ = core::HttpVerdict();
  keep_ = false;
}

void HttpCodec::CommitRead(size_t n) {
  if (state_ != State::kReading) return;  // lingers: dropped
  const std::string_view bytes(worker_.read_buffer().data(), n);
  if (in_.empty()) {
    const size_t done = Process(bytes);
    in_.Append(bytes.substr(done));
  } else {
    in_.Append(bytes);
    ProcessKept();
  }
}

// Goes on with what has come; gives how much of it is done with.
size_t HttpCodec::Process(std::string_view in) {
  using Result = core::HttpRequestReader::Result;
  size_t done = 0;
  while (state_ == State::kReading) {
    const std::string_view rest = in.substr(done);
    if (!rest.empty()) pace_.OnBytes(worker_.now);
    const Result result = reader_->Read(rest);
    switch (result) {
      case Result::kHead:
        ParseHead() ? OnHead() : Refuse(400, "Not a valid HTTP/1.1 request");
        break;
      case Result::kRefused:
        Refuse(reader_->refusal().status, reader_->refusal().text);
        break;
      case Result::kDone:
        OnRequest();
        break;
      case Result::kNeedMore:
        break;
    }
    done += reader_->consumed();
    if (result == Result::kNeedMore) break;
  }
  return done;
}

// Beast takes the fields apart. Where it finds something wrong, which the reader has not, it is
// believed.
bool HttpCodec::ParseHead() {
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

void HttpCodec::OnHead() {
  began_ = worker_.now;
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
  if (reserve_ && !verdict_.is_urgent) {
    worker_.metrics.counters.clients_refused.Add();
    return Refuse(503, kFull);
  }
  if (verdict_.status != 0 && reader_->has_body()) return Refuse(verdict_.status, verdict_.text);
  keep_ = request_.keep_alive() && !reserve_;
  if (!reader_->has_body()) return;
  if (verdict_.is_preflight) return TakeBody();
  state_ = State::kAsking;
  PrepareSession().BeginHead(RequestSoFar());
  yielded_ = false;  // where it is let in already, Process() goes on by itself
}

void HttpCodec::OnLetIn() {
  TakeBody();
  // Process() is not to be called from inside of itself.
  yielded_ = state_ == State::kReading;
  transport_.Wake();
}

void HttpCodec::TakeBody() {
  const bool waits = request_.version() >= 11 &&
                     boost::beast::iequals(request_[http::field::expect], "100-continue");
  state_ = State::kReading;
  if (waits) SendContinue();
}

// The client waits to hear that its body is wanted.
void HttpCodec::SendContinue() {
  state_ = State::kContinuing;
  out_ = kContinue;
  transport_.Wake();
}

void HttpCodec::OnRequest() {
  state_ = State::kAnswering;
  pace_.OnRequest(worker_.now);
  if (verdict_.status != 0 || verdict_.is_preflight) {
    core::HttpResponse answer;
    answer.status = verdict_.is_preflight ? 204 : verdict_.status;
    if (verdict_.is_preflight) answer.content_type.clear();
    if (!verdict_.is_preflight) answer.body = ErrorJson(verdict_.text);
    answer.head = request_.method() == http::verb::head;
    return OnAnswer(metrics::HttpEndpoint::kOther, answer);
  }
  PrepareSession().Begin(RequestSoFar());
}

// The one that has let in the head of this request, or one that nobody has logged in to. A session
// that was lost with the upstream is done; the connection goes on with a new one.
core::HttpSession& HttpCodec::PrepareSession() {
  if (session_ != nullptr && session_->logged_in() && !session_->between()) session_->Detach();
  if (session_ == nullptr || session_->closed()) {
    session_ = new core::HttpSession(worker_, worker_.config.http, address_, *this);
  }
  return *session_;
}

core::HttpRequest HttpCodec::RequestSoFar() {
  return {.method = View(request_.method_string()),
          .target = View(request_.target()),
          .content_type = View(request_[http::field::content_type]),
          .accept = View(request_[http::field::accept]),
          .body = reader_->body(),
          .authorization = View(request_[http::field::authorization]),
          .metrics_address = gate_.serves() == core::HttpGate::Serves::kMetricsAndHealth};
}
// Where a request ends is not known, or its body is not wanted: it is the last one.
void HttpCodec::Refuse(int status, std::string_view text) {
  core::HttpResponse answer;
  answer.status = status;
  answer.body = ErrorJson(text);
  answer.head = reader_->method() == "HEAD";
  keep_ = false;
  worker_.metrics.http.Record(HttpMethodOf(reader_->method()), metrics::HttpEndpoint::kOther,
                              static_cast<unsigned>(status), std::chrono::nanoseconds(0));
  Write(answer);
  state_ = State::kRefusing;
}

void HttpCodec::OnAnswer(metrics::HttpEndpoint endpoint, core::HttpResponse& answer) {
  const bool unread = state_ == State::kAsking;  // its body is not wanted: it is the last one
  keep_ = keep_ && !unread;
  worker_.ReadClock();
  worker_.metrics.http.Record(HttpMethodOf(reader_->method()), endpoint,
                              static_cast<unsigned>(answer.status), worker_.now - began_);
  Write(answer);
  if (unread) state_ = State::kRefusing;
}

void HttpCodec::Write(core::HttpResponse& answer) {
  state_ = State::kWriting;
  Response response(static_cast<http::status>(answer.status), request_.version());
  response.set(http::field::server, "keyhole");
  if (!answer.content_type.empty()) response.set(http::field::content_type, answer.content_type);
  if (!answer.allow.empty()) response.set(http::field::allow, answer.allow);
  if (answer.status == 401) response.set(http::field::www_authenticate, kChallenge);
  SetPageFields(&response);
  response.keep_alive(keep_ && !draining_);
  if (answer.status != 204) response.content_length(answer.body.size());
  AppendHead(response, &out_);
  if (!answer.head) {
    body_ = std::move(answer.body);
    body_begun_ = std::min(body_.size(), kBodyBesideHead);
    out_.append(body_, 0, body_begun_);
  }
  pace_.OnAnswer(worker_.now);
  transport_.Wake();
}

// What browsers ask for before they let a page of another origin read or send (CORS). No
// credentials: a page says its password itself, in Authorization.
void HttpCodec::SetPageFields(Response* response) const {
  if (gate_.has_origins()) response->set(http::field::vary, "Origin");
  if (verdict_.origin.empty()) return;
  response->set(http::field::access_control_allow_origin, verdict_.origin);
  if (!verdict_.is_preflight) return;
  response->set(http::field::access_control_allow_methods, kPageMethods);
  response->set(http::field::access_control_allow_headers, kPageHeaders);
  response->set(http::field::access_control_max_age, kPreflightSeconds);
}

std::string_view HttpCodec::PrepareWrite() const {
  if (written_ < out_.size()) return std::string_view(out_).substr(written_);
  return std::string_view(body_).substr(body_begun_ + written_ - out_.size());
}

void HttpCodec::CommitWrite(size_t n) {
  written_ += n;
  if (!PrepareWrite().empty()) return;
  out_.clear();
  body_ = std::string();
  body_begun_ = written_ = 0;
  OnWritten();
}

void HttpCodec::OnWritten() {
  if (state_ == State::kContinuing) {
    state_ = State::kReading;
    return ProcessKept();
  }
  pace_.OnWait(worker_.now);
  if (state_ == State::kRefusing) return Linger();
  if (!keep_ || draining_) return Finish();
  AwaitRequest();
  if (in_.empty()) return;
  if (--answers_left_ > 0) return ProcessKept();
  yielded_ = true;
  transport_.Wake();
}

void HttpCodec::BeginWriting() {
  answers_left_ = kAnswersPerTurn;
  if (std::exchange(yielded_, false)) ProcessKept();
}

// Closing a socket with unread bytes in it resets the connection, and with it the answer that is
// still on its way. So what the client goes on to send is read and dropped, for a while.
void HttpCodec::Linger() {
  state_ = State::kLingering;
  in_.Clear();
  pace_.OnLinger(worker_.now);
}

void HttpCodec::Finish() {
  state_ = State::kFinished;
  out_.clear();
  body_.clear();
  body_begun_ = written_ = 0;
}

void HttpCodec::Detach() {
  Finish();
  if (session_ != nullptr) session_->Detach();
}

void HttpCodec::Drain() {
  draining_ = true;
  const bool busy = state_ == State::kAnswering || state_ == State::kWriting ||
                    state_ == State::kRefusing || state_ == State::kFinished;
  if (!busy) Finish();
}

void HttpCodec::Trim() {
  if (in_.empty()) in_.Release();
  if (out_.empty()) out_.shrink_to_fit();
}

bool HttpCodec::too_slow() const {
  return pace_.TooSlow(worker_.now, worker_.config.http.request_timeout);
}

bool HttpCodec::too_silent() const {
  // What Redis takes to say whether the head is let in is not the client's affair.
  return state_ != State::kAsking &&
         pace_.TooSilent(worker_.now, worker_.config.http.idle_timeout);
}

}  // namespace keyhole::net
