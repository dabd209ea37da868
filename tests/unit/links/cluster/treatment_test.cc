// What becomes of each command in front of a cluster, and that docs/cluster.md says so.
#include "proxy/links/cluster/treatment.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>

namespace keyhole::core {
namespace {

using Way = Treatment::Way;

TEST(TreatmentTest, ComesFromTheTipsUnlessARowSaysOtherwise) {
  const auto way = [](resp::CommandId id) { return TreatmentOf(resp::Spec(id)).way; };
  EXPECT_EQ(way(resp::CommandId::kGet), Way::kOneSlot);
  EXPECT_EQ(way(resp::CommandId::kMget), Way::kSplit);
  EXPECT_EQ(TreatmentOf(resp::Spec(resp::CommandId::kMget)).merging, Merging::kByKey);
  EXPECT_EQ(way(resp::CommandId::kMsetnx), Way::kOneSlot);
  EXPECT_EQ(way(resp::CommandId::kDbsize), Way::kEvery);
  EXPECT_EQ(way(resp::CommandId::kPing), Way::kOneMaster);
  EXPECT_EQ(way(resp::CommandId::kUnknown), Way::kOneSlot);
}

std::string_view MergedAs(Merging merging) {
  switch (merging) {
    case Merging::kFirst:
      return "the reply of one, or an error";
    case Merging::kByKey:
      return "the elements in the order of the keys";
    case Merging::kSum:
      return "the sum";
    case Merging::kConcat:
      return "all of their elements";
    case Merging::kUnion:
      return "all of their elements, each once";
    case Merging::kAnd:
      return "1 where all say 1";
    case Merging::kSumPairs:
      return "the sum for each name";
    case Merging::kOneIsFine:
      return "the first that is no error";
    case Merging::kWhereKeyIs:
      return "the first; an error, unless it says that there is no such key and another does not";
    case Merging::kAnyValue:
      return "any of their keys";
  }
  return "";
}

// Empty: nothing that a user would notice.
std::string WhatBecomesOf(const Treatment& treatment) {
  const std::string merged(MergedAs(treatment.merging));
  switch (treatment.way) {
    case Way::kOneSlot:
    case Way::kOneMaster:
      return "";
    case Way::kSplit:
      return "one request for each slot; " + merged;
    case Way::kEvery:
      return "to every master; " + merged;
    case Way::kByChannel:
      return "to the node of the channel's slot";
    case Way::kScan:
      return "one cursor over all masters";
    case Way::kInfo:
      return "of one master, as of a Redis that stands alone";
    case Way::kHello:
      return "of one master, with the mode of a Redis that stands alone";
    case Way::kDisabled:
      return "`ERR This instance has cluster support disabled`";
    case Way::kRefused:
      return "refused: it is about one node or one connection";
  }
  return "";
}

std::string NameOf(const resp::CommandSpec& spec) {
  std::string name(spec.full_name);
  std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) {
    return c == '|' ? ' ' : static_cast<char>(std::toupper(c));
  });
  return name;
}

TEST(TreatmentTest, TheDocumentationSaysWhatDiffers) {
  std::ifstream file(KEYHOLE_SOURCE_DIR "/docs/cluster.md");
  const std::string page((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  ASSERT_FALSE(page.empty());
  size_t rows = 0;
  std::string missing;
  for (const resp::CommandSpec& spec : resp::AllCommands()) {
    const std::string becomes = WhatBecomesOf(TreatmentOf(spec));
    const bool is_cluster = spec.parent == resp::CommandId::kCluster;
    if (becomes.empty() || is_cluster) continue;  // its subcommands are as the container
    const std::string row = "| " + NameOf(spec) + " | " + becomes + " |\n";
    ++rows;
    if (page.find(row) == std::string::npos) missing += row;
  }
  EXPECT_EQ(missing, "") << "rows that docs/cluster.md lacks";
  const std::string head = "|---|---|\n";
  const size_t table = page.rfind(head);
  ASSERT_NE(table, std::string::npos);
  EXPECT_EQ(static_cast<size_t>(std::count(
                page.begin() + static_cast<std::ptrdiff_t>(table + head.size()), page.end(), '\n')),
            rows);
}

}  // namespace
}  // namespace keyhole::core
