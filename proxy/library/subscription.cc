#include "proxy/library/subscription.h"

#include <utility>

#include "proxy/library/replies.h"
#include "resp/reply_reader.h"
#include "resp/reply_scanner.h"

namespace keyhole {
namespace {

std::string LineOf(std::string_view error) {
  return std::string(error.substr(1, error.find('\r') - 1));
}

}  // namespace

Subscription::State::State(std::shared_ptr<Lane> lane, MessageFunction function)
    : lane_(std::move(lane)), caller_(Caller::Enter(lane_)), function_(std::move(function)) {}

Result<Subscription> Subscription::State::Begin(std::shared_ptr<Lane> lane, resp::CommandId command,
                                                const std::vector<std::string>& names,
                                                MessageFunction function,
                                                const CallOptions& options) {
  const auto state = std::make_shared<State>(std::move(lane), std::move(function));
  const std::weak_ptr<State> heard = state;
  state->caller_->ListenWith([heard](std::string_view bytes) {
    if (const auto listener = heard.lock()) listener->Take(bytes);
  });
  std::vector<std::string_view> words = {resp::Spec(command).name};
  words.insert(words.end(), names.begin(), names.end());
  const Caller::Words request = words;
  resp::ByteQueue none;
  const Caller::Outcome outcome = state->caller_->Run({&request, 1}, options, &none);
  Subscription subscription(state);  // ends it, if it does not hold
  if (outcome != Caller::Outcome::kAnswered) return ErrorOf(FailureOf(outcome));
  const std::lock_guard lock(state->inbox_mutex_);
  if (!state->refusal_.empty()) return Error{state->refusal_, Error::Code::kReply};
  return subscription;
}

void Subscription::State::Take(std::string_view bytes) {
  const std::lock_guard lock(inbox_mutex_);
  if (bytes.starts_with('-')) {
    refusal_ = LineOf(bytes);
    return;
  }
  inbox_.Append(bytes);
  if (std::exchange(posted_, true)) return;
  lane_->PostOutside([self = shared_from_this()] { self->Deliver(); });
}

void Subscription::State::Deliver() {
  resp::ByteQueue taken;
  {
    const std::lock_guard lock(inbox_mutex_);
    posted_ = false;
    taken.Swap(inbox_);
  }
  const std::lock_guard telling(telling_);
  while (!taken.empty() && !ended_) {
    resp::ReplyScanner scanner;
    size_t used = 0;
    if (scanner.Scan(taken.Data(), &used) != resp::ReplyScanner::Result::kDone) break;
    Tell(taken.Data().substr(0, used));
    taken.Consume(used);
  }
  if (taken.empty()) return;
  // The beginning of one: the rest comes.
  const std::lock_guard lock(inbox_mutex_);
  taken.Append(inbox_.Data());
  taken.Swap(inbox_);
}

// *3 message <channel> <text>, *4 pmessage <pattern> <channel> <text>; confirmations are neither.
void Subscription::State::Tell(std::string_view message) {
  Replies replies;
  core::ReplyReader reader(message);
  Reply reply;
  if (!replies.Read(&reader, &reply)) return;
  const Elements parts = reply.elements();
  if (parts.size() == 3 && parts[0].text() == "message") {
    function_({.channel = parts[1].text(), .text = parts[2].text(), .pattern = {}});
  } else if (parts.size() == 4 && parts[0].text() == "pmessage") {
    function_({.channel = parts[2].text(), .text = parts[3].text(), .pattern = parts[1].text()});
  }
}

void Subscription::State::End() {
  caller_->Leave();
  const std::lock_guard telling(telling_);
  ended_ = true;
}

Subscription::Subscription(std::shared_ptr<State> state) : state_(std::move(state)) {}
Subscription::Subscription(Subscription&&) noexcept = default;
Subscription& Subscription::operator=(Subscription&& other) noexcept {
  state_.swap(other.state_);
  return *this;
}
Subscription::~Subscription() {
  if (state_ != nullptr) state_->End();
}

bool Subscription::active() const {
  return state_->active();
}

}  // namespace keyhole
