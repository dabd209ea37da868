#include "proxy/sessions/client_address.h"

#include <gtest/gtest.h>

#include <string>

namespace keyhole::core {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

struct ClientAddressTest : testing::Test {
  int Admitted(ClientAddress& address, int requests, uint64_t rate) const {
    int admitted = 0;
    for (int i = 0; i < requests; ++i) admitted += address.Admit(now, rate) ? 1 : 0;
    return admitted;
  }

  AddressBook book;
  ClientAddress::Instant now{seconds(1000)};
};

TEST_F(ClientAddressTest, ASecondsWorthAtOnceAndThenTheRate) {
  const auto address = book.Find("10.0.0.7:5000", now);
  EXPECT_EQ(Admitted(*address, 500, 100), 100);
  EXPECT_EQ(Admitted(*address, 10, 100), 0);
  now += milliseconds(55);
  EXPECT_EQ(Admitted(*address, 500, 100), 5);
  now += seconds(60);
  EXPECT_EQ(Admitted(*address, 500, 100), 100) << "a pause saves no more than one second's worth";
}

TEST_F(ClientAddressTest, SlowRates) {
  const auto address = book.Find("10.0.0.7:5000", now);
  EXPECT_EQ(Admitted(*address, 10, 1), 1);
  now += seconds(1);
  EXPECT_EQ(Admitted(*address, 10, 1), 1);
}

TEST_F(ClientAddressTest, IsTheSameForAllPortsAndForANetworkOfIpv6) {
  const auto address = book.Find("10.0.0.7:5000", now);
  EXPECT_EQ(book.Find("10.0.0.7:5001", now), address);
  EXPECT_NE(book.Find("10.0.0.70:5000", now), address);
  const auto v6 = book.Find("[2001:db8:1:2:3:4:5:6]:5000", now);
  EXPECT_EQ(book.Find("[2001:db8:1:2:ffff::1]:5000", now), v6);
  EXPECT_NE(book.Find("[2001:db8:1:3:3:4:5:6]:5000", now), v6);
  EXPECT_EQ(book.Find("[2001:db8:0:0:1::]:1", now), book.Find("[2001:db8::7]:1", now));
  EXPECT_EQ(book.Find("[::1]:5000", now), book.Find("[::1]:6000", now));
  EXPECT_EQ(book.Find("/run/keyhole.sock:0", now), nullptr);
}

TEST_F(ClientAddressTest, CountsItsSessions) {
  const auto address = book.Find("10.0.0.7:5000", now);
  EXPECT_EQ(address->sessions(), 1U);
  {
    const auto other = book.Find("10.0.0.7:5001", now);
    EXPECT_EQ(address->sessions(), 2U);
  }
  EXPECT_EQ(address->sessions(), 1U);
}

TEST_F(ClientAddressTest, TheBookForgetsThoseThatHaveGone) {
  const auto stays = book.Find("10.0.0.1:1", now);
  for (size_t i = 0; i < 3 * AddressBook::kPruneAt; ++i) {
    const std::string host = "10.1." + std::to_string(i / 250) + "." + std::to_string(i % 250);
    EXPECT_NE(book.Find(host + ":1", now), nullptr);
  }
  EXPECT_LE(book.size(), AddressBook::kPruneAt + 1);
  EXPECT_EQ(book.Find("10.0.0.1:2", now), stays);
}

TEST_F(ClientAddressTest, PeopleAreToldOnceInTenSeconds) {
  const auto address = book.Find("10.0.0.7:5000", now);
  EXPECT_TRUE(address->IsToBeTold(now));
  EXPECT_FALSE(address->IsToBeTold(now + seconds(9)));
  EXPECT_TRUE(address->IsToBeTold(now + seconds(10)));
}

}  // namespace
}  // namespace keyhole::core
