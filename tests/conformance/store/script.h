// Scripts of commands, run against a real Redis and against something that should answer like it.
//
//     # a comment
//     ! requirepass secret          a line of redis.conf, before the first command
//     SET key "a\r\nvalue"          quoted as in redis-cli; the replies must be the same bytes
//     [b] GET key                   by another client; [a] is the one without a mark
//     {sorted} KEYS *               the elements may come in any order
//     {near} PTTL key               numbers may differ by up to 5000: both read a real clock
//     {shape} CLIENT ID             only the kinds and counts of values must be the same
//     {silent} CLIENT REPLY OFF     no reply is expected
//     {loose} EXEC                  {near}, and {sorted} for each element
//
// Both sides begin with empty databases and fresh clients.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "resp/wire.h"

namespace keyhole::test {

enum class Compare { kBytes, kSorted, kNear, kShape, kSilent, kLoose };

struct ScriptLine {
  size_t number = 0;  // in the file, from 1
  char client = 'a';
  Compare compare = Compare::kBytes;
  std::vector<std::string> args;
  std::string text;  // as it stands in the file
};

struct Script {
  std::string path;
  std::vector<std::string> config;  // lines of redis.conf
  std::vector<ScriptLine> lines;
};

// Throws std::runtime_error, with the line's number, if the file is not as described above.
Script ReadScript(const std::string& path);

// One connection to whatever answers.
class Peer {
 public:
  virtual ~Peer() = default;
  // The bytes of the reply. `silent`: none is expected; returns those that came all the same, as
  // far as they are known by now.
  virtual std::string Ask(const std::vector<std::string>& args, bool silent) = 0;
};

class Server {
 public:
  virtual ~Server() = default;
  virtual std::unique_ptr<Peer> Connect() = 0;
};

// Runs all lines on both and reports each reply that differs as a failure of the running test;
// gives up after twenty. Without `config` in the script, clients begin with HELLO in the protocol
// given.
void RunScript(const Script& script, resp::Protocol protocol, Server& expected, Server& actual);

}  // namespace keyhole::test
