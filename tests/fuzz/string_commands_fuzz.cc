// Commands on bits and HyperLogLogs, and RESTORE, on the embedded store. Each input is a list of
// requests, one on a line, its words between spaces; the first byte of a line chooses the command.
// Whatever they say, each gets exactly one reply, and no value becomes longer than it may.

#include <string>
#include <string_view>
#include <vector>

#include "proxy/store/store.h"
#include "resp/byte_queue.h"
#include "resp/command_table.h"
#include "tests/fuzz/fuzz_support.h"

namespace keyhole::fuzz {
namespace {

constexpr std::string_view kCommands[] = {
    "bitfield", "setbit",  "bitcount", "bitpos",        // layering: not a command
    "bitop",    "getbit",  "pfadd",    "pfcount",       // layering: not a command
    "pfmerge",  "pfdebug", "restore",  "setrange",      // layering: not a command
    "set",      "append",  "dump",     "bitfield_ro"};  // layering: not a command

std::vector<std::string_view> Words(std::string_view line) {
  std::vector<std::string_view> words;
  while (!line.empty()) {
    const size_t end = std::min(line.find(' '), line.size());
    words.push_back(line.substr(0, end));
    line.remove_prefix(std::min(end + 1, line.size()));
  }
  return words;
}

// Bits far away are legal, and take half a gigabyte: not here.
bool IsSmall(const std::vector<std::string_view>& args) {
  for (const std::string_view arg : args) {
    if (arg.size() > 5 && arg.find_first_not_of("#0123456789") == std::string_view::npos) {
      return false;
    }
  }
  return true;
}

void Play(std::string_view input) {
  store::Store store{store::StoreOptions()};
  const auto client = store.Connect("127.0.0.1:1", 1'700'000'000'000);
  while (!input.empty()) {
    const size_t end = std::min(input.find('\n'), input.size());
    std::string_view line = input.substr(0, end);
    input.remove_prefix(std::min(end + 1, input.size()));
    if (line.empty()) continue;
    std::vector<std::string_view> args = {
        kCommands[static_cast<uint8_t>(line[0]) % std::size(kCommands)]};
    for (const std::string_view word : Words(line.substr(1))) args.push_back(word);
    if (!IsSmall(args)) continue;
    resp::ByteQueue out;
    store.Execute(*client, resp::Find(args), args, 1'700'000'000'000, &out);
    const std::string_view reply = out.Data();
    Check(!reply.empty() && reply.ends_with("\r\n"), "there is a reply");
    Check(std::string_view("+-:$*").find(reply[0]) != std::string_view::npos, "and it is one");
  }
}

}  // namespace
}  // namespace keyhole::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  keyhole::fuzz::Play({reinterpret_cast<const char*>(data), size});
  return 0;
}
