#include "proxy/sessions/client_session.h"

#include <array>
#include <cassert>
#include <cstdint>
#include <utility>

#include "proxy/near_cache/near_cache.h"
#include "proxy/near_cache/near_request.h"
#include "resp/request_fast.h"

namespace keyhole::core {
namespace {

using metrics::CloseReason;
using Result = resp::RequestParser::Result;

resp::RequestLimits LimitsFor(const SessionContext& context) {
  resp::RequestLimits limits = context.router->limits();
  limits.authenticated = !context.asks_password();
  return limits;
}

// What a TLS handshake begins with: the type of a record, and the first byte of its version.
constexpr std::string_view kTlsRecord = "\x16\x03";

}  // namespace

ClientSession::ClientSession(SessionContext& context, std::string_view address,
                             Transport& transport)
    : session_(new Session(context, address, *this)),
      transport_(&transport),
      parser_(LimitsFor(context)),
      asks_password_(context.asks_password()),
      prefetches_(context.router->in_process()),
      last_active_(context.now) {
  context.metrics.counters.clients.Add();
  context.metrics.counters.clients_accepted.Add();
}

ClientSession::~ClientSession() {
  if (!detached()) Detach(CloseReason::kByClient);
}

ClientInfo ClientSession::Describe() const {
  ClientInfo info = session_->Describe();
  info.output_bytes = out_.size();
  info.idle = std::chrono::duration_cast<std::chrono::milliseconds>(context().now - last_active_);
  return info;
}

std::span<char> ClientSession::PrepareRead() {
  return in_.empty() ? context().read_buffer() : in_.Prepare(kReadBytes);
}

void ClientSession::CommitRead(size_t n) {
  const boost::intrusive_ptr<ClientSession> self(this);
  last_active_ = context().now;
  context().metrics.counters.client_bytes_in.Add(n);
  if (in_.empty()) {
    const std::string_view in(context().read_buffer().data(), n);
    Keep(in.substr(Process(in)));
  } else {
    in_.Commit(n);
    ProcessKept();
  }
  if (in_.size() > kMaxInput) Close(CloseReason::kInputLimit);
  EndIfDone();
}

// Takes what is left of a read out of the memory that the next read needs.
void ClientSession::Keep(std::string_view rest) {
  if (rest.empty()) return;
  if (rest.starts_with(kTlsRecord) && !spoken_to_) return RefuseTls();
  incomplete_since_ = context().now;
  in_.Append(rest);
  if (offered_ == Result::kHead) parser_.Relocate(in_.Data());
}

// It is no RESP, and would be waited for: a zero byte hides the end of a line.
void ClientSession::RefuseTls() {
  context().metrics.counters.protocol_errors.Add();
  context().log(LogLevel::kWarn,
                {"closed " + std::string(session_->address()) +
                     ": it speaks TLS to the plain port; give clients one that "
                     "--listen tls://host:port opens, or have them connect without",
                 {{kLogClient, session_->address()}}});
  Close(CloseReason::kProtocolError);
}

bool ClientSession::wants_read() const {
  if (closed() || eof_ || output_ == Output::kEnding || session_->link_is_full()) return false;
  // While a request waits for its turn little is read ahead, but something is: so that a client
  // that leaves is noticed. The head of a request in pieces must stay where it is.
  return !has_more() || failing() || (offered_ == Result::kRequest && in_.size() < kReadAhead);
}

// Sends on its way what is complete. Returns how many bytes need not be kept.
size_t ClientSession::Process(std::string_view in) {
  size_t done = 0;
  size_t prefetched = prefetches_ ? 1 : in.size();  // the first one is needed now
  while (!closed() && output_ != Output::kEnding && !has_more()) {
    if (done >= prefetched && done < in.size()) prefetched = done + PrefetchAhead(in.substr(done));
    if (session_->near() != nullptr) [[unlikely]]
      done += ServeNear(in.substr(done));
    const bool go_on = Step(parser_.Next(in.substr(done)));
    // A request that could not be taken yet stays.
    if (offered_ == Result::kNeedMore) done += parser_.consumed();
    if (!go_on) break;
  }
  return failing() ? in.size() : done;  // after an error nobody knows what follows
}

// Has what the next requests will look at fetched into the processor's cache, for all of them at
// once: else each waits for its own. Returns for how many bytes that was done; all, if it cannot.
size_t ClientSession::PrefetchAhead(std::string_view in) {
  std::array<resp::HashedKey, resp::kMostPrefetched> keys;
  size_t count = 0;
  size_t done = 0;
  while (count < keys.size()) {
    const resp::PeekedRequest next = resp::PeekRequest(in.substr(done));
    if (next.size == 0) break;
    done += next.size;
    if (next.subject.size() <= kLongestPrefetched) keys[count++] = resp::HashedKey(next.subject);
  }
  if (count > 1) session_->Prefetch({keys.data(), count});
  return count == keys.size() ? done : in.size();
}

// What the near cache answers goes by the parser, as far as it comes one after the other. Returns
// how many bytes that were.
size_t ClientSession::ServeNear(std::string_view in) {
  size_t done = 0;
  if (context().near_cache->sparing() || !parser_.at_start() || !session_->may_be_served_near())
    return done;
  if (!session_->unrestricted()) return done;  // it goes by the door where users are asked
  size_t prefetched = 1;
  while (!closed()) {
    if (done >= prefetched && done < in.size()) prefetched = done + PrefetchAhead(in.substr(done));
    const NearRequest request = ReadNearRequest(in.substr(done));
    if (request.size == 0 || !session_->near()->ServeNow(resp::HashedKey(request.key))) break;
    done += request.size;
  }
  return done;
}

// Deals with one find of the parser. False: nothing more to be done for now.
bool ClientSession::Step(Result result) {
  switch (result) {
    case Result::kRequest:
    case Result::kHead:
      return Offer(result);
    case Result::kBody:
      session_->SubmitBody(parser_.request().bytes);
      break;
    case Result::kTail:
      session_->SubmitTail(parser_.request());
      break;
    case Result::kNeedMore:
      return false;
    case Result::kError:
      offered_ = Result::kError;
      if (session_->idle() || session_->uploading()) Fail();
      return false;
  }
  return true;
}

bool ClientSession::Offer(Result result) {
  const Session::Taken taken = result == Result::kHead ? session_->SubmitHead(parser_.request())
                                                       : session_->Submit(parser_.request());
  offered_ = taken == Session::Taken::kYes ? Result::kNeedMore : result;
  if (asks_password_) parser_.set_authenticated(session_->authenticated());
  return taken == Session::Taken::kYes;
}

void ClientSession::OnMaySubmit() {
  if (closed() || !has_more() || failing()) return;
  const Result offered = std::exchange(offered_, Result::kNeedMore);
  const boost::intrusive_ptr<ClientSession> self(this);
  if (offered == Result::kRequest) {  // it was not consumed: the parser finds it again
    ProcessKept();
    EndIfDone();
  } else if (Offer(offered)) {
    in_.Consume(parser_.consumed());
    ProcessKept();
    EndIfDone();
  }
  if (transport_ != nullptr) transport_->Wake();  // reading may be wanted again
}

// What the client sent is no RESP: it is told so, after the replies to all that came before.
void ClientSession::Fail() {
  context().metrics.counters.protocol_errors.Add();
  session_->Deliver(parser_.error());
  CloseAfterOutput();
}

resp::ByteQueue& ClientSession::output() {
  if (!out_.has_memory()) context().buffers.Lend(out_);
  return out_;
}

bool ClientSession::OnOutput(size_t before) {
  if (output_ != Output::kOpen) {  // the last reply has been given
    out_.Truncate(before);
    return false;
  }
  const uint64_t limit = context().clients.output_limit;
  if (limit != 0 && out_.size() > limit) {
    Close(CloseReason::kOutputLimit);
  } else if (transport_ != nullptr) {
    transport_->Wake();
  }
  return !closed() && output_is_long();
}

void ClientSession::OnReply(const resp::ReplyHead& head) {
  if (!served_) [[unlikely]]
    served_ = !head.is_error();
  if (session_->link_has_ended()) CloseAfterOutput();
  if (asks_password_) parser_.set_authenticated(session_->authenticated());
  if (!session_->idle()) return;
  if (failing() && output_ != Output::kEnding) Fail();
  EndIfDone();
}

void ClientSession::CommitWrite(size_t n) {
  const bool was_long = output_is_long();
  context().metrics.counters.client_bytes_out.Add(n);
  last_active_ = context().now;
  spoken_to_ = true;
  out_.Consume(n);
  if (out_.empty()) context().buffers.TakeBack(out_);
  if (was_long && !output_is_long()) session_->ResumeLink();
}

void ClientSession::OnEof() {
  eof_ = true;
  EndIfDone();
}

void ClientSession::OnOutputLost() {
  if (closed()) return;
  const boost::intrusive_ptr<ClientSession> self(this);
  const bool was_long = output_is_long();
  out_.Clear();
  if (output_ != Output::kOpen) return;
  output_ = Output::kLost;
  leaving_ = true;
  ++context().leaving;
  last_active_ = context().now;
  if (was_long) session_->ResumeLink();
}

void ClientSession::Drain() {
  eof_ = true;
  // Nobody knows how long the rest of a request may take to come.
  if (parser_.streaming()) Close(CloseReason::kServerStop);
  EndIfDone();
}

// After the end of the input: nothing in flight, nothing more to come. What waits for something to
// happen (BLPOP) keeps what is behind it from being carried out, as it does in Redis.
void ClientSession::EndIfDone() {
  if (!eof_ || closed() || output_ == Output::kEnding) return;
  if (session_->awaits_replies()) {
    if (!has_more() || session_->blocked()) session_->EndInput();
  } else if (!has_more()) {
    CloseAfterOutput();
  }
}

void ClientSession::CloseAfterOutput() {
  output_ = Output::kEnding;
  if (transport_ != nullptr) transport_->Wake();
}

void ClientSession::Trim() {
  if (in_.empty()) in_.Release();
  if (out_.empty()) out_.Release();
  if (in_.empty() && parser_.at_start() && !has_more()) parser_.Trim();
}

// A client that has left is not waited for longer than one that waits for the upstream.
void ClientSession::TickLeaving() {
  if (context().now - last_active_ < context().upstream.wait) return;
  Close(has_more() || !eof_ ? CloseReason::kUnfinished : CloseReason::kByClient);
}

void ClientSession::Tick() {
  if (output_ == Output::kLost && !closed()) return TickLeaving();
  const auto limit = context().client_idle_timeout();
  if (limit.count() == 0 || closed() || session_->blocked() || !session_->idle()) return;
  if (context().now - last_active_ >= limit) Close(CloseReason::kIdle);
}

bool ClientSession::is_let_in() const {
  const bool redis_asks = context().users == nullptr && context().router->asks_password();
  return session_->authenticated() && (served_ || !redis_asks);
}

bool ClientSession::is_in() const {
  return is_let_in() && (spoken_to_ || (session_->has_link() && !session_->uploading()));
}

bool ClientSession::trickles() const {
  return !in_.empty() && !is_let_in() &&
         context().now - incomplete_since_ >= kLongestRequestOfStranger;
}

void ClientSession::OnClose(CloseReason reason) {
  context().metrics.counters.clients.Sub();
  context().metrics.counters.clients_closed[reason].Add();
  if (std::exchange(leaving_, false)) --context().leaving;
  const bool lost = reason == CloseReason::kUnfinished || reason == CloseReason::kUpstreamLost;
  if ((output_ == Output::kLost || eof_) && lost) context().OnUnfinished(session_->address());
  if (context().logs_debug) {
    const std::string who = session_->ForPeople();
    context().log(LogLevel::kDebug,
                  {"client " + who + " has gone: " + std::string(metrics::Name(reason)),
                   {{kLogClient, who}}});
  }
  if (transport_ != nullptr) transport_->Wake();
}

void ClientSession::Detach(CloseReason reason) {
  transport_ = nullptr;
  Close(failing() ? CloseReason::kProtocolError : reason);
}

}  // namespace keyhole::core
