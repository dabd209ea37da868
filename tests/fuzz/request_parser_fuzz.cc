// RequestParser, and what is done with every request: the table row, its keys, its hit rule.
//
//   1. How the input is cut into chunks changes nothing.
//   2. A request's bytes are the client's own, and its arguments written as RESP are parsed as the
//      same arguments again.
//   3. A request handed out in pieces is, put together, the one that is handed out whole.

#include <algorithm>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "resp/command_table.h"
#include "resp/hit_rule.h"
#include "resp/reply_writer.h"
#include "resp/request_parser.h"
#include "tests/fuzz/fuzz_support.h"

namespace keyhole::fuzz {
namespace {

using resp::RequestLimits;
using resp::RequestParser;
using Result = RequestParser::Result;
using Strings = std::vector<std::string>;

struct Seen {
  Strings args;  // of a streamed request: those of its head
  Strings tail;  // of a streamed request: those that came with its tail
  std::string bytes;
  bool streamed = false;
  bool complete = false;
  bool operator==(const Seen&) const = default;
};

struct Transcript {
  std::vector<Seen> requests;
  std::string error;
  bool operator==(const Transcript&) const = default;
};

Strings Copy(std::span<const std::string_view> args) {
  return {args.begin(), args.end()};
}

// What the parser just handed out, noted down. `in` is what it was given.
void Note(const RequestParser& parser, Result result, std::string_view in, Transcript* out) {
  const resp::Request& request = parser.request();
  const std::string_view bytes = request.bytes;
  Check(bytes.size() <= parser.consumed() && parser.consumed() > 0, "bytes are consumed");
  Check(bytes.data() == in.data() + parser.consumed() - bytes.size(), "bytes are the client's own");
  if (result == Result::kRequest || result == Result::kHead) {
    out->requests.emplace_back().args = Copy(request.args);
    out->requests.back().streamed = result == Result::kHead;
  } else {
    Check(!out->requests.empty() && !out->requests.back().complete, "a piece follows its head");
  }
  Seen& seen = out->requests.back();
  seen.bytes.append(bytes);
  seen.complete = result == Result::kRequest || result == Result::kTail;
  if (result == Result::kTail) seen.tail = Copy(request.args);
}

Transcript Feed(const std::vector<std::string_view>& chunks, RequestLimits limits) {
  Transcript out;
  RequestParser parser(limits);
  std::string buffer;
  for (const std::string_view chunk : chunks) {
    buffer.append(chunk);
    while (true) {
      const ExactCopy in(buffer);
      const Result result = parser.Next(in.view());
      Check(parser.consumed() <= buffer.size(), "consumed() <= size");
      if (result == Result::kError) {
        out.error = parser.error();
        Check(out.error.starts_with("-ERR ") && out.error.ends_with("\r\n") &&
                  std::count(out.error.begin(), out.error.end(), '\n') == 1,
              "error() is one RESP error line");
        return out;
      }
      if (result != Result::kNeedMore) Note(parser, result, in.view(), &out);
      buffer.erase(0, parser.consumed());
      if (result == Result::kNeedMore) break;
    }
  }
  return out;
}

// The parts of the proxy that look at arguments must bear any.
void Use(const Strings& strings) {
  const std::vector<std::string_view> args(strings.begin(), strings.end());
  const resp::CommandSpec& spec = resp::Find(args);
  resp::ForEachKey(spec, args, [&](std::string_view key) {
    Check(std::any_of(args.begin(), args.end(),
                      [key](std::string_view arg) { return arg.data() == key.data(); }),
          "a key is one of the arguments");
  });
  resp::Resolve(spec, args);

  std::string written;
  resp::AppendRequest(args, &written);
  const Transcript again = Feed({written}, {.big_argument = SIZE_MAX, .big_request = SIZE_MAX});
  Check(again.error.empty() && again.requests.size() == 1 && again.requests[0].args == strings &&
            again.requests[0].bytes == written,
        "arguments survive being written and parsed");
}

bool IsSubsequence(const Strings& some, std::span<const std::string> all) {
  size_t found = 0;
  for (const std::string& arg : all) {
    if (found < some.size() && some[found] == arg) ++found;
  }
  return found == some.size();
}

void CompareStreamed(const Transcript& whole, const Transcript& streamed) {
  Check(whole.error == streamed.error, "streaming: the same error");
  size_t i = 0;
  for (; i < whole.requests.size(); ++i) {
    Check(i < streamed.requests.size(), "streaming: no request is lost");
    const Seen& a = whole.requests[i];
    const Seen& b = streamed.requests[i];
    Check(b.complete, "streaming: a request ends where it ends");
    Check(a.bytes == b.bytes, "streaming: the same bytes");
    if (!b.streamed) {
      Check(a.args == b.args, "streaming: the same arguments");
      continue;
    }
    Check(
        b.args.size() <= a.args.size() && std::equal(b.args.begin(), b.args.end(), a.args.begin()),
        "streaming: the head has the first arguments");
    Check(IsSubsequence(b.tail, std::span(a.args).subspan(b.args.size())),
          "streaming: the tail has some of the others");
  }
  const size_t unfinished = streamed.requests.size() - i;
  Check(unfinished == 0 || (unfinished == 1 && !streamed.requests.back().complete),
        "streaming: no request is invented");
}

void TestOneInput(std::string_view in) {
  if (in.size() > 16 * 1024)
    return;  // beyond, a lack of newlines is an error that depends on chunks
  for (const bool authenticated : {true, false}) {
    const RequestLimits always_whole = {
        .big_argument = SIZE_MAX, .big_request = SIZE_MAX, .authenticated = authenticated};
    const RequestLimits small_pieces = {
        .big_argument = 8, .big_request = 64, .authenticated = authenticated};
    const Transcript whole = Feed({in}, always_whole);
    for (const auto& chunks : Splittings(in)) {
      Check(Feed(chunks, always_whole) == whole, "chunks change nothing");
      CompareStreamed(whole, Feed(chunks, small_pieces));
    }
    if (!authenticated) continue;
    for (const Seen& seen : whole.requests) {
      Check(seen.complete && !seen.streamed && !seen.args.empty(), "requests are whole");
      Use(seen.args);
    }
  }
  // SplitWords() is for one line, in which there is no NUL.
  std::string storage;
  std::vector<resp::Word> words;
  resp::SplitWords(in.substr(0, in.find('\0')), &storage, &words);
  for (const resp::Word& word : words) {
    Check(word.offset + word.size <= storage.size(), "words lie in their storage");
  }
}

}  // namespace
}  // namespace keyhole::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  keyhole::fuzz::TestOneInput({reinterpret_cast<const char*>(data), size});
  return 0;
}
