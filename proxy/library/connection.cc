#include "proxy/library/connection.h"

#include <charconv>
#include <utility>

#include "proxy/library/subscription.h"
#include "resp/effect.h"
#include "resp/reply_reader.h"

namespace keyhole {
namespace {

using resp::CommandId;
using resp::Effect;

constexpr std::string_view kNotHere =
    "ERR not in a call: it has no words, or brings more than a reply; Subscribe() is for messages";

std::string_view Word(CommandId id) {
  return resp::Spec(id).name;
}

// It has no reply, or what it brings cannot be told from the replies of other calls.
bool IsNoCall(Caller::Words request) {
  if (request.empty()) return true;
  const Effect effect = resp::Find(request).effect;
  if (effect == Effect::kNone) return false;
  return resp::TraitsOf(effect).confirmed() || effect == Effect::kMonitor ||
         effect == Effect::kReplication || effect == Effect::kClientReply;
}

template <typename T>
Result<T> As(const Reply& reply) {
  if (const T* const value = reply.get<T>()) return *value;
  if (const Failure* const failure = reply.get<Failure>()) return ErrorOf(*failure);
  return Error{"the reply is of another type", Error::Code::kReply};
}

}  // namespace

Connection::State::State(std::shared_ptr<Lane> lane)
    : lane_(std::move(lane)), caller_(Caller::Enter(lane_)) {}

Connection::State::~State() {
  caller_->Leave();
}

Caller::Outcome Connection::State::Run(std::span<const Words> requests,
                                       const CallOptions& options) {
  replies_.Clear();
  return caller_->Run(requests, options, &bytes_);
}

Reply Connection::State::Ask(Words request, const CallOptions& options) {
  if (IsNoCall(request)) return Reply(Failure{Error::Code::kReply, kNotHere});
  const Caller::Outcome outcome = Run(std::span(&request, 1), options);
  core::ReplyReader reader(bytes_.Data());
  Reply reply;
  if (!replies_.Read(&reader, &reply)) return Reply(FailureOf(outcome));
  return reply;
}

std::span<const Reply> Connection::State::AskAll(std::span<const Words> requests,
                                                 const CallOptions& options) {
  all_.clear();
  Failure missing{Error::Code::kReply, kNotHere};
  bool refused = false;
  for (const Words& request : requests) refused = refused || IsNoCall(request);
  if (!refused) {
    missing = FailureOf(Run(requests, options));
    core::ReplyReader reader(bytes_.Data());
    for (Reply reply; all_.size() < requests.size() && replies_.Read(&reader, &reply);) {
      all_.push_back(reply);
    }
  }
  all_.resize(requests.size(), Reply(missing));
  return all_;
}

Reply Connection::State::AskAbout(CommandId command, Words words, const CallOptions& options) {
  words_.assign(1, Word(command));
  words_.insert(words_.end(), words.begin(), words.end());
  return Ask(Words(words_), options);
}

Result<std::string_view> Connection::State::Get(std::string_view key, const CallOptions& options) {
  switch (caller_->Get(key, &value_)) {
    case Caller::Found::kHit:
      return std::string_view(value_);
    case Caller::Found::kMiss:
      return Error{};
    case Caller::Found::kAsk:
      break;
  }
  const Reply reply = Ask({Word(CommandId::kGet), key}, options);
  if (reply.is_nil()) return Error{};
  return As<std::string_view>(reply);
}

Result<std::span<const Value>> Connection::State::Mget(Words keys, const CallOptions& options) {
  const Result<Elements> found = As<Elements>(AskAbout(CommandId::kMget, keys, options));
  if (!found) return found.error();
  values_.clear();
  for (const Reply& one : *found) {
    const auto* const value = one.get<std::string_view>();
    values_.push_back(value == nullptr ? Value() : Value(*value));
  }
  return std::span<const Value>(values_);
}

Connection::Connection(std::unique_ptr<State> state) : state_(std::move(state)) {}
Connection::Connection(Connection&&) noexcept = default;
Connection& Connection::operator=(Connection&&) noexcept = default;
Connection::~Connection() = default;

Reply Connection::Call(std::initializer_list<std::string_view> words, const CallOptions& options) {
  return state_->Ask(words, options);
}

Reply Connection::Call(std::span<const std::string_view> words, const CallOptions& options) {
  return state_->Ask(words, options);
}

std::span<const Reply> Connection::CallAll(std::span<const std::vector<std::string>> requests,
                                           const CallOptions& options) {
  std::vector<std::vector<std::string_view>> views;
  views.reserve(requests.size());
  for (const auto& request : requests) views.emplace_back(request.begin(), request.end());
  const std::vector<State::Words> words(views.begin(), views.end());
  return state_->AskAll(words, options);
}

Batch Connection::Pipeline() {
  return Batch(*this);
}

Result<Subscription> Connection::Subscribe(const std::vector<std::string>& channels,
                                           MessageFunction function, const CallOptions& options) {
  return Subscription::State::Begin(state_->lane(), CommandId::kSubscribe, channels,
                                    std::move(function), options);
}

Result<Subscription> Connection::SubscribePatterns(const std::vector<std::string>& patterns,
                                                   MessageFunction function,
                                                   const CallOptions& options) {
  return Subscription::State::Begin(state_->lane(), CommandId::kPsubscribe, patterns,
                                    std::move(function), options);
}

Result<std::string_view> Connection::Get(std::string_view key, const CallOptions& options) {
  return state_->Get(key, options);
}

Result<bool> Connection::Set(std::string_view key, std::string_view value,
                             std::chrono::milliseconds ttl, const CallOptions& options) {
  const std::string_view set = Word(CommandId::kSet);
  char digits[24];
  const char* const end = std::to_chars(digits, std::end(digits), ttl.count()).ptr;
  const Reply reply =
      ttl.count() == 0
          ? state_->Ask({set, key, value}, options)
          : state_->Ask({set, key, value, "PX", std::string_view(digits, end)}, options);
  const Result<Status> done = As<Status>(reply);
  if (!done) return done.error();
  return true;
}

Result<std::span<const Value>> Connection::Mget(std::span<const std::string_view> keys,
                                                const CallOptions& options) {
  return state_->Mget(keys, options);
}

Result<std::span<const Value>> Connection::Mget(std::initializer_list<std::string_view> keys,
                                                const CallOptions& options) {
  return state_->Mget({keys.begin(), keys.size()}, options);
}

Result<int64_t> Connection::Del(std::span<const std::string_view> keys,
                                const CallOptions& options) {
  return As<int64_t>(state_->AskAbout(CommandId::kDel, keys, options));
}

Result<int64_t> Connection::Del(std::string_view key, const CallOptions& options) {
  return As<int64_t>(state_->Ask({Word(CommandId::kDel), key}, options));
}

Result<int64_t> Connection::Incr(std::string_view key, int64_t by, const CallOptions& options) {
  if (by == 1) return As<int64_t>(state_->Ask({Word(CommandId::kIncr), key}, options));
  char digits[24];
  const char* const end = std::to_chars(digits, std::end(digits), by).ptr;
  return As<int64_t>(
      state_->Ask({Word(CommandId::kIncrby), key, std::string_view(digits, end)}, options));
}

}  // namespace keyhole
