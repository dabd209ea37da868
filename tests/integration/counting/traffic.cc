#include "tests/integration/counting/traffic.h"

#include <algorithm>
#include <cctype>
#include <set>
#include <stdexcept>
#include <string_view>
#include <utility>

#include "resp/reply_writer.h"

namespace keyhole::test {
namespace {

std::string Upper(std::string text) {
  for (char& c : text) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return text;
}

void Count(const std::string& key, bool hit, Tally* tally) {
  HitsAndMisses& counts = (*tally)[key];
  (hit ? counts.hits : counts.misses) += 1;
}

bool IsNull(const RespValue& value) {
  return value.null;
}

}  // namespace

void Add(const Tally& from, Tally* to) {
  for (const auto& [key, counts] : from) {
    (*to)[key].hits += counts.hits;
    (*to)[key].misses += counts.misses;
  }
}

HitsAndMisses SumOf(const Tally& tally) {
  HitsAndMisses sum;
  for (const auto& [key, counts] : tally) {
    sum.hits += counts.hits;
    sum.misses += counts.misses;
  }
  return sum;
}

void Judge(const Args& args, const RespValue& reply, Tally* tally) {
  static const std::set<std::string> one_value = {"GET", "GETEX", "GETDEL", "GETSET", "HGET"};
  if (reply.is_error()) return;
  const std::string name = Upper(args[0]);
  if (one_value.contains(name)) return Count(args[1], !reply.null, tally);
  if (name == "SET") {
    const bool get = std::any_of(args.begin() + 3, args.end(),
                                 [](const std::string& arg) { return Upper(arg) == "GET"; });
    if (get) Count(args[1], !reply.null, tally);
  } else if (name == "MGET") {
    for (size_t i = 1; i < args.size(); ++i) {
      Count(args[i], !reply.elements.at(i - 1).null, tally);
    }
  } else if (name == "HMGET") {
    const auto& fields = reply.elements;
    Count(args[1], !std::all_of(fields.begin(), fields.end(), IsNull), tally);
  } else if (name == "HGETALL") {
    Count(args[1], !reply.elements.empty(), tally);
  }
}

std::vector<std::string> StrangeKeys(size_t count) {
  std::vector<std::string> keys = {
      "",          "__other__", "plain",       "#0123456789abcdef", "\xff\xfe",
      "new\nline", "quo\"te",   "back\\slash", std::string("\0", 1)};
  std::mt19937 random(99);
  constexpr size_t kSizes[] = {1, 2, 7, 20, 127, 128, 129, 240, 255, 256, 257, 300, 5000};
  while (keys.size() < count) {
    std::string key(kSizes[keys.size() % std::size(kSizes)], 'k');
    // Text, bytes of any kind, or long keys that differ in their last bytes only.
    const auto kind = random() % 3;
    for (size_t i = kind == 2 && key.size() > 8 ? key.size() - 4 : 0; i < key.size(); ++i) {
      key[i] = kind == 1 ? static_cast<char>(random()) : static_cast<char>('a' + random() % 26);
    }
    if (std::find(keys.begin(), keys.end(), key) == keys.end()) keys.push_back(key);
  }
  keys.resize(count);
  return keys;
}

Traffic::Traffic(uint16_t port, const std::vector<std::string>& keys, unsigned seed,
                 bool large_values)
    : keys_(keys), large_values_(large_values), random_(seed), client_(RawClient::Connect(port)) {
  client_.set_deadline(std::chrono::seconds(60));
}

void Traffic::Run(int batches) {
  for (int i = 0; i < batches; ++i) RunBatch();
}

void Traffic::RunBatch() {
  bytes_.clear();
  asked_.clear();
  const size_t depth = 1 + Below(50);
  while (asked_.size() < depth) PushSomething();
  client_.Send(bytes_);
  for (const Asked& asked : asked_) {
    if (asked.answered) Note(asked.args, ParseResp(client_.ReadReply()));
  }
}

void Traffic::Push(Args args, bool answered) {
  const std::vector<std::string_view> views(args.begin(), args.end());
  resp::AppendRequest(views, &bytes_);
  asked_.push_back({std::move(args), answered});
  ++requests_;
}

void Traffic::PushSomething() {
  const size_t dice = Below(100);
  if (dice < 60) {
    Push(Lookup());
  } else if (dice < 85) {
    Push(Write());
  } else if (dice < 90) {
    Push(Nonsense());
  } else if (dice < 95) {
    PushTransaction();
  } else {
    PushState();
  }
}

Args Traffic::Lookup() {
  switch (Below(12)) {
    case 0:
      return {"GETEX", Key()};
    case 1:
      return {"GetEx", Key(), "EX", "1000"};
    case 2:
      return {"GETDEL", Key()};
    case 3:
      return {"GETSET", Key(), Value()};
    case 4:
      return {"SET", Key(), Value(), "GET"};
    case 5:
      return {"set", Key(), Value(), "EX", "1000", "get"};
    case 6:
      return {"HGET", Key(), Field()};
    case 7:
      return {"HMGET", Key(), Field(), Field()};
    case 8:
      return {"HGETALL", Key()};
    case 9: {
      Args args = {"MGET"};
      for (size_t n = 1 + Below(12); n > 0; --n) args.push_back(Key());
      return args;
    }
    default:
      return {Below(2) == 0 ? "GET" : "get", Key()};
  }
}

Args Traffic::Write() {
  switch (Below(9)) {
    case 0:
      return {"DEL", Key(), Key()};
    case 1:
      return {"HSET", Key(), Field(), "v"};
    case 2:
      return {"LPUSH", Key(), "v"};
    case 3:
      return {"APPEND", Key(), "v"};
    case 4:
      return {"EXPIRE", Key(), "1000"};
    case 5:  // reads that are not counted unless asked for
      return {"EXISTS", Key()};
    case 6:
      return {"STRLEN", Key()};
    default:
      return {"SET", Key(), Value()};
  }
}

Args Traffic::Nonsense() {
  switch (Below(7)) {
    case 0:
      return {"GET"};
    case 1:
      return {"MGET"};
    case 2:
      return {"NOSUCHCOMMAND", Key()};
    case 3:
      return {"SET", Key(), Value(), "GET", "NOSUCHOPTION"};
    case 4:
      return {"GETEX", Key(), "EX", "soon"};
    case 5:
      return {"HMGET", Key()};
    default:
      return {"EXEC"};
  }
}

void Traffic::PushTransaction() {
  if (Below(4) == 0) Push({"WATCH", Key()});
  Push({"MULTI"});
  for (size_t n = Below(10); n > 0; --n) Push(Below(3) == 0 ? Write() : Lookup());
  switch (Below(12)) {
    case 0:
      Push({"MULTI"});  // an error that does not end the transaction
      break;
    case 1:
      Push({"GET"});  // one that does
      break;
    case 2:
      Push({"SELECT", std::to_string(Below(3))});
      break;
    default:
      break;
  }
  for (size_t n = Below(4); n > 0; --n) Push(Lookup());
  Push({Below(8) == 0 ? "DISCARD" : "EXEC"});
}

void Traffic::PushState() {
  switch (Below(9)) {
    case 0:
      return Push({"HELLO", "3"});
    case 1:
      return Push({"HELLO", "2"});
    case 2:
      return Push({"CLIENT", "SETNAME", "name" + std::to_string(Below(3))});
    case 3:
      Push({"CLIENT", "REPLY", "SKIP"}, false);
      return Push(Lookup(), false);
    case 4:
      Push({"CLIENT", "REPLY", "OFF"}, false);
      for (size_t n = Below(5); n > 0; --n) Push(Below(3) == 0 ? Write() : Lookup(), false);
      return Push({"CLIENT", "REPLY", "ON"});
    case 5:
      return Push({"RESET"});
    default:
      return Push({"SELECT", std::to_string(Below(3))});
  }
}

std::string Traffic::Value() {
  const bool large = large_values_ && Below(100) == 0;
  return std::string(large ? 60'000 + Below(200'000) : Below(100), 'v');
}

void Traffic::Note(const Args& args, const RespValue& reply) {
  const std::string name = Upper(args[0]);
  if (in_transaction_ && reply.is("QUEUED")) {
    queued_.push_back(args);
  } else if (name == "MULTI" && reply.is("OK")) {
    in_transaction_ = true;
    queued_.clear();
  } else if (name == "EXEC" && args.size() == 1 && in_transaction_) {
    in_transaction_ = false;
    if (reply.is_error() || reply.null) return;
    if (reply.elements.size() != queued_.size()) throw std::runtime_error("EXEC: lost elements");
    for (size_t i = 0; i < queued_.size(); ++i) Judge(queued_[i], reply.elements[i], &tally_);
  } else if (name == "DISCARD" || name == "RESET") {
    in_transaction_ = false;
  } else {
    Judge(args, reply, &tally_);
  }
}

}  // namespace keyhole::test
