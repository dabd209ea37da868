#include "proxy/http/http_item.h"

#include <algorithm>
#include <boost/json/basic_parser_impl.hpp>
#include <boost/json/serialize.hpp>

#include "proxy/base/percent.h"
#include "proxy/base/text.h"
#include "resp/command_table.h"

namespace keyhole::core {
namespace {

namespace json = boost::json;

// Takes the three members of interest from the parser's events. The parser's own tree would lose
// how a number was written.
class ItemHandler {
 public:
  static constexpr size_t max_object_size = static_cast<size_t>(-1);
  static constexpr size_t max_array_size = static_cast<size_t>(-1);
  static constexpr size_t max_key_size = static_cast<size_t>(-1);
  static constexpr size_t max_string_size = static_cast<size_t>(-1);

  explicit ItemHandler(PostedItem* item) : item_(item) {}

  // What is wrong though it is JSON; empty if nothing.
  const std::string& problem() const { return problem_; }

  bool on_document_begin(json::error_code&) { return true; }
  bool on_document_end(json::error_code&) { return true; }
  bool on_object_begin(json::error_code&) {
    if (depth_ > 0) Other();
    ++depth_;
    return true;
  }
  bool on_object_end(size_t, json::error_code&) {
    --depth_;
    return true;
  }
  bool on_array_begin(json::error_code&) {
    Other();
    ++depth_;
    return true;
  }
  bool on_array_end(size_t, json::error_code&) {
    --depth_;
    return true;
  }
  bool on_key_part(json::string_view part, size_t, json::error_code&) {
    text_.append(part.data(), part.size());
    return true;
  }
  bool on_key(json::string_view part, size_t, json::error_code&) {
    text_.append(part.data(), part.size());
    if (depth_ == 1) member_ = MemberOf(text_);
    text_.clear();
    return true;
  }
  bool on_string_part(json::string_view part, size_t, json::error_code&) {
    text_.append(part.data(), part.size());
    return true;
  }
  bool on_string(json::string_view part, size_t, json::error_code&) {
    text_.append(part.data(), part.size());
    String();
    text_.clear();
    return true;
  }
  bool on_number_part(json::string_view part, json::error_code&) {
    text_.append(part.data(), part.size());
    return true;
  }
  bool on_int64(int64_t number, json::string_view part, json::error_code&) {
    return Number(part, number);
  }
  bool on_uint64(uint64_t, json::string_view part, json::error_code&) { return Number(part, 0); }
  bool on_double(double, json::string_view part, json::error_code&) { return Number(part, 0); }
  bool on_bool(bool, json::error_code&) { return Other(); }
  bool on_null(json::error_code&);
  bool on_comment_part(json::string_view, json::error_code&) { return true; }
  bool on_comment(json::string_view, json::error_code&) { return true; }

 private:
  enum class Member : uint8_t { kOther, kKey, kValue, kTtl };

  static Member MemberOf(std::string_view name) {
    if (name == "key") return Member::kKey;
    if (name == "value") return Member::kValue;
    // The member is named as the command.
    if (name == resp::Spec(resp::CommandId::kTtl).name) return Member::kTtl;
    return Member::kOther;
  }

  void String();
  bool Number(json::string_view part, int64_t number);
  bool Other();
  void Wrong(std::string problem) {
    if (problem_.empty()) problem_ = std::move(problem);
  }

  PostedItem* const item_;
  int depth_ = 0;
  Member member_ = Member::kOther;  // whose value comes next, at depth 1
  std::string text_;                // of a key, string or number that comes in parts
  std::string problem_;
};

bool ItemHandler::on_null(json::error_code&) {
  if (depth_ == 0) return Other();
  if (depth_ > 1) return true;
  if (member_ == Member::kKey) item_->key.reset();
  if (member_ == Member::kValue) item_->value.reset();
  if (member_ == Member::kTtl) item_->ttl.reset();
  return true;
}

void ItemHandler::String() {
  if (depth_ != 1 || member_ == Member::kTtl) {
    Other();
  } else if (member_ == Member::kKey) {
    item_->key = text_;
  } else if (member_ == Member::kValue) {
    item_->value = text_;
  }
}

bool ItemHandler::Number(json::string_view part, int64_t number) {
  text_.append(part.data(), part.size());
  if (depth_ != 1 || member_ == Member::kKey) {
    Other();
  } else if (member_ == Member::kValue) {
    item_->value = text_;
  } else if (member_ == Member::kTtl) {
    if (number < 1 || number > kMaxTtlSeconds) Wrong(TtlProblem());
    item_->ttl = number;
  }
  text_.clear();
  return true;
}

// A kind of value that does not go with the member.
bool ItemHandler::Other() {
  if (depth_ == 0) {
    Wrong(R"(The body must be a JSON object, as in {"key": "foo", "value": "bar"})");
  } else if (depth_ == 1 && member_ == Member::kKey) {
    Wrong("key must be a string");
  } else if (depth_ == 1 && member_ == Member::kValue) {
    Wrong("value must be a string or a number");
  } else if (depth_ == 1 && member_ == Member::kTtl) {
    Wrong(TtlProblem());
  }
  return true;
}

}  // namespace

std::optional<std::string> ParseItem(std::string_view text, PostedItem* item) {
  // With no options: no comments, no trailing commas, UTF-8 is checked, 32 levels deep at most.
  json::basic_parser<ItemHandler> parser(json::parse_options{}, item);
  json::error_code error;
  const size_t used = parser.write_some(false, text.data(), text.size(), error);
  if (!error && used < text.size()) error = json::error::extra_data;
  if (error) {
    return "The body is not valid JSON (" + error.message() + ", at byte " +
           std::to_string(used + 1) + R"(); send {"key": "foo", "value": "bar"})";
  }
  const std::string& problem = parser.handler().problem();
  if (!problem.empty()) return problem;
  return std::nullopt;
}

std::string TtlProblem() {
  return std::string(resp::Spec(resp::CommandId::kTtl).name) +
         " must be a whole number of seconds from 1 to " + std::to_string(kMaxTtlSeconds);
}

std::string JsonString(std::string_view bytes) {
  return json::serialize(json::string_view(EscapeInvalidUtf8(bytes)));
}

std::string JsonName(std::string_view key) {
  return json::serialize(json::string_view(EscapeInvalidUtf8(key, true)));
}

namespace {

// Cuts off what stands before the mark, and the mark; all, if there is none.
std::string_view TakeUntil(char mark, std::string_view* text) {
  const size_t at = text->find(mark);
  const std::string_view taken = text->substr(0, at);
  *text = at == text->npos ? std::string_view() : text->substr(at + 1);
  return taken;
}

}  // namespace

std::optional<std::string> QueryParameter(std::string_view query, std::string_view name,
                                          bool* valid) {
  while (!query.empty()) {
    std::string_view pair = TakeUntil('&', &query);
    if (TakeUntil('=', &pair) != name) continue;
    std::optional<std::string> value = PercentDecode(pair);
    *valid = value.has_value();
    return value;
  }
  *valid = true;
  return std::nullopt;
}

}  // namespace keyhole::core
