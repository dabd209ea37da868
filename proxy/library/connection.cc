#include "proxy/library/connection.h"

#include <charconv>
#include <iterator>
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

// Beyond it SET has something to say.
constexpr std::chrono::hours kLongestTtl{24 * 365 * 100};

// A number as a word of a request.
class Digits {
 public:
  explicit Digits(int64_t number)
      : size_(static_cast<size_t>(std::to_chars(text_, std::end(text_), number).ptr - text_)) {}
  std::string_view text() const { return {text_, size_}; }

 private:
  char text_[24];
  size_t size_;
};

std::string_view Word(CommandId id) {
  return resp::Spec(id).name;
}

// It has no reply, or what it brings cannot be told from the replies of other calls.
bool IsNoCall(const resp::CommandSpec& spec) {
  const Effect effect = spec.effect;
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

// GET, the most of what is asked, needs no bytes of a reply either.
Reply Connection::State::Ask(Words request, const CallOptions& options) {
  if (request.empty()) return Reply(Failure{Error::Code::kReply, kNotHere});
  const resp::CommandSpec& spec = resp::Find(request);
  if (spec.id == CommandId::kGet && request.size() == 2) {
    const resp::HashedKey key(request[1]);
    DirectCommand command{.id = spec.id, .keys = {&key, 1}, .bytes = NextText()};
    if (Direct(&command, options)) {
      return command.answer == 0 ? Reply() : Reply(std::string_view(texts_[last_]));
    }
  }
  return Request(spec, request, options);
}

Reply Connection::State::Request(const resp::CommandSpec& spec, Words request,
                                 const CallOptions& options) {
  if (IsNoCall(spec)) return Reply(Failure{Error::Code::kReply, kNotHere});
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
  for (const Words& request : requests) {
    refused = refused || request.empty() || IsNoCall(resp::Find(request));
  }
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

std::span<const resp::HashedKey> Connection::State::Hash(Words keys) {
  hashed_.clear();
  for (const std::string_view key : keys) hashed_.emplace_back(key);
  return hashed_;
}

Result<std::string_view> Connection::State::Get(std::string_view key, const CallOptions& options) {
  const resp::HashedKey hashed(key);
  DirectCommand command{.id = CommandId::kGet, .keys = {&hashed, 1}, .bytes = NextText()};
  if (Direct(&command, options)) {
    if (command.answer == 0) return Error{};
    return std::string_view(texts_[last_]);
  }
  const std::string_view words[] = {Word(command.id), key};
  const Reply reply = Request(resp::Spec(command.id), words, options);
  if (reply.is_nil()) return Error{};
  return As<std::string_view>(reply);
}

Result<bool> Connection::State::Set(std::string_view key, std::string_view value,
                                    std::chrono::milliseconds ttl, const CallOptions& options) {
  const resp::HashedKey hashed(key);
  DirectCommand command{
      .id = CommandId::kSet, .keys = {&hashed, 1}, .value = value, .number = ttl.count()};
  if (ttl >= ttl.zero() && ttl <= kLongestTtl && Direct(&command, options)) return true;
  const std::string_view set = Word(CommandId::kSet);
  const Digits millis(ttl.count());
  const Reply reply = ttl.count() == 0 ? Ask({set, key, value}, options)
                                       : Ask({set, key, value, "PX", millis.text()}, options);
  const Result<Status> done = As<Status>(reply);
  if (!done) return done.error();
  return true;
}

Result<std::span<const Value>> Connection::State::Mget(Words keys, const CallOptions& options) {
  DirectCommand command{
      .id = CommandId::kMget, .keys = Hash(keys), .bytes = NextText(), .sizes = &sizes_};
  if (!keys.empty() && Direct(&command, options)) {
    values_.clear();
    size_t at = 0;
    for (const int64_t size : sizes_) {
      if (size == DirectCommand::kMissing) {
        values_.emplace_back();
        continue;
      }
      values_.emplace_back(std::string_view(texts_[last_]).substr(at, static_cast<size_t>(size)));
      at += static_cast<size_t>(size);
    }
    return std::span<const Value>(values_);
  }
  const Result<Elements> found = As<Elements>(AskAbout(CommandId::kMget, keys, options));
  if (!found) return found.error();
  values_.clear();
  for (const Reply& one : *found) {
    const auto* const value = one.get<std::string_view>();
    values_.push_back(value == nullptr ? Value() : Value(*value));
  }
  return std::span<const Value>(values_);
}

Result<int64_t> Connection::State::Del(Words keys, const CallOptions& options) {
  DirectCommand command{.id = CommandId::kDel, .keys = Hash(keys)};
  if (!keys.empty() && Direct(&command, options)) return command.answer;
  return As<int64_t>(AskAbout(CommandId::kDel, keys, options));
}

Result<int64_t> Connection::State::Incr(std::string_view key, int64_t by,
                                        const CallOptions& options) {
  const resp::HashedKey hashed(key);
  const CommandId id = by == 1 ? CommandId::kIncr : CommandId::kIncrby;
  DirectCommand command{.id = id, .keys = {&hashed, 1}, .number = by};
  if (Direct(&command, options)) return command.answer;
  if (by == 1) return As<int64_t>(Ask({Word(id), key}, options));
  return As<int64_t>(Ask({Word(id), key, Digits(by).text()}, options));
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
  return state_->Set(key, value, ttl, options);
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
  return state_->Del(keys, options);
}

Result<int64_t> Connection::Del(std::string_view key, const CallOptions& options) {
  return state_->Del({&key, 1}, options);
}

Result<int64_t> Connection::Incr(std::string_view key, int64_t by, const CallOptions& options) {
  return state_->Incr(key, by, options);
}

}  // namespace keyhole
