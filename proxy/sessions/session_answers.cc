// What the proxy answers itself, without asking its link: the end of a session, its return to the
// state of a new one, and what would end the upstream's life.
#include <utility>

#include "proxy/sessions/session.h"

namespace keyhole::core {
namespace {

using metrics::CloseReason;

constexpr std::string_view kShutdownRefused =
    "-ERR SHUTDOWN is refused by the proxy; start keyhole with --allow-shutdown to pass it on\r\n";

}  // namespace

// With the embedded store, to shut the server down is to stop this process.
bool Session::MayStop() const {
  return context_.router->in_process() && !conversation_.queueing() && authenticated();
}

// What the proxy itself answers: the end of a session, and what would end the upstream's life.
bool Session::AnswersHere(Effect effect) const {
  switch (effect) {
    case Effect::kQuit:
    case Effect::kHangUp:
      return true;
    case Effect::kReset:
      return !context_.router->in_process();
    case Effect::kShutdown:
      return !context_.clients.allow_shutdown || MayStop();
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
      context_.log(LogLevel::kWarn, "closed " + address_ +
                                        ": it speaks HTTP to the RESP port, which may be an attack "
                                        "on a browser's user");
      Close(CloseReason::kProtocolError);
      break;
    case Effect::kReset:
      Reset();
      if (!skipped) Deliver("+RESET\r\n");  // CLIENT REPLY OFF ends with it, SKIP hides it
      break;
    default:
      if (context_.clients.allow_shutdown) {
        context_.stop_process();
        CloseAfterOutput();
        break;
      }
      context_.metrics.counters.errors[metrics::ErrorClass::kErr].Add();
      if (answered) Deliver(kShutdownRefused);
      break;
  }
}

void Session::Close(CloseReason reason) {
  if (std::exchange(closed_, true)) return;
  const boost::intrusive_ptr<Session> self(this);
  if (at_.own()) {
    // Something pending must not run for nobody: a BLPOP would eat an element.
    if (in_flight_ > 0) {
      at_.link->Close();
    } else if (pinned()) {
      at_.link->Finish();
    } else {
      context_.router->Release(&at_);
    }
  }
  at_.Detach();
  OnClose(reason);
}

// Back to what a new connection is.
void Session::Reset() {
  if (at_.own()) at_.link->Close();
  at_.Detach();
  state_ = context_.initial_state;
  ResetIdentity();
  if (near_ != nullptr) near_->Reset();
  conversation_.Reset();
}

}  // namespace keyhole::core
