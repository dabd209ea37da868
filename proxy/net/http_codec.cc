#include "proxy/net/http_codec.h"

#include <utility>

#include "proxy/http/http_item.h"

namespace keyhole::net {

using metrics::HttpMethodOf;

namespace {

constexpr std::string_view kFull =
    "All places for HTTP are taken by requests that wait for an answer; try again later";
constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";

std::string ErrorJson(std::string_view text) {
  return "{\"error\":" + core::JsonString(text) + "}";
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
  fields_.Clear();
  verdict_ = core::HttpVerdict();
  keep_ = false;
}

void HttpCodec::CommitRead(size_t n) {
  if (state_ != State::kReading) return;  // lingers or streams: dropped
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
        fields_.Parse(reader_->head()) ? OnHead() : Refuse(400, "Not a valid HTTP/1.1 request");
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

void HttpCodec::OnHead() {
  began_ = worker_.now;
  pace_.OnHead(began_);
  verdict_ = gate_.Check(fields_.ForGate(*reader_));
  if (reserve_ && !verdict_.is_urgent) {
    worker_.metrics.counters.clients_refused.Add();
    return Refuse(503, kFull);
  }
  if (verdict_.status != 0 && reader_->has_body()) return Refuse(verdict_.status, verdict_.text);
  keep_ = fields_.keep_alive() && !reserve_;
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
  state_ = State::kReading;
  if (fields_.awaits_continue()) SendContinue();
}

void HttpCodec::SendContinue() {
  state_ = State::kContinuing;
  out_.Set(kContinue);
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
    answer.head = reader_->method() == "HEAD";
    return OnAnswer(metrics::HttpEndpoint::kOther, answer);
  }
  PrepareSession().Begin(RequestSoFar());
}

// The one that has let in the head of this request, or one that nobody has logged in to. A session
// that was lost with the upstream is done; the connection goes on with a new one.
core::HttpSession& HttpCodec::PrepareSession() {
  const bool is_new = session_ == nullptr || !session_->between();
  if (is_new && session_ != nullptr && (session_->logged_in() || reloaded_)) session_->Detach();
  if (is_new) reloaded_ = false;
  if (session_ == nullptr || session_->closed()) {
    session_ = new core::HttpSession(worker_, worker_.config.http, address_, *this);
  }
  return *session_;
}

core::HttpRequest HttpCodec::RequestSoFar() {
  core::HttpRequest request = fields_.ForSession(reader_->body());
  request.metrics_address = gate_.serves() == core::HttpGate::Serves::kMetricsAndHealth;
  return request;
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
  streams_ = answer.is_stream && !answer.head;
  keep_ = keep_ && !streams_;  // its end is that of the connection
  out_.Set({.version = fields_.version(),
            .keep_alive = keep_ && !draining_,
            .varies = gate_.has_origins(),
            .verdict = verdict_},
           answer);
  pace_.OnAnswer(worker_.now);
  transport_.Wake();
}

void HttpCodec::OnMore(std::string piece) {
  if (state_ != State::kStreaming) return;
  state_ = State::kWriting;
  out_.Set(piece);
  worker_.ReadClock();
  pace_.OnAnswer(worker_.now);
  transport_.Wake();
}

void HttpCodec::CommitWrite(size_t n) {
  out_.CommitWrite(n);
  if (out_.PrepareWrite().empty()) OnWritten();
}

void HttpCodec::OnWritten() {
  if (state_ == State::kContinuing) {
    state_ = State::kReading;
    return ProcessKept();
  }
  pace_.OnWait(worker_.now);
  if (state_ == State::kRefusing) return Linger();
  if (streams_ && !draining_) {
    state_ = State::kStreaming;
    return session_->Continue();
  }
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
  out_.Clear();
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
  out_.Trim();
}

bool HttpCodec::too_slow() const {
  return pace_.TooSlow(worker_.now, worker_.config.http.request_timeout);
}

bool HttpCodec::too_silent() const {
  if (streams_) return pace_.TooSilent(worker_.now, core::HttpPace::kPatienceWithReaders);
  // What Redis takes to say whether the head is let in is not the client's affair.
  return state_ != State::kAsking && pace_.TooSilent(worker_.now, worker_.config.http.idle_timeout);
}

}  // namespace keyhole::net
