// HttpRequestReader: whatever it accepts, a strict reader of RFC 9112 that shares no line with it
// accepts too, and finds the same bodies in the same places; and however the bytes come in, it
// finds the same. So nothing can be a body for one and a request for another.
//
// An input is what a client sends on one connection.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "proxy/http/http_framing.h"
#include "tests/fuzz/fuzz_support.h"

namespace keyhole::fuzz {
namespace {

using core::HttpRequestReader;
using Result = HttpRequestReader::Result;

constexpr size_t kBodyLimit = 4096;

// One request that has been read to its end.
struct Message {
  size_t end = 0;  // where the next one begins
  std::string method;
  std::string host;
  std::string body;
  bool operator==(const Message&) const = default;
};

// ---- the other reader: takes a request apart as a whole, never a byte at a time

// The text up to the next CRLF; none if there is no such, or if it has a CR or an LF of its own.
std::optional<std::string> Line(std::string_view in, size_t* at) {
  const size_t end = in.find("\r\n", *at);
  if (end == std::string_view::npos) return std::nullopt;
  std::string line(in.substr(*at, end - *at));
  if (line.find_first_of("\r\n") != std::string::npos) return std::nullopt;
  *at = end + 2;
  return line;
}

bool OnlyOf(std::string_view text, std::string_view alphabet) {
  return text.find_first_not_of(alphabet) == std::string_view::npos;
}

constexpr std::string_view kDigits = "0123456789";
constexpr std::string_view kHex = "0123456789abcdefABCDEF";
constexpr std::string_view kTchar =
    "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

bool HasControl(std::string_view text, bool tab_is_one) {
  for (const char c : text) {
    if (c == 0x7f || (c >= 0 && c < 0x20 && (tab_is_one || c != '\t'))) return true;
  }
  return false;
}

std::string Lower(std::string text) {
  for (char& c : text) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  }
  return text;
}

using Fields = std::multimap<std::string, std::string>;

bool AddField(const std::string& line, Fields* fields) {
  const size_t colon = line.find(':');
  if (colon == std::string::npos || colon == 0) return false;
  const std::string name = line.substr(0, colon);
  std::string value = line.substr(colon + 1);
  if (!OnlyOf(name, kTchar) || HasControl(value, false)) return false;
  value.erase(0, value.find_first_not_of(" \t"));
  value.erase(value.find_last_not_of(" \t") + 1);
  fields->emplace(Lower(name), value);
  return true;
}

std::optional<uint64_t> Number(std::string_view digits, unsigned base) {
  uint64_t number = 0;
  if (digits.empty()) return std::nullopt;
  for (const char c : digits) {
    if (number > kBodyLimit) return std::nullopt;
    const unsigned digit =
        c <= '9' ? static_cast<unsigned>(c - '0') : static_cast<unsigned>((c | 32) - 'a') + 10;
    number = number * base + digit;
  }
  if (number > kBodyLimit) return std::nullopt;
  return number;
}

bool ReadChunks(std::string_view in, Message* message) {
  while (true) {
    const std::optional<std::string> line = Line(in, &message->end);
    if (!line) return false;
    const std::string digits = line->substr(0, line->find(';'));
    if (!OnlyOf(digits, kHex) || HasControl(line->substr(digits.size()), false)) return false;
    const std::optional<uint64_t> size = Number(digits, 16);
    if (!size) return false;
    if (*size == 0) break;
    if (in.size() - message->end < *size + 2) return false;
    message->body += in.substr(message->end, *size);
    message->end += *size;
    if (in.substr(message->end, 2) != "\r\n") return false;
    message->end += 2;
  }
  Fields trailers;
  while (true) {
    const std::optional<std::string> line = Line(in, &message->end);
    if (!line) return false;
    if (line->empty()) return message->body.size() <= kBodyLimit;
    if (!AddField(*line, &trailers)) return false;
  }
}

std::optional<Message> StrictRead(std::string_view in, size_t at) {
  Message message;
  while (in.substr(at, 2) == "\r\n") at += 2;
  const std::optional<std::string> first = Line(in, &at);
  if (!first) return std::nullopt;
  const size_t one = first->find(' ');
  const size_t two = first->rfind(' ');
  if (one == std::string::npos || one == two) return std::nullopt;
  message.method = first->substr(0, one);
  const std::string target = first->substr(one + 1, two - one - 1);
  const std::string version = first->substr(two + 1);
  if (message.method.empty() || !OnlyOf(message.method, kTchar)) return std::nullopt;
  if (target.empty() || target.find(' ') != std::string::npos || HasControl(target, true)) {
    return std::nullopt;
  }
  if (version != "HTTP/1.1" && version != "HTTP/1.0") return std::nullopt;

  Fields fields;
  while (true) {
    const std::optional<std::string> line = Line(in, &at);
    if (!line) return std::nullopt;
    if (line->empty()) break;
    if (!AddField(*line, &fields)) return std::nullopt;
  }
  const size_t hosts = fields.count("host");
  if (hosts > 1 || (hosts == 0 && version == "HTTP/1.1")) return std::nullopt;
  const size_t scheme = target[0] == '/' ? std::string::npos : target.find("://");
  std::string authority;
  if (scheme != std::string::npos) {
    authority = target.substr(scheme + 3, target.find_first_of("/?#", scheme + 3) - scheme - 3);
    if (authority.find('@') != std::string::npos) return std::nullopt;
  } else if (target[0] != '/' && target != "*") {
    return std::nullopt;
  }
  message.host = hosts == 1 ? fields.find("host")->second : authority;
  if (hosts == 1 && scheme != std::string::npos) {
    // Ports that are left out aside, they are the same.
    const std::string asked = Lower(authority.substr(0, authority.rfind(':')));
    if (!Lower(message.host).starts_with(asked)) return std::nullopt;
  }
  message.end = at;
  if (fields.count("transfer-encoding") > 0) {
    if (fields.count("transfer-encoding") > 1 || fields.count("content-length") > 0 ||
        version == "HTTP/1.0" || Lower(fields.find("transfer-encoding")->second) != "chunked" ||
        !ReadChunks(in, &message)) {
      return std::nullopt;
    }
    return message;
  }
  if (fields.count("content-length") > 1) return std::nullopt;
  if (fields.count("content-length") == 1) {
    const std::string digits = fields.find("content-length")->second;
    if (!OnlyOf(digits, kDigits)) return std::nullopt;
    const std::optional<uint64_t> size = Number(digits, 10);
    if (!size || in.size() - at < *size) return std::nullopt;
    message.body = in.substr(at, *size);
    message.end = at + *size;
  }
  return message;
}

// ---- ours

struct Reading {
  std::vector<Message> messages;
  int refused = 0;  // the status, if the connection ended so
  bool operator==(const Reading&) const = default;
};

Reading ReadAll(const std::vector<std::string_view>& chunks) {
  Reading reading;
  std::string input;
  size_t done = 0;  // bytes consumed so far
  std::optional<HttpRequestReader> reader(std::in_place, kBodyLimit);
  Message message;
  size_t next = 0;
  while (true) {
    Result result{};
    {
      const ExactCopy copy(input);
      result = reader->Read(copy.view());
      Check(reader->consumed() <= input.size(), "no more is consumed than there is");
      if (result == Result::kHead) {
        message.host = reader->host();
        Check(reader->head().ends_with("\r\n\r\n"), "a head ends with an empty line");
      }
    }
    input.erase(0, reader->consumed());
    done += reader->consumed();
    if (result == Result::kRefused) {
      reading.refused = reader->refusal().status;
      Check(reading.refused >= 400 && !reader->refusal().text.empty(), "a refusal says why");
      return reading;
    }
    if (result == Result::kDone) {
      message.end = done;
      message.method = reader->method();
      message.body = std::move(reader->body());
      Check(message.body.size() <= kBodyLimit, "a body is within its limit");
      reading.messages.push_back(std::exchange(message, {}));
      reader.emplace(kBodyLimit);
    }
    if (result != Result::kNeedMore) continue;
    Check(input.size() <= HttpRequestReader::kMaxHeadBytes + 2, "what is kept is bounded");
    if (next == chunks.size()) return reading;
    input += chunks[next++];
  }
}

void TestOneInput(std::string_view in) {
  const std::vector<std::vector<std::string_view>> splittings = Splittings(in);
  const Reading whole = ReadAll(splittings[0]);
  for (const auto& chunks : splittings) {
    Check(ReadAll(chunks) == whole, "it does not matter how the bytes come");
  }
  size_t begin = 0;
  for (const Message& message : whole.messages) {
    const std::optional<Message> other = StrictRead(in, begin);
    Check(other.has_value(), "what is accepted is accepted by a strict reader");
    Check(*other == message, "and is the same request for both");
    begin = message.end;
  }
}

}  // namespace
}  // namespace keyhole::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  keyhole::fuzz::TestOneInput({reinterpret_cast<const char*>(data), size});
  return 0;
}
