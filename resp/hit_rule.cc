#include "resp/hit_rule.h"

namespace keyhole::resp {
namespace {

using Args = std::span<const std::string_view>;

Verdict MissIf(bool miss) {
  return miss ? Verdict::kMiss : Verdict::kHit;
}

// SET k v GET. Options that take a value are skipped with it: the value may be "get" (IFEQ).
bool HasGetOption(Args args) {
  static constexpr std::string_view kWithValue[] = {"EX",   "PX",   "EXAT",  "PXAT",
                                                    "IFEQ", "IFNE", "IFDEQ", "IFDNE"};
  for (size_t i = 3; i < args.size(); ++i) {
    if (IsKeyword(args[i], "GET")) return true;
    for (std::string_view option : kWithValue) {
      if (IsKeyword(args[i], option)) {
        ++i;
        break;
      }
    }
  }
  return false;
}

bool NamesOneKey(const CommandSpec& spec, Args args) {
  size_t keys = 0;
  ForEachKey(spec, args, [&keys](std::string_view) { ++keys; });
  return keys == 1;
}

bool IsAggregate(ReplyType type) {
  return type == ReplyType::kArray || type == ReplyType::kSet || type == ReplyType::kMap;
}

bool IsString(ReplyType type) {
  return type == ReplyType::kBulkString || type == ReplyType::kVerbatim;
}

bool IsEmpty(const ReplyHead& reply) {
  return (IsAggregate(reply.type) || IsString(reply.type)) && reply.integer == 0;
}

Verdict JudgeElement(const ReplyHead& reply, size_t key) {
  if (reply.elements == nullptr || key >= reply.elements->size()) return Verdict::kNeither;
  const Element element = (*reply.elements)[key];
  return element == Element::kError ? Verdict::kNeither : MissIf(element == Element::kNull);
}

// A miss if all elements are `nothing`.
Verdict JudgeAll(const ReplyHead& reply, Element nothing) {
  if (reply.elements == nullptr || reply.elements->empty()) return Verdict::kNeither;
  for (const Element element : *reply.elements) {
    if (element != nothing) return Verdict::kHit;
  }
  return Verdict::kMiss;
}

// Said of a command, not of a key: errors, +QUEUED inside MULTI, what the server pushes.
bool TellsNothing(const ReplyHead& reply) {
  return reply.is_error() || reply.type == ReplyType::kNone || reply.type == ReplyType::kPush ||
         (reply.type == ReplyType::kSimpleString && reply.text == "QUEUED");
}

}  // namespace

bool NeedsElements(HitRule rule) {
  return rule == HitRule::kEachNullIsMiss || rule == HitRule::kAllNullIsMiss ||
         rule == HitRule::kAllZeroIsMiss;
}

HitRule ResolveByArguments(const CommandSpec& spec, Args args) {
  switch (spec.hit.rule) {
    case HitRule::kNone:
    case HitRule::kEachNullIsMiss:
      return spec.hit.rule;
    case HitRule::kSetGet:
      return HasGetOption(args) ? HitRule::kNullIsMiss : HitRule::kNone;
    default:
      break;
  }
  return NamesOneKey(spec, args) ? spec.hit.rule : HitRule::kNone;
}

Verdict JudgeByRule(HitRule rule, const ReplyHead& reply, size_t key) {
  if (TellsNothing(reply)) return Verdict::kNeither;
  const bool is_integer = reply.type == ReplyType::kInteger;
  switch (rule) {
    case HitRule::kNone:
    case HitRule::kSetGet:  // Resolve() has not been asked
      return Verdict::kNeither;
    case HitRule::kNullIsMiss:
      return MissIf(reply.is_null);
    case HitRule::kEachNullIsMiss:
      return JudgeElement(reply, key);
    case HitRule::kAllNullIsMiss:
      return JudgeAll(reply, Element::kNull);
    case HitRule::kEmptyIsMiss:
    case HitRule::kNullOrEmptyIsMiss:
      return MissIf(reply.is_null || IsEmpty(reply));
    case HitRule::kZeroIsMiss:
      return is_integer ? MissIf(reply.integer == 0) : Verdict::kNeither;
    case HitRule::kAllZeroIsMiss:
      return JudgeAll(reply, Element::kZero);
    case HitRule::kMinusTwoIsMiss:
      return is_integer ? MissIf(reply.integer == -2) : Verdict::kNeither;
    case HitRule::kNoneIsMiss:
      return reply.type == ReplyType::kSimpleString ? MissIf(reply.text == "none")
                                                    : Verdict::kNeither;
  }
  return Verdict::kNeither;
}

}  // namespace keyhole::resp
