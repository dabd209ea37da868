#include "proxy/links/cluster/gather.h"

#include <absl/container/flat_hash_map.h>
#include <absl/container/flat_hash_set.h>

#include <algorithm>
#include <optional>

#include "resp/reply_reader.h"
#include "resp/reply_scanner.h"

namespace keyhole::core {
namespace {

using resp::ReplyType;

constexpr std::string_view kNoSuchKey = "-ERR no such key\r\n";
constexpr std::string_view kMisfit = "-ERR keyhole: the nodes' replies do not fit together\r\n";

bool IsError(std::string_view reply) {
  return reply.starts_with('-') || reply.starts_with('!');
}

// An array's elements, each with all its bytes. None if it is no array.
std::optional<std::vector<std::string_view>> ElementsOf(std::string_view reply) {
  const bool array = reply.starts_with('*') || reply.starts_with('~') || reply.starts_with('%');
  const size_t line = reply.find("\r\n");
  if (!array || line == std::string_view::npos || reply[1] == '-') return std::nullopt;
  reply.remove_prefix(line + 2);
  std::vector<std::string_view> elements;
  resp::ReplyScanner scanner;
  while (!reply.empty()) {
    size_t used = 0;
    if (scanner.Scan(reply, &used) != resp::ReplyScanner::Result::kDone) return std::nullopt;
    elements.push_back(reply.substr(0, used));
    reply.remove_prefix(used);
  }
  return elements;
}

std::optional<int64_t> IntegerOf(std::string_view reply) {
  const std::optional<ReplyElement> element = ReplyReader(reply).Next();
  if (!element.has_value() || !element->is(ReplyType::kInteger)) return std::nullopt;
  return element->integer;
}

std::string ArrayOf(const std::vector<std::string_view>& elements, char type = '*') {
  std::string reply = type + std::to_string(elements.size()) + "\r\n";
  for (const std::string_view element : elements) reply.append(element);
  return reply;
}

std::string Sum(std::span<const PartialReply> replies) {
  int64_t sum = 0;
  for (const PartialReply& reply : replies) {
    const std::optional<int64_t> number = IntegerOf(reply.bytes);
    if (!number.has_value()) return std::string(kMisfit);
    sum += *number;
  }
  return ":" + std::to_string(sum) + "\r\n";
}

std::string ByKey(std::span<const PartialReply> replies) {
  size_t count = 0;
  for (const PartialReply& reply : replies) count += reply.places.size();
  std::vector<std::string_view> all(count);
  for (const PartialReply& reply : replies) {
    const auto elements = ElementsOf(reply.bytes);
    if (!elements.has_value() || elements->size() != reply.places.size())
      return std::string(kMisfit);
    for (size_t i = 0; i < elements->size(); ++i) all[reply.places[i]] = (*elements)[i];
  }
  return ArrayOf(all);
}

std::string Concat(std::span<const PartialReply> replies, bool once) {
  std::vector<std::string_view> all;
  absl::flat_hash_set<std::string_view> seen;
  for (const PartialReply& reply : replies) {
    const auto elements = ElementsOf(reply.bytes);
    if (!elements.has_value()) return std::string(kMisfit);
    for (const std::string_view element : *elements) {
      if (!once || seen.insert(element).second) all.push_back(element);
    }
  }
  return ArrayOf(all, replies.front().bytes.front());
}

std::string And(std::span<const PartialReply> replies) {
  std::vector<std::string_view> all;
  for (const PartialReply& reply : replies) {
    const auto elements = ElementsOf(reply.bytes);
    if (!elements.has_value()) return std::string(kMisfit);
    if (all.empty()) all = *elements;
    if (all.size() != elements->size()) return std::string(kMisfit);
    for (size_t i = 0; i < all.size(); ++i) {
      if (IntegerOf((*elements)[i]) == 0) all[i] = (*elements)[i];
    }
  }
  return ArrayOf(all);
}

// The order is that of the first reply: all were asked the same names.
std::string SumPairs(std::span<const PartialReply> replies) {
  std::vector<std::string_view> names;
  absl::flat_hash_map<std::string_view, int64_t> sums;
  for (const PartialReply& reply : replies) {
    const auto elements = ElementsOf(reply.bytes);
    if (!elements.has_value() || elements->size() % 2 != 0) return std::string(kMisfit);
    if (names.empty()) {
      for (size_t i = 0; i < elements->size(); i += 2) names.push_back((*elements)[i]);
    }
    absl::flat_hash_set<std::string_view> seen;  // a name may have been asked for twice
    for (size_t i = 0; i < elements->size(); i += 2) {
      if (!seen.insert((*elements)[i]).second) continue;
      sums[(*elements)[i]] += IntegerOf((*elements)[i + 1]).value_or(0);
    }
  }
  // In RESP3, too, this is an array.
  std::string merged = "*" + std::to_string(names.size() * 2) + "\r\n";
  for (const std::string_view name : names)
    merged.append(name).append(":" + std::to_string(sums[name]) + "\r\n");
  return merged;
}

std::string OneIsFine(std::span<const PartialReply> replies) {
  for (const PartialReply& reply : replies) {
    if (!IsError(reply.bytes)) return std::string(reply.bytes);
  }
  return std::string(replies.front().bytes);
}

// All but the node of the key say that there is none. What names no key has to succeed everywhere.
std::string WhereKeyIs(std::span<const PartialReply> replies) {
  for (const PartialReply& reply : replies) {
    if (IsError(reply.bytes) && reply.bytes != kNoSuchKey) return std::string(reply.bytes);
  }
  return OneIsFine(replies);
}

std::string AnyValue(std::span<const PartialReply> replies, uint64_t random) {
  std::vector<std::string_view> values;
  for (const PartialReply& reply : replies) {
    const std::optional<ReplyElement> element = ReplyReader(reply.bytes).Next();
    if (element.has_value() && !element->is_null) values.push_back(reply.bytes);
  }
  return std::string(values.empty() ? replies.front().bytes : values[random % values.size()]);
}

}  // namespace

std::string MergeReplies(Merging merging, std::span<const PartialReply> replies, uint64_t random) {
  if (merging == Merging::kOneIsFine) return OneIsFine(replies);
  if (merging == Merging::kWhereKeyIs) return WhereKeyIs(replies);
  for (const PartialReply& reply : replies) {
    if (IsError(reply.bytes)) return std::string(reply.bytes);
  }
  switch (merging) {
    case Merging::kByKey:
      return ByKey(replies);
    case Merging::kSum:
      return Sum(replies);
    case Merging::kConcat:
      return Concat(replies, false);
    case Merging::kUnion:
      return Concat(replies, true);
    case Merging::kAnd:
      return And(replies);
    case Merging::kSumPairs:
      return SumPairs(replies);
    case Merging::kAnyValue:
      return AnyValue(replies, random);
    case Merging::kOneIsFine:
    case Merging::kWhereKeyIs:
    case Merging::kFirst:
      break;
  }
  return std::string(replies.front().bytes);
}

}  // namespace keyhole::core
