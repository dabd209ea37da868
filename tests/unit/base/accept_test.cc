#include "proxy/base/accept.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace keyhole::core {
namespace {

constexpr MediaType kBytes{.name = "application/octet-stream"};
constexpr MediaType kJson{.name = "application/json"};
constexpr MediaType kFirst{.name = "text/x", .version = "1.0.0"};

bool WantsBytes(std::string_view accept) {
  return Prefers(accept, kBytes, kJson);
}

TEST(AcceptTest, ATypeIsWantedWhereItIsNamed) {
  for (const char* accept :
       {"application/octet-stream", "text/html, Application/Octet-Stream;q=1",
        "application/octet-stream;q=0.001", " ,;,\tapplication/octet-stream\t; x=y ,",
        "application/octet-stream; version=2", "application/octet-stream;Q=1.000"}) {
    EXPECT_TRUE(WantsBytes(accept)) << accept;
  }
  for (const char* accept : {"", ",", ",;,=", "*/*", "application/*", "application/octet-streams",
                             "text/html;x=application/octet-stream"}) {
    EXPECT_FALSE(WantsBytes(accept)) << accept;
  }
}

TEST(AcceptTest, WeightsDecideBetweenTwo) {
  for (const char* accept :
       {"application/octet-stream, application/json", "application/json, application/octet-stream",
        "application/json;q=0.5,application/octet-stream;q=0.8",
        "application/octet-stream;q=0.2,application/octet-stream;q=0.8,application/json;q=0.5"}) {
    EXPECT_TRUE(WantsBytes(accept)) << accept;
  }
  for (const char* accept : {"application/json,application/octet-stream;q=0.9",
                             "application/octet-stream;q=0.5 , application/json; q=0.51"}) {
    EXPECT_FALSE(WantsBytes(accept)) << accept;
  }
}

TEST(AcceptTest, AWeightThatIsNoneRefuses) {
  for (const std::string weight : {"0", "0.000", "", "x", "-1", "2", "1.1", "inf", "nan"}) {
    EXPECT_FALSE(WantsBytes("application/octet-stream;q=" + weight)) << weight;
  }
}

TEST(AcceptTest, AnotherVersionIsAnotherType) {
  for (const char* accept : {"text/x", "text/x;version=1.0.0", "text/x;Version=1.0.0;q=0.1",
                             "text/x;version=2.0.0;q=1,text/x;version=1.0.0;q=0.5"}) {
    EXPECT_TRUE(Prefers(accept, kFirst, kJson)) << accept;
  }
  for (const char* accept : {"text/x;version=2.0.0", "text/x;version=", "text/x;version=1.0.00"}) {
    EXPECT_FALSE(Prefers(accept, kFirst, kJson)) << accept;
  }
}

}  // namespace
}  // namespace keyhole::core
