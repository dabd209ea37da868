#include "proxy/http/http_framing.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <optional>
#include <utility>

#include "absl/strings/ascii.h"
#include "proxy/base/authority.h"
#include "proxy/base/digits.h"
#include "resp/command_table.h"

namespace keyhole::core {
namespace {

using resp::EqualsIgnoreCase;

constexpr size_t kSizeDigits = 16;  // of a chunk's size, in hexadecimal
constexpr std::string_view kEndOfLine = "\r\n";
constexpr std::string_view kHeadTooLong = "Headers are larger than 16 KiB";

bool IsDigit(char c) {
  return absl::ascii_isdigit(static_cast<unsigned char>(c));
}

bool IsAlphanumeric(char c) {
  return absl::ascii_isalnum(static_cast<unsigned char>(c));
}

// RFC 9110 section 5.6.2.
bool IsToken(std::string_view text) {
  static constexpr std::string_view kMarks = "!#$%&'*+-.^_`|~";
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return IsAlphanumeric(c) || kMarks.find(c) != std::string_view::npos;
  });
}

// What may stand in a value: no control character but the tab.
bool IsText(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) {
    return c == '\t' || (static_cast<unsigned char>(c) >= ' ' && c != 0x7f);
  });
}

bool IsTarget(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return static_cast<unsigned char>(c) > ' ' && c != 0x7f;
  });
}

std::string_view Trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

struct Field {
  std::string_view name;
  std::string_view value;
};

// RFC 9112 section 5. None: the line is not a field.
std::optional<Field> ParseField(std::string_view line) {
  const size_t colon = line.find(':');
  if (colon == std::string_view::npos) return std::nullopt;
  const Field field{line.substr(0, colon), Trimmed(line.substr(colon + 1))};
  if (!IsToken(field.name) || !IsText(field.value)) return std::nullopt;
  return field;
}

// The part between "http://" and the path. None: the target is not absolute.
std::optional<std::string_view> AuthorityOf(std::string_view target, std::string_view* port) {
  const std::optional<std::string_view> rest = CutScheme(target, port);
  if (!rest) return std::nullopt;
  return rest->substr(0, rest->find_first_of("/?#"));
}

// Cuts the next line from `text`, which is made of whole ones.
std::string_view NextLine(std::string_view* text) {
  const size_t end = text->find(kEndOfLine);
  const std::string_view line = text->substr(0, end);
  text->remove_prefix(end + kEndOfLine.size());
  return line;
}

// Fields that are looked at, here or where it is decided whether a request is answered. What a
// second line of one of them says, a reader in front of us may have taken for the only one.
constexpr size_t kHost = 0;
constexpr size_t kContentLength = 1;
constexpr size_t kTransferEncoding = 2;
constexpr std::string_view kLooked[] = {
    "Host",         "Content-Length", "Transfer-Encoding", "Origin",
    "Content-Type", "Authorization",  "Sec-Fetch-Site",    "Access-Control-Request-Method"};

}  // namespace

struct HttpRequestReader::Fields {
  std::array<std::optional<std::string_view>, std::size(kLooked)> values;

  // False: there is one already.
  bool Add(const Field& field) {
    for (size_t i = 0; i < values.size(); ++i) {
      if (!EqualsIgnoreCase(field.name, kLooked[i])) continue;
      if (values[i].has_value()) return false;
      values[i] = field.value;
    }
    return true;
  }
};

bool HttpRequestReader::Refuse(int status, std::string_view text) {
  state_ = State::kRefused;
  refusal_ = {status, text};
  return false;
}

HttpRequestReader::Result HttpRequestReader::Read(std::string_view input) {
  consumed_ = 0;
  if (state_ == State::kHead && ReadHead(input)) return Result::kHead;
  if (state_ != State::kHead) {
    std::string_view rest = input;
    while (state_ < State::kDone && ReadBody(&rest)) {
    }
    consumed_ = input.size() - rest.size();
  }
  if (state_ == State::kDone) return Result::kDone;
  return state_ == State::kRefused ? Result::kRefused : Result::kNeedMore;
}

// Lines are read as they come, so that what is wrong is refused before the client waits for more;
// what they say together is looked at when all are there.
bool HttpRequestReader::ReadHead(std::string_view input) {
  while (true) {
    std::string_view rest = input.substr(scanned_);
    std::string_view line;
    if (!TakeLine(&rest, kMaxHeadBytes - std::min(scanned_, kMaxHeadBytes), &line)) {
      if (state_ == State::kRefused && refusal_.status == 413) {
        Refuse(431, kHeadTooLong);
      }
      return false;
    }
    scanned_ = input.size() - rest.size();
    if (scanned_ > kMaxHeadBytes) return Refuse(431, kHeadTooLong);
    if (method_.empty() && line.empty()) {
      begin_ = scanned_;
      continue;
    }
    if (!line.empty()) {
      if (!ReadHeadLine(line)) return false;
      continue;
    }
    head_ = input.substr(begin_, scanned_ - begin_);
    if (!EndHead()) return false;
    consumed_ = scanned_;
    return true;
  }
}

bool HttpRequestReader::ReadHeadLine(std::string_view line) {
  if (method_.empty()) return ReadRequestLine(line);
  if (line[0] == ' ' || line[0] == '\t') return Refuse(400, "A header spans two lines");
  if (!ParseField(line)) return Refuse(400, "A header is not valid; write Name: value");
  return true;
}

bool HttpRequestReader::ReadRequestLine(std::string_view line) {
  constexpr std::string_view kInvalid = "Not a valid HTTP/1.1 request";
  const size_t first = line.find(' ');
  const size_t last = line.rfind(' ');
  if (first == last) return Refuse(400, kInvalid);
  const std::string_view target = line.substr(first + 1, last - first - 1);
  const std::string_view version = line.substr(last + 1);
  http10_ = version == "HTTP/1.0";
  std::string_view ignored;
  if (!IsToken(line.substr(0, first)) || !IsTarget(target) || (version != "HTTP/1.1" && !http10_) ||
      (target[0] != '/' && target != "*" && !AuthorityOf(target, &ignored))) {
    return Refuse(400, kInvalid);
  }
  method_ = line.substr(0, first);
  return true;
}

// The lines are valid one by one.
bool HttpRequestReader::EndHead() {
  std::string_view rest = head_;
  const std::string_view request_line = NextLine(&rest);
  const size_t first = request_line.find(' ');
  const std::string_view target =
      request_line.substr(first + 1, request_line.rfind(' ') - first - 1);
  Fields fields;
  for (std::string_view line; !(line = NextLine(&rest)).empty();) {
    if (!fields.Add(*ParseField(line))) {
      return Refuse(400, "A header that may stand once stands there twice");
    }
  }
  return CheckHost(fields, target) && CheckFraming(fields);
}

bool HttpRequestReader::CheckHost(const Fields& fields, std::string_view target) {
  const std::optional<std::string_view> host = fields.values[kHost];
  Authority named;
  if (host && !Authority::Parse(*host, &named)) return Refuse(400, "Host is not a valid host");
  if (!host && !http10_) return Refuse(400, "The header Host is missing");
  host_ = host.value_or(std::string_view());
  std::string_view port;
  const std::optional<std::string_view> absolute = AuthorityOf(target, &port);
  if (!absolute) return true;
  Authority asked;
  if (!Authority::Parse(*absolute, &asked) || (host && !asked.Equals(named, port))) {
    return Refuse(400, "The request's target names another host than the header Host");
  }
  if (!host) host_ = *absolute;
  return true;
}

// RFC 9112 section 6.
bool HttpRequestReader::CheckFraming(const Fields& fields) {
  const std::optional<std::string_view> encoding = fields.values[kTransferEncoding];
  const std::optional<std::string_view> length = fields.values[kContentLength];
  if (encoding) {
    if (http10_) return Refuse(400, "HTTP/1.0 has no Transfer-Encoding");
    if (length) return Refuse(400, "Content-Length and Transfer-Encoding exclude each other");
    if (!EqualsIgnoreCase(*encoding, "chunked")) {
      const size_t comma = encoding->rfind(',');
      const bool ends_chunked = comma != std::string_view::npos &&
                                EqualsIgnoreCase(Trimmed(encoding->substr(comma + 1)), "chunked");
      return Refuse(ends_chunked ? 501 : 400, "Transfer-Encoding must be chunked and nothing else");
    }
    chunked_ = true;
    state_ = State::kChunkSize;
    return true;
  }
  if (length) {
    if (length->empty() || !std::all_of(length->begin(), length->end(), IsDigit)) {
      return Refuse(400, "Content-Length is not a number");
    }
    length_ = ParseDigits(*length).value_or(std::numeric_limits<uint64_t>::max());
    if (length_ > body_limit_) return Refuse(413, "Body is larger than --http-body-limit");
  }
  state_ = length_ > 0 ? State::kLength : State::kDone;
  return true;
}

bool HttpRequestReader::ReadBody(std::string_view* input) {
  std::string_view line;
  switch (state_) {
    case State::kLength:
    case State::kChunkData:
      return ReadData(input);
    case State::kChunkSize:
      return TakeLine(input, kSizeDigits + kMaxExtensionBytes - extensions_, &line) &&
             ReadChunkSize(line);
    case State::kChunkEnd:
      return ReadChunkEnd(input);
    case State::kTrailer:
      return TakeLine(input, kMaxHeadBytes - std::min(trailers_, kMaxHeadBytes), &line) &&
             ReadTrailer(line);
    case State::kHead:
    case State::kDone:
    case State::kRefused:
      break;
  }
  return false;
}

bool HttpRequestReader::ReadData(std::string_view* input) {
  const size_t size = static_cast<size_t>(std::min<uint64_t>(input->size(), length_));
  body_.append(input->substr(0, size));
  input->remove_prefix(size);
  length_ -= size;
  if (length_ > 0) return false;
  state_ = chunked_ ? State::kChunkEnd : State::kDone;
  return true;
}

bool HttpRequestReader::ReadChunkSize(std::string_view line) {
  constexpr std::string_view kInvalid = "The size of a chunk is not valid";
  const size_t digits = std::min(line.find(';'), line.size());
  uint64_t size = 0;
  const char* const end = line.data() + digits;
  const auto [stop, error] = std::from_chars(line.data(), end, size, 16);
  // from_chars takes a minus sign for unsigned numbers neither, nor a prefix.
  if (error != std::errc() || stop != end || digits > kSizeDigits) return Refuse(400, kInvalid);
  if (!IsText(line.substr(digits))) return Refuse(400, kInvalid);
  extensions_ += line.size() - digits;
  if (extensions_ > kMaxExtensionBytes) return Refuse(413, "Chunks have too many extensions");
  if (size > body_limit_ - body_.size()) {
    return Refuse(413, "Body is larger than --http-body-limit");
  }
  length_ = size;
  state_ = size > 0 ? State::kChunkData : State::kTrailer;
  return true;
}

bool HttpRequestReader::ReadChunkEnd(std::string_view* input) {
  if (!kEndOfLine.starts_with(input->substr(0, kEndOfLine.size()))) {
    return Refuse(400, "A chunk is longer than its size");
  }
  if (input->size() < kEndOfLine.size()) return false;
  input->remove_prefix(kEndOfLine.size());
  state_ = State::kChunkSize;
  return true;
}

// Trailers are read past: nothing in them is used.
bool HttpRequestReader::ReadTrailer(std::string_view line) {
  trailers_ += line.size() + kEndOfLine.size();
  if (line.empty()) {
    state_ = State::kDone;
  } else if (!ParseField(line)) {
    return Refuse(400, "A trailer is not valid; write Name: value");
  }
  return true;
}

// The next line without its end, of at most `limit` bytes.
bool HttpRequestReader::TakeLine(std::string_view* input, size_t limit, std::string_view* line) {
  const size_t end = input->substr(0, limit + kEndOfLine.size()).find('\n');
  if (end == std::string_view::npos) {
    if (input->size() < limit + kEndOfLine.size()) return false;
    return Refuse(413, "A line of the request is too long");
  }
  if (end == 0 || (*input)[end - 1] != '\r') return Refuse(400, "A line ends without CR");
  *line = input->substr(0, end - 1);
  if (line->find('\r') != std::string_view::npos) {
    return Refuse(400, "A CR stands in the middle of a line");
  }
  input->remove_prefix(end + 1);
  return true;
}

}  // namespace keyhole::core
