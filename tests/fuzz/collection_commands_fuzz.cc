// SORT, and fields of hashes that end, on the embedded store. Each input is a list of requests, one
// on a line, its words between spaces; the first byte of a line chooses the command, and time goes
// on with each. Whatever they say, each gets exactly one whole reply, a hash is as large as it
// says, and nothing is left of it all in the end.

#include <string>
#include <string_view>
#include <vector>

#include "proxy/store/store.h"
#include "resp/byte_queue.h"
#include "resp/command_table.h"
#include "resp/reply_scanner.h"
#include "tests/fuzz/fuzz_support.h"

namespace keyhole::fuzz {
namespace {

constexpr std::string_view kCommands[] = {
    "sort",    "sort_ro",    "rpush",  "sadd",         // layering: not a command
    "zadd",    "set",        "hset",   "hdel",         // layering: not a command
    "hexpire", "hpexpire",   "httl",   "hpersist",     // layering: not a command
    "hgetdel", "hgetex",     "hsetex", "hincrby",      // layering: not a command
    "hgetall", "hpexpireat", "copy",   "rename",       // layering: not a command
    "del",     "hscan",      "hsetnx", "hrandfield"};  // layering: not a command

std::vector<std::string_view> Words(std::string_view line) {
  std::vector<std::string_view> words;
  while (!line.empty()) {
    const size_t end = std::min(line.find(' '), line.size());
    words.push_back(line.substr(0, end));
    line.remove_prefix(std::min(end + 1, line.size()));
  }
  return words;
}

class Game {
 public:
  void Play(std::string_view input) {
    const size_t before = store_.usage().memory;
    while (!input.empty()) {
      const size_t end = std::min(input.find('\n'), input.size());
      const std::string_view line = input.substr(0, end);
      input.remove_prefix(std::min(end + 1, input.size()));
      if (!line.empty()) Line(line);
    }
    Ask({"flushall"});
    while (store_.Sweep(now_)) {
    }
    Check(store_.usage().memory <= before + kBuckets, "nothing is left");
  }

 private:
  static constexpr size_t kBuckets = 4096;  // that a table keeps

  void Line(std::string_view line) {
    std::vector<std::string_view> args = {
        kCommands[static_cast<uint8_t>(line[0]) % std::size(kCommands)]};
    for (const std::string_view word : Words(line.substr(1))) args.push_back(word);
    // HRANDFIELD may repeat a field as often as it is asked to.
    if (args[0] == std::end(kCommands)[-1] && args.size() > 2 && args[2].size() > 4) return;
    Ask(args);
    now_ += 1 + static_cast<store::UnixMillis>(line.size() % 7);
    if (args.size() < 2) return;
    const resp::ReplyHead size = Ask({"hlen", args[1]});
    if (size.is_error()) return;
    Check(Ask({"hkeys", args[1]}).integer == size.integer, "a hash is as large as it says");
    if (now_ % 3 == 0) store_.Sweep(now_);
  }

  resp::ReplyHead Ask(const std::vector<std::string_view>& args) {
    resp::ByteQueue out;
    store_.Execute(*client_, resp::Find(args), args, now_, &out);
    const std::string_view reply = out.Data();
    size_t used = 0;
    Check(scanner_.Scan(reply, &used) == resp::ReplyScanner::Result::kDone, "there is a reply");
    Check(used == reply.size(), "and no more than one");
    return scanner_.head();
  }

  store::UnixMillis now_ = 1'700'000'000'000;
  store::Store store_{store::StoreOptions()};
  store::Store::ClientPtr client_ = store_.Connect("127.0.0.1:1", now_);
  resp::ReplyScanner scanner_;
};

}  // namespace
}  // namespace keyhole::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  keyhole::fuzz::Game().Play({reinterpret_cast<const char*>(data), size});
  return 0;
}
