#include "resp/request_parser.h"

#include <algorithm>
#include <cstring>

#include "resp/number.h"
#include "resp/request_fast.h"

namespace keyhole::resp {
namespace {

constexpr size_t kNotFound = std::string_view::npos;
constexpr size_t kMaxWholeArguments = 1024;  // more are not worth beginning twice
constexpr size_t kMaxTailArguments = 16;
constexpr size_t kMaxTailArgumentBytes = 64;

// Offset of `byte` in in[from, end), kNotFound if it is not there.
size_t FindByte(std::string_view in, size_t from, char byte) {
  if (from >= in.size()) return kNotFound;
  const void* hit = std::memchr(in.data() + from, byte, in.size() - from);
  return hit == nullptr ? kNotFound
                        : static_cast<size_t>(static_cast<const char*>(hit) - in.data());
}

// Redis looks for the end of a line with strchr(): to it, a line with a NUL has none.
bool HasNul(std::string_view line) {
  return FindByte(line, 0, '\0') != kNotFound;
}

bool IsSpace(char c) {
  return c == ' ' || (c >= '\t' && c <= '\r');
}

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

char Unescape(char c) {
  switch (c) {
    case 'n':
      return '\n';
    case 'r':
      return '\r';
    case 't':
      return '\t';
    case 'b':
      return '\b';
    case 'a':
      return '\a';
    default:
      return c;
  }
}

// Reads the double-quoted part that begins after in[*i - 1] == '"'; leaves *i after the closing
// quote. False if it is not closed, or if something other than a space follows the quote.
bool ReadDoubleQuoted(std::string_view in, size_t* i, std::string* out) {
  for (; *i < in.size(); ++*i) {
    const char c = in[*i];
    if (c == '\\' && *i + 3 < in.size() && in[*i + 1] == 'x' && HexDigit(in[*i + 2]) >= 0 &&
        HexDigit(in[*i + 3]) >= 0) {
      out->push_back(static_cast<char>(HexDigit(in[*i + 2]) * 16 + HexDigit(in[*i + 3])));
      *i += 3;
    } else if (c == '\\' && *i + 1 < in.size()) {
      out->push_back(Unescape(in[++*i]));
    } else if (c == '"') {
      ++*i;
      return *i == in.size() || IsSpace(in[*i]);
    } else {
      out->push_back(c);
    }
  }
  return false;
}

// The same for '...', where \' is the only escape.
bool ReadSingleQuoted(std::string_view in, size_t* i, std::string* out) {
  for (; *i < in.size(); ++*i) {
    if (in[*i] == '\\' && *i + 1 < in.size() && in[*i + 1] == '\'') {
      out->push_back('\'');
      ++*i;
    } else if (in[*i] == '\'') {
      ++*i;
      return *i == in.size() || IsSpace(in[*i]);
    } else {
      out->push_back(in[*i]);
    }
  }
  return false;
}

}  // namespace

bool SplitWords(std::string_view line, std::string* storage, std::vector<Word>* words) {
  line = line.substr(0, line.find('\0'));
  size_t i = 0;
  while (true) {
    while (i < line.size() && IsSpace(line[i])) ++i;
    if (i == line.size()) return true;
    const size_t offset = storage->size();
    while (i < line.size() &&
           !(line[i] == ' ' || line[i] == '\n' || line[i] == '\r' || line[i] == '\t')) {
      const char c = line[i++];
      if (c == '"' || c == '\'') {
        if (!(c == '"' ? ReadDoubleQuoted(line, &i, storage)
                       : ReadSingleQuoted(line, &i, storage))) {
          return false;
        }
        break;  // a space follows: the word is complete
      }
      storage->push_back(c);
    }
    words->push_back({offset, storage->size() - offset});
  }
}

RequestParser::Result RequestParser::ParseOn(std::string_view in) {
  consumed_ = 0;
  if (phase_ == Phase::kFailed) return Result::kError;
  if (phase_ == Phase::kStream) return StreamOn(in);
  bool go_on = true;
  while (go_on) {
    switch (phase_) {
      case Phase::kStart:
        if (pos_ == in.size()) {
          go_on = NeedMore();
        } else {
          if (steps_ == nullptr) steps_ = std::make_unique<Steps>();
          phase_ = in[pos_] == '*' ? Phase::kCount : Phase::kInline;
        }
        break;
      case Phase::kInline:
        go_on = ParseInline(in);
        break;
      case Phase::kCount:
        go_on = ParseCount(in);
        break;
      case Phase::kArguments:
        go_on = ParseArguments(in);
        break;
      case Phase::kStream:
      case Phase::kFailed:
        go_on = false;
        break;
    }
  }
  return result_;
}

bool RequestParser::NeedMore() {
  result_ = Result::kNeedMore;
  consumed_ = start_;  // empty requests that were skipped
  pos_ -= start_;
  start_ = 0;
  return false;
}

void RequestParser::SkipTo(size_t pos) {
  start_ = pos_ = pos;
  phase_ = Phase::kStart;
}

bool RequestParser::Fail(std::string_view text) {
  steps_->error.assign("-ERR Protocol error: ");
  for (const char c : text) steps_->error.push_back(c == '\r' || c == '\n' ? ' ' : c);
  steps_->error.append("\r\n");
  phase_ = Phase::kFailed;
  result_ = Result::kError;
  return false;
}

// The usual request, here as a whole: "*2\r\n$3\r\nGET\r\n$1\r\na\r\n", at the start. False, and
// nothing has changed, if it is anything else. Then it is read step by step, by those who know
// every limit and error.
bool RequestParser::TakeWhole(std::string_view in) {
  const char* const begin = in.data();
  const char* const end = in.data() + in.size();
  const char* at = begin;
  size_t count = 0;
  if (!limits_.authenticated || !ReadCount(&at, end, &count) || count == 0 ||
      count > kMaxWholeArguments) {
    return false;
  }
  const size_t most = std::min(limits_.big_argument, static_cast<size_t>(limits_.max_bulk));
  if (args_.size() < count) args_.resize(count);  // stays as long: shrinking takes time
  for (size_t i = 0; i < count; ++i) {
    std::string_view& argument = args_[i];
    if (!ReadBulk(&at, end, &argument) || argument.size() > most ||
        static_cast<size_t>(argument.data() - begin) > limits_.big_request) {
      return false;
    }
  }
  request_ = {{args_.data(), count}, {begin, static_cast<size_t>(at - begin)}};
  result_ = Result::kRequest;
  consumed_ = static_cast<size_t>(at - begin);
  return true;
}

bool RequestParser::ParseInline(std::string_view in) {
  // Redis looks for the newline with strchr(): a NUL byte hides all that follows it.
  const std::string_view line_and_rest = in.substr(start_);
  const size_t newline = line_and_rest.find('\n');
  const bool hidden =
      newline != kNotFound && FindByte(line_and_rest.substr(0, newline), 0, 0) != kNotFound;
  if (newline == kNotFound || hidden || newline > kMaxInlineBytes) {
    if (line_and_rest.size() > kMaxInlineBytes) return Fail("too big inline request");
    return NeedMore();
  }
  steps_->inline_text.clear();
  std::vector<Word> words;
  if (!SplitWords(line_and_rest.substr(0, newline), &steps_->inline_text, &words)) {
    return Fail("unbalanced quotes in request");
  }
  const size_t end = start_ + newline + 1;
  if (words.empty()) {
    SkipTo(end);
    return true;
  }
  args_.clear();
  for (const Word& word : words) {
    args_.emplace_back(std::string_view(steps_->inline_text).substr(word.offset, word.size));
  }
  request_ = {args_, in.substr(start_, end - start_)};
  result_ = Result::kRequest;
  consumed_ = end;
  SkipTo(0);
  return false;
}

bool RequestParser::ParseCount(std::string_view in) {
  const size_t line = start_ + 1;
  size_t cr = FindByte(in, line, '\r');
  int64_t count = 0;
  const bool complete = cr != kNotFound && cr + 1 < in.size();
  const bool valid =
      complete && ParseInteger(in.substr(line, cr - line), &count) && count <= kMaxArguments;
  if (!valid && complete && HasNul(in.substr(line, cr - line))) cr = kNotFound;
  if ((cr == kNotFound ? in.size() : cr) - start_ > kMaxInlineBytes) {
    return Fail("too big mbulk count string");
  }
  if (cr == kNotFound || !complete) return NeedMore();
  if (!valid) return Fail("invalid multibulk length");
  if (count > kMaxUnauthenticatedArguments && !limits_.authenticated) {
    return Fail("unauthenticated multibulk length");
  }
  pos_ = cr + 2;
  if (count <= 0) {
    SkipTo(pos_);
    return true;
  }
  steps_->arguments_left = count;
  steps_->bulk_known = false;
  steps_->slices.clear();
  phase_ = Phase::kArguments;
  return true;
}

// Reads "$<size>\r\n" at pos_. False if it is not complete or wrong.
bool RequestParser::ParseBulkHeader(std::string_view in) {
  size_t cr = FindByte(in, pos_, '\r');
  int64_t size = 0;
  const bool complete = cr != kNotFound && cr + 1 < in.size();
  const bool valid = complete && in[pos_] == '$' &&
                     ParseInteger(in.substr(pos_ + 1, cr - pos_ - 1), &size) && size >= 0 &&
                     size <= limits_.max_bulk;
  if (!valid && complete && HasNul(in.substr(pos_, cr - pos_))) cr = kNotFound;
  if ((cr == kNotFound ? in.size() : cr) - pos_ > kMaxInlineBytes) {
    return Fail("too big bulk count string");
  }
  if (cr == kNotFound || !complete) {
    result_ = Result::kNeedMore;
    return false;
  }
  if (in[pos_] != '$') return Fail(std::string("expected '$', got '") + in[pos_] + "'");
  if (!valid) return Fail("invalid bulk length");
  if (size > kMaxUnauthenticatedBulkBytes && !limits_.authenticated) {
    return Fail("unauthenticated bulk length");
  }
  steps_->bulk_size = static_cast<size_t>(size);
  steps_->bulk_known = true;
  pos_ = cr + 2;
  return true;
}

bool RequestParser::ParseArguments(std::string_view in) {
  while (steps_->arguments_left > 0) {
    if (!steps_->bulk_known) {
      if (pos_ - start_ > limits_.big_request) return BeginStream(in, 0);
      if (!ParseBulkHeader(in)) return result_ == Result::kNeedMore && NeedMore();
      if (steps_->bulk_size > limits_.big_argument) return BeginStream(in, steps_->bulk_size + 2);
    }
    if (in.size() - pos_ < steps_->bulk_size + 2) return NeedMore();
    steps_->slices.push_back({pos_ - start_, steps_->bulk_size});
    pos_ += steps_->bulk_size + 2;
    steps_->bulk_known = false;
    --steps_->arguments_left;
  }
  args_.clear();
  for (const Slice& slice : steps_->slices)
    args_.emplace_back(in.data() + start_ + slice.offset, slice.size);
  request_ = {args_, in.substr(start_, pos_ - start_)};
  result_ = Result::kRequest;
  consumed_ = pos_;
  SkipTo(0);
  return false;
}

void RequestParser::Relocate(std::string_view in) {
  const size_t begin = consumed_ - request_.bytes.size();
  request_.bytes = in.substr(begin, request_.bytes.size());
  for (size_t i = 0; i < steps_->slices.size(); ++i) {
    args_[i] = {request_.bytes.data() + steps_->slices[i].offset, steps_->slices[i].size};
  }
}

// Hands out all up to pos_ as the head; the rest comes in pieces.
bool RequestParser::BeginStream(std::string_view in, size_t body_left) {
  args_.clear();
  for (const Slice& slice : steps_->slices)
    args_.emplace_back(in.data() + start_ + slice.offset, slice.size);
  const size_t announced = steps_->slices.size() + static_cast<size_t>(steps_->arguments_left);
  request_ = {args_, in.substr(start_, pos_ - start_), announced};
  consumed_ = pos_;
  start_ = pos_ = 0;
  steps_->body_left = body_left;
  steps_->keep_word = false;
  steps_->bulk_known = false;
  steps_->tail.clear();
  phase_ = Phase::kStream;
  result_ = Result::kHead;
  return false;
}

RequestParser::Result RequestParser::StreamOn(std::string_view in) {
  pos_ = 0;
  while (steps_->arguments_left > 0) {
    if (steps_->body_left == 0) {
      if (!ParseBulkHeader(in)) break;
      steps_->body_left = steps_->bulk_size + 2;
      steps_->keep_word =
          steps_->bulk_size <= kMaxTailArgumentBytes && steps_->tail.size() < kMaxTailArguments;
      if (steps_->keep_word) steps_->tail.emplace_back();
    }
    const size_t piece = std::min(steps_->body_left, in.size() - pos_);
    if (steps_->keep_word) TakeBody(in.substr(pos_, piece));
    pos_ += piece;
    steps_->body_left -= piece;
    if (steps_->body_left > 0) break;
    --steps_->arguments_left;
  }
  if (phase_ == Phase::kFailed) return result_;
  consumed_ = pos_;
  request_ = {{}, in.substr(0, pos_)};
  pos_ = 0;
  if (steps_->arguments_left > 0) return consumed_ > 0 ? Result::kBody : Result::kNeedMore;
  args_.assign(steps_->tail.begin(), steps_->tail.end());
  request_.args = args_;
  SkipTo(0);
  return Result::kTail;
}

// Collects the body of a small argument, without its CRLF.
void RequestParser::TakeBody(std::string_view piece) {
  std::string& word = steps_->tail.back();
  word.append(piece.substr(0, steps_->bulk_size - std::min(steps_->bulk_size, word.size())));
}

}  // namespace keyhole::resp
