// Hit or miss, from what the reply was.
//
//     hit   the reply carried a value
//     miss  the reply was null, or empty where Redis keeps no empty value
//     neither: errors, +QUEUED, commands that are no lookups
//
// Thread: any; pure functions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "resp/command_table.h"
#include "resp/reply_scanner.h"

namespace keyhole::resp {

enum class Verdict : uint8_t { kNeither, kHit, kMiss };

// True if the rule needs ReplyHead::elements; ask ReplyScanner::WantElements() before the reply.
bool NeedsElements(HitRule rule);

// The part of Resolve() for rules that the arguments decide.
HitRule ResolveByArguments(const CommandSpec& spec, std::span<const std::string_view> args);

// The rule that holds for this very request: kSetGet becomes kNullIsMiss or kNone by its options,
// rules for one key become kNone where several are named (EXISTS a b), kMigrate and such kNone.
inline HitRule Resolve(const CommandSpec& spec, std::span<const std::string_view> args) {
  const HitRule rule = spec.hit.rule;
  // Nearly all of them name one key, always; no need to look.
  if (rule != HitRule::kSetGet && spec.keys.IsOneArgument()) return rule;
  return ResolveByArguments(spec, args);
}

// The part of Judge() for all that is not a value, or null, in answer to GET and its like.
Verdict JudgeByRule(HitRule rule, const ReplyHead& reply, size_t key);

// The verdict on key number `key` (0 for the first). `rule` as Resolve() gave it.
inline Verdict Judge(HitRule rule, const ReplyHead& reply, size_t key) {
  if (rule == HitRule::kNullIsMiss && reply.type == ReplyType::kBulkString) [[likely]]
    return reply.is_null ? Verdict::kMiss : Verdict::kHit;
  return JudgeByRule(rule, reply, key);
}

}  // namespace keyhole::resp
