// Scripts of commands, run against a real Redis and against something that should answer like it:
// the embedded store, or the proxy in front of another Redis.
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
//     {sent} BLPOP list 0           the reply is not waited for ...
//     {read}                        ... but read here; also one more push, message or MONITOR line
//     {closed} QUIT                 the reply, and then the connection is closed
//
// {read} goes with one of the others: {read} {shape}.
// Both sides begin with empty databases and fresh clients.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "resp/wire.h"

namespace keyhole::test {

enum class Compare { kBytes, kSorted, kNear, kShape, kSilent, kLoose, kClosed };

struct ScriptLine {
  size_t number = 0;  // in the file, from 1
  char client = 'a';
  Compare compare = Compare::kBytes;
  bool sends = true;  // not {read}
  bool reads = true;  // neither {sent} nor {silent}
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
  // Sends requests, all in one.
  virtual void Send(const std::vector<const ScriptLine*>& lines) = 0;
  // The bytes of the next reply. Of the embedded store they may be none, if that is its answer.
  virtual std::string Read() = 0;
  // All that comes until the connection is closed.
  virtual std::string ReadUntilClosed() = 0;
};

class Server {
 public:
  virtual ~Server() = default;
  virtual std::unique_ptr<Peer> Connect() = 0;
};

// What came of one line on both sides.
struct Outcome {
  const ScriptLine* line;
  std::string expected;
  std::string actual;
  bool same;
};

struct Manner {
  resp::Protocol protocol = resp::Protocol::kResp2;
  // Lines of one client that follow each other are sent together, then their replies are read.
  bool pipelined = false;
};

// Runs all lines on both and reports each reply that differs as a failure of the running test;
// gives up after twenty. Without `config` in the script, clients begin with HELLO in the protocol
// given.
std::vector<Outcome> RunScript(const Script& script, Manner manner, Server& expected,
                               Server& actual);

// The paths of all scripts for one side of the comparison, "store" or "proxy": those of all and
// those in its own folder.
std::vector<std::string> ScriptsFor(const std::string& side);

}  // namespace keyhole::test
