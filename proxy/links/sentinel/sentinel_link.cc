#include "proxy/links/sentinel/sentinel_link.h"

#include <algorithm>
#include <array>
#include <initializer_list>
#include <optional>
#include <utility>

#include "proxy/base/digits.h"
#include "resp/command_table.h"
#include "resp/reply_reader.h"
#include "resp/reply_writer.h"

namespace keyhole::core {
namespace {

using resp::CommandId;
using resp::ReplyType;

constexpr std::string_view kPromotion = "+failover-state-wait-promotion";
constexpr std::string_view kPromoted = "+promoted-slave";
constexpr std::string_view kSwitch = "+switch-master";

std::string_view Word(CommandId id) {
  return resp::Spec(id).name;
}

bool IsText(const ReplyElement& element) {
  return element.is(ReplyType::kBulkString) || element.is(ReplyType::kSimpleString);
}

// What a Sentinel says of an instance: names and values, one after the other.
struct Instance {
  std::string_view ip;
  std::optional<uint64_t> port;
  std::optional<uint64_t> epoch;

  // Takes so many values; false: they are not there, or no texts.
  bool Read(ReplyReader& reader, int64_t values) {
    std::string_view name;
    for (int64_t i = 0; i < values; ++i) {
      const std::optional<ReplyElement> element = reader.Next();
      if (!element.has_value() || !IsText(*element)) return false;
      if (i % 2 == 0) {
        name = element->text;
      } else if (name == "ip") {
        ip = element->text;
      } else if (name == "port") {
        port = ParseDigits(element->text);
      } else if (name == "config-epoch") {
        epoch = ParseDigits(element->text);
      }
    }
    return valid();
  }
  bool valid() const { return !ip.empty() && port.has_value() && *port > 0 && *port <= 65535; }
  // A map has pairs, an array single values.
  static int64_t Values(const ReplyElement& head) {
    return head.type == ReplyType::kMap ? head.integer * 2 : head.integer;
  }
  Endpoint endpoint(bool tls) const {
    Endpoint endpoint = Endpoint::Tcp(std::string(ip), static_cast<uint16_t>(*port));
    endpoint.tls = tls;
    return endpoint;
  }
};

}  // namespace

void SentinelLink::Say(std::initializer_list<std::string_view> args) {
  std::string bytes;
  resp::AppendRequest(args, &bytes);
  out_.Append(bytes);
  if (transport_ != nullptr) transport_->Wake();
}

void SentinelLink::OnConnected() {
  connected_ = true;
  const std::string_view user = options_.user.empty() ? "default" : std::string_view(options_.user);
  if (options_.password.empty()) {
    Say({Word(CommandId::kHello), "3"});
  } else {
    Say({Word(CommandId::kHello), "3", Word(CommandId::kAuth), user, options_.password});
  }
  awaited_.Push(Awaited::kHello);
  Say({Word(CommandId::kSubscribe), kPromotion, kPromoted, kSwitch});
  Ask();
}

void SentinelLink::Ask() {
  if (!connected_ || over_ || awaited_.size() > 1) return;
  Say({Word(CommandId::kSentinel), "get-master-addr-by-name", options_.master});
  Say({Word(CommandId::kSentinel), "master", options_.master});
  Say({Word(CommandId::kSentinel), "sentinels", options_.master});
  awaited_.Push(Awaited::kAddress);
  awaited_.Push(Awaited::kEpoch);
  awaited_.Push(Awaited::kOthers);
  asked_ = context_.now;
}

void SentinelLink::Tick() {
  if (over_ || !connected_) return;
  const auto silence = context_.now - asked_;
  if (!awaited_.empty() && silence >= kPatience) return End({});
  if (awaited_.empty() && silence >= kHeartbeat) Ask();
}

bool SentinelLink::OnRead(std::string_view bytes) {
  while (!bytes.empty() && !over_) {
    size_t used = 0;
    const auto result = scanner_.Scan(bytes, &used);
    if (result == resp::ReplyScanner::Result::kError) return false;
    reply_.append(bytes.substr(0, used));
    bytes.remove_prefix(used);
    if (reply_.size() > kMostBytes) return false;
    if (result != resp::ReplyScanner::Result::kDone) continue;
    OnReply(scanner_.head());
    reply_.clear();
  }
  return !over_;
}

void SentinelLink::OnReply(const resp::ReplyHead& head) {
  if (head.type == ReplyType::kPush) return OnPush();
  if (awaited_.empty()) return End("it answers what it was not asked");
  const Awaited awaited = awaited_.Pop();
  if (head.is_error()) return OnError(awaited, head.text);
  if (awaited == Awaited::kAddress) OnAddressReply();
  if (awaited == Awaited::kEpoch) OnEpochReply();
  if (awaited == Awaited::kOthers) OnOthersReply();
}

// A Redis has no SENTINEL MASTER, a Sentinel before 6.0 no HELLO.
void SentinelLink::OnError(Awaited awaited, std::string_view error) {
  if (awaited == Awaited::kOthers || awaited == Awaited::kAddress) return;  // kEpoch tells
  if (awaited == Awaited::kHello) {
    return End("it refuses HELLO: " + std::string(error));
  }
  if (error.find("No such master") != std::string_view::npos) {
    return End("it knows no master '" + options_.master + "'");
  }
  End("it is no Sentinel, it answers SENTINEL MASTER with " + std::string(error));
}

// Null if it knows no such master; then the next reply is an error.
void SentinelLink::OnAddressReply() {
  ReplyReader reader(reply_);
  reader.Next();
  const std::optional<ReplyElement> host = reader.Next();
  const std::optional<ReplyElement> port = reader.Next();
  Instance instance;
  if (host.has_value() && port.has_value() && IsText(*host) && IsText(*port)) {
    instance.ip = host->text;
    instance.port = ParseDigits(port->text);
  }
  address_ = instance.valid() ? instance.endpoint(tls_) : Endpoint();
}

void SentinelLink::OnEpochReply() {
  ReplyReader reader(reply_);
  const std::optional<ReplyElement> head = reader.Next();
  Instance instance;
  if (!head.has_value() || !instance.Read(reader, Instance::Values(*head)) ||
      !instance.epoch.has_value() || address_.port == 0) {
    return End("what it says of the master is not understood");
  }
  listener_.OnMaster(*this, {address_, *instance.epoch});
}

void SentinelLink::OnOthersReply() {
  ReplyReader reader(reply_);
  const std::optional<ReplyElement> head = reader.Next();
  std::vector<Endpoint> others;
  for (int64_t i = 0; head.has_value() && i < head->integer; ++i) {
    const std::optional<ReplyElement> one = reader.Next();
    Instance instance;
    if (!one.has_value() || !instance.Read(reader, Instance::Values(*one))) break;
    others.push_back(instance.endpoint(tls_));
  }
  listener_.OnOthers(others);
}

// Of whatever master: an event is not taken at its word, as it has no epoch, but is a reason to
// ask.
void SentinelLink::OnPush() {
  if (scanner_.head().text != "message") return;
  ReplyReader reader(reply_);
  reader.Next();
  reader.Next();
  const std::optional<ReplyElement> channel = reader.Next();
  const std::optional<ReplyElement> event = reader.Next();
  if (!channel.has_value() || !event.has_value()) return;
  if (channel->text != kPromotion) return listener_.OnSwitch();
  if (const auto replica = ReadInstance(event->text)) listener_.OnPromotion(*replica);
}

// "slave NAME 10.0.0.2 6379 @ MASTER 10.0.0.1 6379", if it is of our master.
std::optional<Endpoint> SentinelLink::ReadInstance(std::string_view event) const {
  std::array<std::string_view, 6> words;
  for (std::string_view& word : words) {
    const size_t space = event.find(' ');
    word = event.substr(0, space);
    event.remove_prefix(std::min(word.size() + 1, event.size()));
  }
  Instance instance;
  instance.ip = words[2];
  instance.port = ParseDigits(words[3]);
  if (words[4] != "@" || words[5] != options_.master || !instance.valid()) return std::nullopt;
  return instance.endpoint(tls_);
}

void SentinelLink::End(std::string_view problem) {
  if (std::exchange(over_, true)) return;
  if (transport_ != nullptr) transport_->Wake();
  listener_.OnSentinelLost(*this, problem);
}

void SentinelLink::Stop() {
  over_ = true;
  if (transport_ != nullptr) transport_->Wake();
}

}  // namespace keyhole::core
