#include "resp/shard_policy.h"

#include <array>
#include <cstddef>

namespace keyhole::resp {
namespace {

// In the order of the enumerators.
constexpr std::array<std::string_view, 5> kRequestPolicies = {"", "multi_shard", "all_shards",
                                                              "all_nodes", "special"};
constexpr std::array<std::string_view, 9> kResponsePolicies = {
    "",        "one_succeeded", "all_succeeded", "agg_logical_and", "agg_logical_or",
    "agg_min", "agg_max",       "agg_sum",       "special"};

}  // namespace

std::string_view RequestPolicy(Split split) {
  return kRequestPolicies[static_cast<size_t>(split)];
}

std::string_view ResponsePolicy(Merge merge) {
  return kResponsePolicies[static_cast<size_t>(merge)];
}

}  // namespace keyhole::resp
