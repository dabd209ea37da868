#include "proxy/links/cluster/treatment.h"

#include <array>

namespace keyhole::core {
namespace {

using resp::CommandId;
using resp::Merge;
using resp::Split;
using enum Merging;
using Way = Treatment::Way;

// Scripts are not among them: what SCRIPT LOAD has loaded, replicas do not know.
bool OnlyReads(const resp::CommandSpec& spec) {
  return spec.has(resp::kRead) && !spec.has(resp::kMayReplicate) &&
         spec.effect == resp::Effect::kNone;
}

constexpr Treatment OneSlot() {
  return {Way::kOneSlot, kFirst};
}
constexpr Treatment OneMaster() {
  return {Way::kOneMaster, kFirst};
}
constexpr Treatment BySlots(Merging merging) {
  return {Way::kSplit, merging};
}
constexpr Treatment Every(Merging merging) {
  return {Way::kEvery, merging};
}
constexpr Treatment ByChannel() {
  return {Way::kByChannel, kFirst};
}
constexpr Treatment Scan() {
  return {Way::kScan, kFirst};
}
constexpr Treatment Info() {
  return {Way::kInfo, kFirst};
}
constexpr Treatment Hello() {
  return {Way::kHello, kFirst};
}
constexpr Treatment Disabled() {
  return {Way::kDisabled, kFirst};
}
constexpr Treatment Refused() {
  return {Way::kRefused, kFirst};
}

// Of Redis' own tips those that rows without a treatment have.
Merging MergingOf(resp::ShardColumn shards) {
  switch (shards.merge) {
    case Merge::kConcat:
      return shards.split == Split::kMultiShard ? kByKey : kConcat;
    case Merge::kAggSum:
      return kSum;
    case Merge::kAggLogicalAnd:
      return kAnd;
    case Merge::kOneSucceeded:
      return kOneIsFine;
    default:
      return kFirst;
  }
}

Treatment ByTips(const resp::CommandSpec& spec) {
  switch (spec.shards.split) {
    case Split::kMultiShard:
      return {Way::kSplit, MergingOf(spec.shards)};
    case Split::kAllShards:
    case Split::kAllNodes:
      return Every(MergingOf(spec.shards));
    default:
      return OneSlot();
  }
}

const auto kTreatments = [] {
  std::array<Treatment, resp::kCommandCount> all{};
  for (const resp::CommandSpec& spec : resp::AllCommands()) {
    Treatment& treatment = all[static_cast<size_t>(spec.id)];
    treatment = ByTips(spec);
    treatment.reads = OnlyReads(spec);
  }
#define TREAT(id, treatment) all[static_cast<size_t>(CommandId::id)] = treatment;
#include "proxy/links/cluster/cluster_commands.def"
#undef TREAT
  return all;
}();

}  // namespace

const Treatment& TreatmentOf(const resp::CommandSpec& spec) {
  return kTreatments[static_cast<size_t>(spec.id)];
}

}  // namespace keyhole::core
