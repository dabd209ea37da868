#include "proxy/links/cluster/slots.h"

#include <gtest/gtest.h>

#include <string_view>

namespace keyhole::core {
namespace {

TEST(SlotsTest, IsTheCrcOfTheStandard) {
  EXPECT_EQ(Crc16("123456789"), 0x31C3);
  EXPECT_EQ(Crc16(""), 0);
}

// What CLUSTER KEYSLOT of Redis 7.0.15 says; the integration tests ask a live one.
TEST(SlotsTest, HashesTheFirstTagThatIsNotEmpty) {
  EXPECT_EQ(SlotOf("foo"), 12182);
  EXPECT_EQ(SlotOf(""), 0);
  EXPECT_EQ(SlotOf("{user1000}.following"), SlotOf("user1000"));
  EXPECT_EQ(SlotOf("foo{bar}{zap}"), SlotOf("bar"));
  EXPECT_EQ(SlotOf("foo{{bar}}zap"), SlotOf("{bar"));
  EXPECT_EQ(SlotOf("foo{}{bar}"), Crc16("foo{}{bar}") % kSlotCount);
  EXPECT_EQ(SlotOf("a}b{c}"), SlotOf("c"));
  EXPECT_EQ(SlotOf("{a"), Crc16("{a") % kSlotCount);
  EXPECT_EQ(SlotOf("{"), Crc16("{") % kSlotCount);
  EXPECT_EQ(SlotOf("}"), Crc16("}") % kSlotCount);
  EXPECT_EQ(SlotOf(std::string_view("\0\xff", 2)),
            Crc16(std::string_view("\0\xff", 2)) % kSlotCount);
}

}  // namespace
}  // namespace keyhole::core
