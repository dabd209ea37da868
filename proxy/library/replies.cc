#include "proxy/library/replies.h"

#include <charconv>
#include <optional>
#include <utility>

namespace keyhole {
namespace {

using core::ReplyElement;
using resp::ReplyType;

double DoubleOf(std::string_view text) {
  double value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

Reply Scalar(const ReplyElement& element) {
  switch (element.type) {
    case ReplyType::kSimpleString:
      return Reply(Status{element.text});
    case ReplyType::kError:
    case ReplyType::kBulkError:
      return Reply(Failure{Error::Code::kReply, element.text});
    case ReplyType::kInteger:
      return Reply(element.integer);
    case ReplyType::kBoolean:
      return Reply(element.text == "t");
    case ReplyType::kDouble:
      return Reply(DoubleOf(element.text));
    case ReplyType::kBigNumber:
      return Reply(BigNumber{element.text});
    case ReplyType::kVerbatim:  // txt:...
      return Reply(element.text.substr(std::min<size_t>(4, element.text.size())));
    default:
      return Reply(element.text);
  }
}

}  // namespace

bool Replies::Read(core::ReplyReader* reader, Reply* reply) {
  return ReadElement(reader, 0, reply);
}

bool Replies::ReadElement(core::ReplyReader* reader, int depth, Reply* reply) {
  for (;;) {
    const std::optional<ReplyElement> element = reader->Next();
    if (!element.has_value() || depth > kDeepest) return false;
    if (element->is_null) {
      *reply = Reply();
      return true;
    }
    switch (element->type) {
      case ReplyType::kArray:
        return ReadElements(reader, Elements::Kind::kArray, element->integer, depth, reply);
      case ReplyType::kSet:
        return ReadElements(reader, Elements::Kind::kSet, element->integer, depth, reply);
      case ReplyType::kMap:
        return ReadElements(reader, Elements::Kind::kMap, 2 * element->integer, depth, reply);
      case ReplyType::kPush:
      case ReplyType::kAttribute: {
        const int64_t pairs = element->type == ReplyType::kAttribute ? 2 : 1;
        Reply passed_over;
        if (!ReadElements(reader, Elements::Kind::kArray, pairs * element->integer, depth,
                          &passed_over)) {
          return false;
        }
        continue;
      }
      default:
        *reply = Scalar(*element);
        return true;
    }
  }
}

bool Replies::ReadElements(core::ReplyReader* reader, Elements::Kind kind, int64_t count, int depth,
                           Reply* reply) {
  std::vector<Reply> elements;
  for (int64_t i = 0; i < count; ++i) {
    Reply element;
    if (!ReadElement(reader, depth + 1, &element)) return false;
    elements.push_back(std::move(element));
  }
  const std::vector<Reply>& kept = aggregates_.emplace_back(std::move(elements));
  *reply = Reply(Elements{kind, kept.data(), kept.size()});
  return true;
}

}  // namespace keyhole
