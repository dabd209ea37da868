#include "resp/reply_scanner.h"

#include <algorithm>
#include <cstring>

#include "resp/number.h"

namespace keyhole::resp {
namespace {

// More values than any reply can have; keeps the sums below from overflowing.
constexpr int64_t kMaxValues = int64_t{1} << 48;
// A simple string that is not longer is looked for at once.
constexpr std::ptrdiff_t kUsualLine = 32;

}  // namespace

ReplyScanner::Result ReplyScanner::ScanOn(std::string_view in, size_t* used) {
  size_t pos = 0;
  if (state_ == State::kStart && !in.empty()) Begin();
  while (pos < in.size() && state_ != State::kStart && state_ != State::kFailed) {
    switch (state_) {
      case State::kType:
        type_ = in[pos++];
        line_size_ = 0;
        line_cr_ = false;
        state_ = State::kLine;
        break;
      case State::kLine:
        if (!ScanLine(in, &pos)) state_ = State::kFailed;
        break;
      case State::kBody:
        ScanBody(in, &pos);
        break;
      case State::kStart:
      case State::kFailed:
        break;
    }
  }
  *used = pos;
  if (state_ == State::kFailed) return Result::kError;
  return state_ == State::kStart && pos > 0 ? Result::kDone : Result::kNeedMore;
}

// The usual reply, here as a whole: "$3\r\nbar\r\n", "$-1\r\n", "+OK\r\n". False, and nothing has
// changed, if it is anything else; then it is read step by step.
bool ReplyScanner::TakeWhole(std::string_view in, size_t* used) {
  constexpr std::string_view kNullBulk = "$-1\r\n";
  const char* const end = in.data() + in.size();
  const char* at = in.data() + 1;
  const auto type = static_cast<ReplyType>(in[0]);
  size_t size = 0;
  bool is_null = false;
  text_size_ = 0;
  if (type == ReplyType::kSimpleString) {
    const char* const limit = end - at > kUsualLine ? at + kUsualLine : end;
    while (at != limit && *at != '\r') ++at;
    if (limit - at < 2 || at[1] != '\n') return false;
    TakeText(in.substr(1, static_cast<size_t>(at - in.data()) - 1));
    at += 2;
  } else if (type != ReplyType::kBulkString) {
    return false;
  } else if (ReadShortLength(&at, end, &size)) {
    if (at[-1] != '\n' || static_cast<size_t>(end - at) < size + 2) return false;
    at += size + 2;
  } else if (in.starts_with(kNullBulk)) {
    is_null = true;
    at = in.data() + kNullBulk.size();
  } else {
    return false;
  }
  elements_.clear();
  element_bytes_.clear();
  head_ = ReplyHead{};
  head_.type = type;
  head_.is_null = is_null;
  head_.integer = static_cast<int64_t>(size);
  head_.bytes = size;
  Finish();
  *used = static_cast<size_t>(at - in.data());
  return true;
}

void ReplyScanner::Begin() {
  state_ = State::kType;
  top_seen_ = false;
  take_text_ = false;
  missing_ = 1;
  skip_ = 0;
  element_missing_ = 0;
  first_element_ = true;
  text_size_ = 0;
  elements_.clear();
  element_bytes_.clear();
  head_ = ReplyHead{};
}

// Takes bytes of a header line up to CRLF. False if the line makes no sense.
bool ReplyScanner::ScanLine(std::string_view in, size_t* pos) {
  const std::string_view rest = in.substr(*pos);
  if (line_size_ == 0 && !line_cr_) {  // the usual case: the whole line is here
    const size_t end = rest.find("\r\n");
    if (end != std::string_view::npos) {
      *pos += end + 2;
      return EndLine(rest.substr(0, end));
    }
  }
  for (const char c : rest) {
    ++*pos;
    if (line_cr_ && c == '\n') {
      return EndLine(std::string_view(line_, std::min(line_size_, kMaxText)));
    }
    // A CR that no LF followed was a byte like any other.
    if (line_cr_ && line_size_++ < kMaxText) line_[line_size_ - 1] = '\r';
    line_cr_ = c == '\r';
    if (!line_cr_ && line_size_++ < kMaxText) line_[line_size_ - 1] = c;
  }
  return true;
}

bool ReplyScanner::EndLine(std::string_view line) {
  state_ = State::kType;
  int64_t integer = 0;
  Element what = Element::kValue;
  const auto type = static_cast<ReplyType>(type_);
  switch (type) {
    case ReplyType::kSimpleString:
    case ReplyType::kDouble:
    case ReplyType::kBigNumber:
      break;
    case ReplyType::kError:
      what = Element::kError;
      break;
    case ReplyType::kInteger:
      if (!ParseInteger(line, &integer)) return false;
      if (integer == 0) what = Element::kZero;
      break;
    case ReplyType::kNull:
      if (!line.empty()) return false;
      what = Element::kNull;
      break;
    case ReplyType::kBoolean:
      if (line != "t" && line != "f") return false;
      integer = line == "t" ? 1 : 0;
      if (integer == 0) what = Element::kZero;
      break;
    default:
      return EndCounted(line);
  }
  const Place place = Enter(what, what == Element::kNull, integer);
  if (place == Place::kElement && type == ReplyType::kInteger) head_.last_integer = integer;
  if (take_text_) TakeText(line);
  Close();
  return true;
}

// A line that gives a length or a count.
bool ReplyScanner::EndCounted(std::string_view line) {
  int64_t count = 0;
  if (!ParseInteger(line, &count) || count < -1 || count > kMaxValues) return false;
  const auto type = static_cast<ReplyType>(type_);
  const bool may_be_null = type == ReplyType::kBulkString || type == ReplyType::kArray;
  if (count == -1) {
    if (!may_be_null) return false;
    Enter(Element::kNull, true, 0);
    Close();
    return true;
  }
  const Element what = count == 0 ? Element::kEmpty : Element::kValue;
  switch (type) {
    case ReplyType::kBulkError:
    case ReplyType::kBulkString:
    case ReplyType::kVerbatim:
      if (Enter(type == ReplyType::kBulkError ? Element::kError : what, false, count) !=
              Place::kSkipped &&
          type != ReplyType::kBulkError) {
        head_.bytes += static_cast<uint64_t>(count);
      }
      body_left_ = static_cast<uint64_t>(count) + 2;
      state_ = State::kBody;
      return true;
    case ReplyType::kArray:
    case ReplyType::kSet:
    case ReplyType::kMap:
    case ReplyType::kPush:
    case ReplyType::kAttribute:
      EndAggregate(type, count);
      return missing_ + skip_ < 2 * kMaxValues;
    default:
      return false;
  }
}

void ReplyScanner::EndAggregate(ReplyType type, int64_t count) {
  const bool pairs = type == ReplyType::kMap || type == ReplyType::kAttribute;
  const int64_t values = pairs ? 2 * count : count;
  const bool aside = type == ReplyType::kAttribute || (type == ReplyType::kPush && top_seen_);
  if (aside) {  // stands before the value that is due, does not take its place
    skip_ += values;
    return;
  }
  const Place place = Enter(count == 0 ? Element::kEmpty : Element::kValue, false, count);
  take_text_ = false;
  if (place == Place::kSkipped) {
    skip_ += values;
  } else if (place != Place::kTop || !header_only_) {
    missing_ += values;
    if (element_missing_ > 0) element_missing_ += values;
  }
  Close();
}

// A value begins: notes what it is. Close() ends it.
ReplyScanner::Place ReplyScanner::Enter(Element what, bool is_null, int64_t integer) {
  if (skip_ > 0) return Place::kSkipped;
  if (!top_seen_) {
    top_seen_ = true;
    head_.type = static_cast<ReplyType>(type_);
    head_.is_null = is_null;
    head_.integer = integer;
    take_text_ = !is_null && (type_ == '+' || type_ == '-' || type_ == '!');
    return Place::kTop;
  }
  if (element_missing_ > 0) return Place::kDeep;
  element_missing_ = 1;
  element_ = what;
  bytes_before_ = head_.bytes;
  take_text_ = first_element_ && !is_null && (type_ == '+' || type_ == '-' || type_ == '$');
  first_element_ = false;
  return Place::kElement;
}

// One value is complete, or its header is and its elements have been added to what is missing.
void ReplyScanner::Close() {
  state_ = State::kType;
  take_text_ = false;
  if (skip_ > 0) {
    --skip_;
    return;
  }
  --missing_;
  if (element_missing_ > 0 && --element_missing_ == 0 && want_elements_) {
    elements_.push_back(element_);
    element_bytes_.push_back(head_.bytes - bytes_before_);
  }
  if (missing_ == 0) Finish();
}

void ReplyScanner::Finish() {
  state_ = State::kStart;
  head_.text = std::string_view(text_, text_size_);
  if (want_elements_) {
    head_.elements = &elements_;
    head_.element_bytes = &element_bytes_;
  }
  want_elements_ = false;
  header_only_ = false;
}

// Passes over a bulk's body and the CRLF behind it.
void ReplyScanner::ScanBody(std::string_view in, size_t* pos) {
  const uint64_t piece = std::min<uint64_t>(body_left_, in.size() - *pos);
  if (take_text_ && body_left_ > 2) {
    TakeText(in.substr(*pos, std::min<uint64_t>(piece, body_left_ - 2)));
  }
  *pos += piece;
  body_left_ -= piece;
  if (body_left_ == 0) Close();
}

void ReplyScanner::TakeText(std::string_view bytes) {
  const size_t piece = std::min(bytes.size(), kMaxText - text_size_);
  std::memcpy(text_ + text_size_, bytes.data(), piece);
  text_size_ += piece;
}

}  // namespace keyhole::resp
