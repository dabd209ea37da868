// What a running process takes over of options that were read again.
#include "proxy/config/reload.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "proxy/config/config_options.h"
#include "tests/unit/config/config_loading.h"

namespace keyhole::core {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

ReloadPlan PlanOf(const Config& running, const Config& wanted) {
  ReloadPlan plan;
  EXPECT_EQ(PlanReload(running, wanted, &plan), std::nullopt);
  return plan;
}

TEST(ReloadTest, NothingHasChanged) {
  const Config config = Good({"--upstream", "redis://:p@h", "--requirepass", "p"});
  const ReloadPlan plan =
      PlanOf(config, Good({"--upstream", "redis://:p@h", "--requirepass", "p"}));
  EXPECT_THAT(plan.changed, IsEmpty());
  EXPECT_THAT(plan.waiting, IsEmpty());
  EXPECT_EQ(plan.config, config) << "users and all";
}

// Every option goes one of the two ways, as its row says.
TEST(ReloadTest, EachOptionIsTakenOverOrWaits) {
  for (const Option& option : Options()) {
    if (option.apply == nullptr) continue;
    EXPECT_NE(option.same, nullptr) << option.flag;
    EXPECT_NE(option.take, nullptr) << option.flag;
    EXPECT_TRUE(option.same(Config{}, Config{})) << option.flag;
  }
  const Config running = Good({});
  const Config wanted = Good({"--workers", "3", "--shutdown-grace", "9s", "--deny", "keys"});
  const ReloadPlan plan = PlanOf(running, wanted);
  EXPECT_THAT(plan.changed, ElementsAre("--shutdown-grace is 9s now, it was 5s",
                                        "--deny is keys now, it was not given"));
  EXPECT_THAT(plan.waiting, ElementsAre("--workers 3 needs a restart; until then it is 1"));
  EXPECT_EQ(plan.config.shutdown_grace, std::chrono::seconds(9));
  EXPECT_THAT(plan.config.clients.deny, ElementsAre("keys"));
  EXPECT_NE(plan.config.allowed, nullptr);
  EXPECT_EQ(plan.config.workers, 1);
}

TEST(ReloadTest, NoLineShowsAPassword) {
  const ReloadPlan plan =
      PlanOf(Good({"--upstream", "redis://u:alpha@h", "--requirepass", "beta"}),
             Good({"--upstream", "redis://u:gamma@h", "--requirepass", "delta"}));
  EXPECT_THAT(plan.changed, ElementsAre("--upstream has other credentials now",
                                        "--requirepass is another one now"));
}

TEST(ReloadTest, AnUpstreamMayMoveAndNotBecomeAnother) {
  const Config one = Good({"--upstream", "redis://h:1"});
  EXPECT_THAT(PlanOf(one, Good({"--upstream", "redis://h:2/3"})).changed,
              ElementsAre("--upstream is redis://h:2/3 now, it was redis://h:1/0"));
  for (const char* other :
       {"redis+cluster://h:1", "redis+sentinel://h/m", "rediss://h:1", "embedded"}) {
    const ReloadPlan plan = PlanOf(one, Good({"--upstream", other}));
    EXPECT_EQ(plan.config, one);
    EXPECT_THAT(plan.changed, IsEmpty());
    EXPECT_THAT(plan.waiting, ElementsAre(HasSubstr("needs a restart, as "))) << other;
  }
}

// What is live is checked together with what stays.
TEST(ReloadTest, TheTwoTogetherMayBeWrong) {
  const Config running = Good({"--upstream", "redis://h"});
  Config wanted = running;
  wanted.users_file = "/nonexistent";
  ReloadPlan plan;
  EXPECT_THAT(PlanReload(running, wanted, &plan).value_or(""), HasSubstr("/nonexistent"));
}

}  // namespace
}  // namespace keyhole::core
