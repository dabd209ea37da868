#include "proxy/program/descriptors.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace keyhole::program {
namespace {

using testing::HasSubstr;

TEST(Descriptors, TheSoftLimitIsRaisedToWhatIsNeeded) {
  const DescriptorPlan store = PlanDescriptors({10000, false}, 1024, 1048576);
  EXPECT_EQ(store, (DescriptorPlan{10700, 10000, ""}));
  const DescriptorPlan proxy = PlanDescriptors({10000, true}, 1024, 1048576);
  EXPECT_EQ(proxy, (DescriptorPlan{20700, 10000, ""})) << "each may need a link of its own";
}

TEST(Descriptors, AHigherOneIsLeft) {
  EXPECT_EQ(PlanDescriptors({100, false}, 5000, 5000), (DescriptorPlan{5000, 100, ""}));
}

TEST(Descriptors, LinksMakeDoWithLess) {
  EXPECT_EQ(PlanDescriptors({10000, true}, 1024, 12000), (DescriptorPlan{12000, 10000, ""}));
}

TEST(Descriptors, FewerClientsAreServedWhereTheHardLimitIsTooLow) {
  const DescriptorPlan plan = PlanDescriptors({10000, true}, 1024, 2000);
  EXPECT_EQ(plan.limit, 2000U);
  EXPECT_EQ(plan.clients, 1044U);
  EXPECT_THAT(plan.warning, HasSubstr("1044 instead of 10000"));
  EXPECT_THAT(plan.warning, HasSubstr("LimitNOFILE= of systemd) to 20700"));
  EXPECT_EQ(PlanDescriptors({10000, true}, 256, 256).clients, 64U);
  EXPECT_EQ(PlanDescriptors({10, true}, 256, 256).clients, 10U);
}

}  // namespace
}  // namespace keyhole::program
