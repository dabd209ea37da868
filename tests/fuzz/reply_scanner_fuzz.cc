// ReplyScanner.
//
//   1. How the input is cut into chunks changes nothing.
//   2. It agrees with hiredis' redisReader on where a reply ends, what it is, and what is no reply.
//
// Where the two may differ, as hiredis 0.14 is the narrower one: RESP3 types, arrays deeper than
// seven, counts above INT_MAX. And lengths above 2^48, for which the scanner does not wait.

#include <hiredis/read.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "resp/reply_scanner.h"
#include "tests/fuzz/fuzz_support.h"

namespace keyhole::fuzz {
namespace {

using resp::Element;
using resp::ReplyScanner;
using resp::ReplyType;
using Result = ReplyScanner::Result;

// A reply, as either of the two saw it.
struct Seen {
  ReplyType type = ReplyType::kNone;
  bool is_null = false;
  int64_t integer = 0;
  std::string text;
  int64_t last_integer = 0;
  std::vector<Element> elements;
  size_t end = 0;  // where in the input
  bool operator==(const Seen&) const = default;
};

struct Transcript {
  std::vector<Seen> replies;
  bool failed = false;
  bool operator==(const Transcript&) const = default;
};

struct Wish {
  bool elements = false;
  bool header_only = false;
};

void Express(Wish wish, ReplyScanner* scanner) {
  if (wish.elements) scanner->WantElements();
  if (wish.header_only) scanner->WantHeaderOnly();
}

Seen Describe(const resp::ReplyHead& head, size_t end) {
  Seen seen = {head.type,         head.is_null, head.integer, std::string(head.text),
               head.last_integer, {},           end};
  Check(head.text.size() <= ReplyScanner::kMaxText, "text is bounded");
  if (head.elements != nullptr) seen.elements = *head.elements;
  return seen;
}

Transcript Scan(const std::vector<std::string_view>& chunks, Wish wish) {
  Transcript out;
  ReplyScanner scanner;
  Express(wish, &scanner);
  size_t end = 0;
  for (const std::string_view chunk : chunks) {
    for (size_t pos = 0; pos < chunk.size();) {
      const ExactCopy in(chunk.substr(pos));
      size_t used = 0;
      const Result result = scanner.Scan(in.view(), &used);
      Check(used <= in.view().size(), "used <= size");
      pos += used;
      end += used;
      if (result == Result::kError) {
        Check(scanner.Scan(in.view(), &used) == Result::kError, "an error stays");
        out.failed = true;
        return out;
      }
      Check(scanner.at_start() == (result == Result::kDone), "at_start() between replies only");
      if (result == Result::kNeedMore) {
        Check(pos == chunk.size(), "all is used while more is needed");
        break;
      }
      Check(used > 0, "a reply has bytes");
      Check((scanner.head().elements != nullptr) == wish.elements, "elements as wished");
      out.replies.push_back(Describe(scanner.head(), end));
      Express(wish, &scanner);
    }
  }
  return out;
}

// ---- hiredis, building a Seen instead of a tree ----

bool IsElement(const redisReadTask* task) {
  return task->parent != nullptr && task->parent->parent == nullptr;
}

void* Note(const redisReadTask* task, ReplyType type, Element element, int64_t integer,
           std::string_view text) {
  Seen* seen = static_cast<Seen*>(task->privdata);
  text = text.substr(0, ReplyScanner::kMaxText);
  if (task->parent == nullptr) {
    seen->type = type;
    seen->is_null = element == Element::kNull;
    seen->integer = integer;
    if (type != ReplyType::kBulkString) seen->text = text;
  } else if (IsElement(task)) {
    if (seen->elements.empty()) seen->text = text;
    if (type == ReplyType::kInteger) seen->last_integer = integer;
    seen->elements.push_back(element);
  }
  return seen;  // anything but null
}

void* OnString(const redisReadTask* task, char* bytes, size_t size) {
  const std::string_view text(bytes, size);
  if (task->type == REDIS_REPLY_ERROR)
    return Note(task, ReplyType::kError, Element::kError, 0, text);
  if (task->type == REDIS_REPLY_STATUS) {
    return Note(task, ReplyType::kSimpleString, Element::kValue, 0, text);
  }
  return Note(task, ReplyType::kBulkString, size == 0 ? Element::kEmpty : Element::kValue,
              static_cast<int64_t>(size), text);
}

void* OnArray(const redisReadTask* task, int count) {
  return Note(task, ReplyType::kArray, count == 0 ? Element::kEmpty : Element::kValue, count, {});
}

void* OnInteger(const redisReadTask* task, long long value) {
  return Note(task, ReplyType::kInteger, value == 0 ? Element::kZero : Element::kValue, value, {});
}

void* OnNil(const redisReadTask* task) {
  const ReplyType type =
      task->type == REDIS_REPLY_ARRAY ? ReplyType::kArray : ReplyType::kBulkString;
  return Note(task, type, Element::kNull, 0, {});
}

enum class Verdict { kNeedMore, kDone, kError, kBeyondHiredis };

Verdict AskHiredis(std::string_view in, Seen* seen) {
  redisReplyObjectFunctions functions = {OnString, OnArray, OnInteger, OnNil, [](void*) {}};
  const std::unique_ptr<redisReader, void (*)(redisReader*)> reader(
      redisReaderCreateWithFunctions(&functions), redisReaderFree);
  reader->privdata = seen;
  redisReaderFeed(reader.get(), in.data(), in.size());
  void* reply = nullptr;
  if (redisReaderGetReply(reader.get(), &reply) == REDIS_OK) {
    return reply == nullptr ? Verdict::kNeedMore : Verdict::kDone;
  }
  const std::string_view error = redisReaderGetError(reader.get());
  const size_t quote = error.find("got \"");
  const bool resp3 =
      quote != std::string_view::npos &&
      std::string_view("_#,(!=%~>|").find(error[quote + 5]) != std::string_view::npos;
  if (resp3 || error.find("depth") != std::string_view::npos ||
      error.find("Multi-bulk length out of range") != std::string_view::npos) {
    return Verdict::kBeyondHiredis;
  }
  return Verdict::kError;
}

void CompareWithHiredis(std::string_view in, const Transcript& scanned) {
  size_t begin = 0;
  for (const Seen& reply : scanned.replies) {
    Seen theirs;
    theirs.end = reply.end;
    const std::string_view bytes = in.substr(begin, reply.end - begin);
    begin = reply.end;
    const Verdict verdict = AskHiredis(bytes, &theirs);
    if (verdict == Verdict::kBeyondHiredis) continue;
    Check(verdict == Verdict::kDone, "hiredis: this is a whole reply");
    Check(reply == theirs, "hiredis: the reply is described as it is");
    Seen ignored;
    Check(AskHiredis(bytes.substr(0, bytes.size() - 1), &ignored) == Verdict::kNeedMore,
          "hiredis: it ends where it ends");
  }
  Seen ignored;
  const Verdict verdict = AskHiredis(in.substr(begin), &ignored);
  if (verdict == Verdict::kBeyondHiredis) return;
  Check(verdict != Verdict::kDone, "hiredis: no reply is overlooked");
  if (scanned.failed || verdict == Verdict::kNeedMore) return;
  // hiredis objects to a type byte at once, the scanner at the end of its line.
  const std::string line_ended = std::string(in.substr(begin)) + "\r\n";
  Check(Scan({line_ended}, {}).failed, "hiredis: an error is one");
}

void TestOneInput(std::string_view in) {
  for (const Wish wish : {Wish{}, Wish{.elements = true}, Wish{.header_only = true}}) {
    const Transcript whole = Scan({in}, wish);
    for (const auto& chunks : Splittings(in)) {
      Check(Scan(chunks, wish) == whole, "chunks change nothing");
    }
    if (wish.elements) CompareWithHiredis(in, whole);
  }
}

}  // namespace
}  // namespace keyhole::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  keyhole::fuzz::TestOneInput({reinterpret_cast<const char*>(data), size});
  return 0;
}
