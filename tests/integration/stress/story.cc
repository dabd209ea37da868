#include "tests/integration/stress/story.h"

#include <utility>

#include "resp/reply_writer.h"

namespace keyhole::test {
namespace {

constexpr size_t kBigValue = 100'000;  // passed on in pieces

std::string Bulk(std::string_view text) {
  return "$" + std::to_string(text.size()) + "\r\n" + std::string(text) + "\r\n";
}

std::string Number(int64_t n) {
  return ":" + std::to_string(n) + "\r\n";
}

}  // namespace

std::vector<std::string> StoryUsers() {
  return {"user ann on >apass ~* &* +@all", "user bob on >bpass ~* &* +@all"};
}

Story::Story(int number, unsigned seed) : tag_("s" + std::to_string(number) + "."), random_(seed) {}

Batch Story::Next(int steps) {
  batch_ = Batch();
  for (int i = 0; i < steps; ++i) Step();
  return std::move(batch_);
}

void Story::Step() {
  switch (Below(16)) {
    case 0:
    case 1:
      return Transaction();
    case 2:
      return Block();
    case 3:
      return Subscribe();
    case 4:
      return Skip();
    case 5:
      db_ = Below(kDatabases);
      return Ask({"SELECT", std::to_string(db_)}, "+OK\r\n");
    case 6:
      return Below(3) == 0 ? Hello() : LogIn();
    case 7:
      return Below(4) == 0 ? Reset() : Ask({"ACL", "WHOAMI"}, Bulk(user_));
    case 8:
      name_ = Token();
      Ask({"CLIENT", "SETNAME", name_}, "+OK\r\n");
      return Ask({"CLIENT", "GETNAME"}, Bulk(name_));
    default: {
      const Args args = Invent();
      std::string reply = Run(args);
      return Ask(args, std::move(reply));
    }
  }
}

void Story::Ask(const Args& args, std::string reply, bool more) {
  resp::AppendRequest(args, &batch_.requests);
  if (!reply.empty()) batch_.replies.push_back({std::move(reply), more});
}

std::string Story::Array(size_t count) const {
  return "*" + std::to_string(count) + "\r\n";
}

std::string Story::Push(const Args& parts, int64_t number) const {
  std::string bytes = (resp3_ ? ">" : "*") + std::to_string(parts.size() + 1) + "\r\n";
  for (const std::string& part : parts) bytes += Bulk(part);
  return bytes + Number(number);
}

// ---- one request ----

Story::Args Story::Invent() {
  const std::string key = Key();
  switch (Below(11)) {
    case 0:
    case 1:
      return {"SET", key, Token()};
    case 2:
      return {"MGET", key, Key(), Key()};
    case 3:
      return {"DEL", key};
    case 4:
      return {"GETSET", key, Token()};
    case 5:  // refused, if there is a string
      if (strings().count(key) > 0) return {"LPUSH", key, "x"};
      return {"DEL", key};
    case 6:
      return {"ECHO", Token()};
    case 7:
      if (Below(4) == 0) return {"SET", key, Token() + std::string(kBigValue, 'v')};
      return {"EXISTS", key, key};
    default:
      return {"GET", key};
  }
}

std::string Story::Lookup(const std::string& key) {
  const auto found = strings().find(key);
  found == strings().end() ? ++misses_ : ++hits_;
  return found == strings().end() ? Null() : Bulk(found->second);
}

// What Redis does with it, and says.
std::string Story::Run(const Args& args) {
  const std::string& name = args[0];
  if (name == "ECHO") return Bulk(args[1]);
  if (name == "GET") return Lookup(args[1]);
  if (name == "SET") {
    strings()[args[1]] = args[2];
    return "+OK\r\n";
  }
  if (name == "GETSET") {
    std::string old = Lookup(args[1]);
    strings()[args[1]] = args[2];
    return old;
  }
  if (name == "MGET") {
    std::string reply = Array(args.size() - 1);
    for (size_t i = 1; i < args.size(); ++i) reply += Lookup(args[i]);
    return reply;
  }
  if (name == "DEL") return Number(static_cast<int64_t>(strings().erase(args[1])));
  if (name == "EXISTS") return Number(2 * static_cast<int64_t>(strings().count(args[1])));
  if (name == "SELECT") {
    db_ = std::stoi(args[1]);
    return "+OK\r\n";
  }
  return "-WRONGTYPE Operation against a key holding the wrong kind of value\r\n";  // LPUSH
}

// ---- conversations ----

// [WATCH [SET]] MULTI ... EXEC or DISCARD
void Story::Transaction() {
  bool broken = false;
  if (Below(3) == 0) {
    const std::string key = Key();
    Ask({"WATCH", key}, "+OK\r\n");
    if (Below(3) == 0) {
      broken = true;
      const Args change = {"SET", key, Token()};
      Ask(change, Run(change));
    }
    if (Below(4) == 0) return Ask({"UNWATCH"}, "+OK\r\n");
  }
  Ask({"MULTI"}, "+OK\r\n");
  std::vector<Args> queued;
  for (int i = Below(5); i > 0; --i) {
    Args args = Invent();
    if (args[0] == "LPUSH") args = {"SELECT", std::to_string(Below(kDatabases))};
    Ask(args, "+QUEUED\r\n");
    queued.push_back(std::move(args));
  }
  if (Below(4) == 0) return Ask({"DISCARD"}, "+OK\r\n");
  if (broken) return Ask({"EXEC"}, NullArray());
  std::string reply = Array(queued.size());
  for (const Args& args : queued) reply += Run(args);
  Ask({"EXEC"}, reply);
}

void Story::Block() {
  const std::string key = tag_ + "list";
  if (Below(2) == 0) return Ask({"BLPOP", key, "0.001"}, NullArray());
  const std::string item = Token();
  Ask({"RPUSH", key, item}, Number(1));
  Ask({"BLPOP", key, "5"}, Array(2) + Bulk(key) + Bulk(item));
}

void Story::Subscribe() {
  const std::string channel = tag_ + "channel";
  Ask({"SUBSCRIBE", channel}, Push({"subscribe", channel}, 1));
  if (resp3_) {
    const std::string text = Token();
    Ask({"PUBLISH", channel, text}, ">3\r\n" + Bulk("message") + Bulk(channel) + Bulk(text));
    batch_.replies.push_back({Number(1)});
  } else {
    Ask({"PING", channel}, "*2\r\n" + Bulk("pong") + Bulk(channel));
  }
  Ask({"UNSUBSCRIBE"}, Push({"unsubscribe", channel}, 0));
}

void Story::Skip() {
  Ask({"CLIENT", "REPLY", "SKIP"}, "");
  Ask({"ECHO", "nobody hears this"}, "");
  Reset();  // a session that has said CLIENT REPLY keeps its connection for good
}

void Story::Hello() {
  resp3_ = Below(2) == 0;
  Ask({"HELLO", resp3_ ? "3" : "2"}, resp3_ ? "%7\r\n$6\r\nserver" : "*14\r\n$6\r\nserver", true);
}

void Story::LogIn() {
  static const Args users[] = {{"default", "any"}, {"ann", "apass"}, {"bob", "bpass"}};
  const Args& user = users[static_cast<size_t>(Below(3))];
  if (Below(4) == 0) {
    return Ask({"AUTH", "ann", "wrong"},
               "-WRONGPASS invalid username-password pair or user is disabled.\r\n");
  }
  user_ = user[0];
  Ask({"AUTH", user[0], user[1]}, "+OK\r\n");
  Ask({"ACL", "WHOAMI"}, Bulk(user_));
}

void Story::Reset() {
  Ask({"RESET"}, "+RESET\r\n");
  db_ = 0;
  resp3_ = false;
  user_ = "default";
  name_.clear();
}

}  // namespace keyhole::test
