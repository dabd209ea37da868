// How a cluster would run a command: to which shards it goes, and how their replies become one.
// Redis calls that request_policy and response_policy, in the tips of COMMAND.
// Source: https://redis.io/docs/latest/develop/reference/command-tips/
//
// Thread: any; everything here is constant.
#pragma once

#include <cstdint>
#include <string_view>

namespace keyhole::resp {

enum class Split : uint8_t {
  kOneSlot,     // no tip: to the shard of its keys; without keys to any one
  kMultiShard,  // cut by its keys: to each shard that has some of them, with those
  kAllShards,   // to every primary
  kAllNodes,    // to every node, replicas too
  kSpecial,     // none of these; it needs code of its own
};

enum class Merge : uint8_t {
  kConcat,         // no tip: elements in the order of the keys; without keys in any order
  kOneSucceeded,   // the first reply that is no error
  kAllSucceeded,   // any, unless one is an error: then that
  kAggLogicalAnd,  // of numbers, one by one
  kAggLogicalOr,
  kAggMin,
  kAggMax,
  kAggSum,
  kSpecial,  // none of these; it needs code of its own
};

struct ShardColumn {
  Split split = Split::kOneSlot;
  Merge merge = Merge::kConcat;
};

// As the tips write them: "multi_shard", "agg_sum". Empty: there is no tip.
std::string_view RequestPolicy(Split split);
std::string_view ResponsePolicy(Merge merge);

}  // namespace keyhole::resp
