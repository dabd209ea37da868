#include "tests/integration/stress/meeting.h"

#include <array>

#include "resp/reply_writer.h"

namespace keyhole::test {
namespace {

constexpr std::string_view kOk = "+OK\r\n";
constexpr std::string_view kQueued = "+QUEUED\r\n";

std::string Bulk(std::string_view text) {
  return "$" + std::to_string(text.size()) + "\r\n" + std::string(text) + "\r\n";
}

std::string Array(const std::vector<std::string>& elements) {
  std::string bytes = "*" + std::to_string(elements.size()) + "\r\n";
  for (const std::string& element : elements) bytes += element;
  return bytes;
}

// Stream `key` with one entry, 1-1, of one field.
std::string Entries(const std::string& key, const std::string& value) {
  const std::string entry = Array({Bulk("1-1"), Array({Bulk("f"), Bulk(value)})});
  return Array({Array({Bulk(key), Array({entry})})});
}

}  // namespace

Meeting::Meeting(std::string tag, std::minstd_rand& random)
    : tag_(std::move(tag)), random_(random) {
  static constexpr std::array kKinds = {&Meeting::Pop,       &Meeting::PassOn, &Meeting::ReadStream,
                                        &Meeting::ReadGroup, &Meeting::Listen, &Meeting::Watch,
                                        &Meeting::Isolate,   &Meeting::SeeAll};
  (this->*kKinds[random_() % kKinds.size()])();
}

void Meeting::Send(size_t who, const Words& words) {
  std::string bytes;
  resp::AppendRequest(words, &bytes);
  turns_.push_back({who, std::move(bytes), {}});
}

// Whether the first one waits already when the second one pushes, the replies are these.
void Meeting::Pop() {
  const std::string list = tag_ + "list";
  Send(0, {random_() % 2 == 0 ? "BLPOP" : "BRPOP", list, "0"});
  Ask(1, {"RPUSH", list, tag_}, ":1\r\n");
  Hear(0, Array({Bulk(list), Bulk(tag_)}));
  Ask(1, {"LLEN", list}, ":0\r\n");
}

// An element goes through the hands of all.
void Meeting::PassOn() {
  const std::string from = tag_ + "from";
  const std::string to = tag_ + "to";
  Send(0, {"BRPOPLPUSH", from, to, "0"});
  Send(1, {"BLPOP", to, "0"});
  Ask(2, {"LPUSH", from, tag_}, ":1\r\n");
  Hear(1, Array({Bulk(to), Bulk(tag_)}));
  Hear(0, Bulk(tag_));
}

void Meeting::ReadStream() {
  const std::string key = tag_ + "stream";
  Send(0, {"XREAD", "BLOCK", "0", "STREAMS", key, "0"});
  Send(2, {"XREAD", "BLOCK", "0", "STREAMS", key, "0"});
  Ask(1, {"XADD", key, "1-1", "f", tag_}, Bulk("1-1"));
  Hear(0, Entries(key, tag_));
  Hear(2, Entries(key, tag_));
  Ask(1, {"DEL", key}, ":1\r\n");
}

void Meeting::ReadGroup() {
  const std::string key = tag_ + "stream";
  Ask(1, {"XGROUP", "CREATE", key, "g", "0", "MKSTREAM"}, std::string(kOk));
  Send(0, {"XREADGROUP", "GROUP", "g", "me", "BLOCK", "0", "STREAMS", key, ">"});
  Ask(1, {"XADD", key, "1-1", "f", tag_}, Bulk("1-1"));
  Hear(0, Entries(key, tag_));
  Ask(2, {"XACK", key, "g", "1-1"}, ":1\r\n");
  Ask(1, {"DEL", key}, ":1\r\n");
}

void Meeting::Listen() {
  const std::string channel = tag_ + "channel";
  Ask(0, {"SUBSCRIBE", channel}, Array({Bulk("subscribe"), Bulk(channel), ":1\r\n"}));
  Ask(1, {"PUBLISH", channel, "1"}, ":1\r\n");
  Ask(2, {"PUBLISH", channel, "2"}, ":1\r\n");
  for (const char* text : {"1", "2"}) {
    Hear(0, Array({Bulk("message"), Bulk(channel), Bulk(text)}));
  }
  Ask(0, {"UNSUBSCRIBE"}, Array({Bulk("unsubscribe"), Bulk(channel), ":0\r\n"}));
  Ask(1, {"PUBLISH", channel, "3"}, ":0\r\n");
}

void Meeting::Watch() {
  const std::string key = tag_ + "watched";
  const bool changes = random_() % 2 == 0;
  Ask(0, {"WATCH", key}, std::string(kOk));
  if (changes) Ask(1, {"APPEND", key, "x"}, ":1\r\n");
  if (!changes) Ask(1, {"STRLEN", key}, ":0\r\n");
  Ask(0, {"MULTI"}, std::string(kOk));
  Ask(0, {"APPEND", key, "y"}, std::string(kQueued));
  Ask(0, {"EXEC"}, changes ? "*-1\r\n" : Array({":1\r\n"}));
  Ask(2, {"DEL", key}, ":1\r\n");
}

// What is queued has not happened to anybody; then it has.
void Meeting::Isolate() {
  const std::string key = tag_ + "queued";
  Ask(0, {"MULTI"}, std::string(kOk));
  Ask(0, {"APPEND", key, "x"}, std::string(kQueued));
  Ask(1, {"STRLEN", key}, ":0\r\n");
  Ask(0, {"RPUSH", key + "list", "x"}, std::string(kQueued));
  Ask(2, {"EXISTS", key, key + "list"}, ":0\r\n");
  Ask(0, {"EXEC"}, Array({":1\r\n", ":1\r\n"}));
  Ask(1, {"EXISTS", key, key + "list"}, ":2\r\n");
  Ask(2, {"DEL", key, key + "list"}, ":2\r\n");
}

// What one has been told is done, for all, on whatever connection it went.
void Meeting::SeeAll() {
  const std::string key = tag_ + "seen";
  for (size_t i = 0; i < 2 * kClients; ++i) {
    Ask(i % kClients, {"APPEND", key, "x"}, ":" + std::to_string(i + 1) + "\r\n");
  }
  Ask(random_() % kClients, {"EVAL", "return redis.call('strlen', KEYS[1])", "1", key}, ":6\r\n");
  Ask(random_() % kClients, {"DEL", key}, ":1\r\n");
}

}  // namespace keyhole::test
