// What the proxy answers itself, without asking its link: the end of a session, its return to the
// state of a new one, and what would end the upstream's life.
#include <utility>

#include "proxy/app/worker_state.h"
#include "proxy/links/upstream/upstream_link.h"
#include "proxy/near_cache/near_cache.h"
#include "proxy/sessions/session.h"

namespace keyhole::core {
namespace {

using metrics::CloseReason;

constexpr std::string_view kShutdownRefused =
    "-ERR SHUTDOWN is refused by the proxy; start keyhole with --allow-shutdown to pass it on\r\n";

}  // namespace

// With the embedded store, to shut the server down is to stop this process.
bool Session::MayStop() const {
  return worker_.store != nullptr && !conversation_.queueing() && authenticated();
}

// What the proxy itself answers: the end of a session, and what would end the upstream's life.
bool Session::AnswersHere(Effect effect) const {
  switch (effect) {
    case Effect::kQuit:
    case Effect::kHangUp:
      return true;
    case Effect::kReset:
      return worker_.store == nullptr;
    case Effect::kShutdown:
      return !worker_.config.clients.allow_shutdown || MayStop();
    default:
      return false;
  }
}

void Session::AnswerHere(Effect effect) {
  const bool answered = !hides_reply();
  const bool skipped = conversation_.TakeSkip();
  switch (effect) {
    case Effect::kQuit:
      if (answered) Deliver("+OK\r\n");
      CloseAfterOutput();
      break;
    case Effect::kHangUp:
      worker_.log(LogLevel::kWarn, "closed " + address_ +
                                       ": HTTP request on the RESP port (possible cross-protocol "
                                       "attack through a browser)");
      Close(CloseReason::kProtocolError);
      break;
    case Effect::kReset:
      Reset();
      if (!skipped) Deliver("+RESET\r\n");  // CLIENT REPLY OFF ends with it, SKIP hides it
      break;
    default:
      if (worker_.config.clients.allow_shutdown) {
        worker_.stop_process();
        CloseAfterOutput();
        break;
      }
      worker_.metrics.counters.errors[metrics::ErrorClass::kErr].Add();
      if (answered) Deliver(kShutdownRefused);
      break;
  }
}

void Session::Close(CloseReason reason) {
  if (std::exchange(closed_, true)) return;
  const boost::intrusive_ptr<Session> self(this);
  if (private_ != nullptr) {
    // Something pending must not run for nobody: a BLPOP would eat an element.
    if (in_flight_ > 0) {
      private_->Close();
    } else if (pinned()) {
      private_->Finish();
    } else {
      LeavePrivateLink();
    }
  }
  private_ = nullptr;
  link_ = nullptr;
  OnClose(reason);
}

// Back to what a new connection is.
void Session::Reset() {
  if (private_ != nullptr) private_->Close();
  private_ = nullptr;
  link_ = nullptr;
  state_ = worker_.initial_state;
  ResetIdentity();
  if (worker_.near != nullptr) near_need_ = worker_.near->NeedNow();
  conversation_.Reset();
}

}  // namespace keyhole::core
