// How bytes of HTTP clients are moved, and how their connections end.
#include "proxy/net/http_connection.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/unit/config/config_loading.h"
#include "tests/unit/net/net_story.h"

namespace keyhole::test {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

const std::string kHealth = "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n";
const std::string kOk = "{\"status\":\"ok\"}\n";

class HttpConnectionTest : public testing::Test {
 protected:
  HttpConnectionTest()
      : connection_(new net::HttpConnection(
            story_.loop(), story_.state(), story_.http, "10.0.0.1:50000",
            [this](const core::HttpReport&, std::function<void(std::string)> done) {
              done_ = std::move(done);
            },
            gate_)) {
    connection_->Start(wire_.MakeStream());
  }
  ~HttpConnectionTest() override { done_ = nullptr; }  // it holds the connection

  Wire wire_;
  std::function<void(std::string)> done_;
  NetStory story_{core::Good({"--http-idle-timeout", "60s", "--http-request-timeout", "30s"})};
  core::HttpGate gate_{core::Good({}).http, true, core::Endpoint::Tcp("127.0.0.1", 9000),
                       core::HttpGate::Serves::kAll, "box"};
  boost::intrusive_ptr<net::HttpConnection> connection_;
};

TEST_F(HttpConnectionTest, OneReadAndOneWritePerRequest) {
  for (int i = 1; i <= 3; ++i) {
    wire_.Send(kHealth);
    story_.Settle();
    EXPECT_THAT(wire_.Received(), EndsWith(kOk));
    EXPECT_EQ(wire_.reads(), i);
    EXPECT_EQ(wire_.writes(), i) << "head and body together";
  }
}

TEST_F(HttpConnectionTest, NothingIsReadWhileAnAnswerIsNotTaken) {
  wire_.TakeOnly(10);
  wire_.Send(kHealth);
  story_.Settle();
  EXPECT_EQ(wire_.Received(), "HTTP/1.1 2");
  wire_.Send(kHealth);
  story_.Settle();
  EXPECT_EQ(wire_.unread(), kHealth.size());
  EXPECT_EQ(wire_.writes(), 1);
  wire_.Take(1'000'000);
  story_.Settle();
  EXPECT_EQ(wire_.unread(), 0U);
  EXPECT_THAT(wire_.Received(), EndsWith(kOk));
}

// All it has sent is answered before its end is seen.
TEST_F(HttpConnectionTest, AHalfClosedClientIsAnswered) {
  wire_.Send(kHealth + kHealth);
  wire_.End();
  story_.Settle();
  const std::string answers = wire_.Received();
  EXPECT_THAT(answers, EndsWith(kOk));
  EXPECT_GT(answers.rfind("HTTP/1.1 200"), 0U);
  EXPECT_TRUE(wire_.closed());
  EXPECT_TRUE(story_.http.empty());
}

TEST_F(HttpConnectionTest, ARefusalLingersUntilTheClientHasEnded) {
  wire_.Send("nonsense\r\n\r\n");
  story_.Settle();
  EXPECT_THAT(wire_.Received(), StartsWith("HTTP/1.1 400 "));
  EXPECT_TRUE(wire_.shut());
  EXPECT_FALSE(wire_.closed());
  wire_.Send(std::string(1'000'000, 'x'));
  story_.Settle();
  EXPECT_EQ(wire_.unread(), 0U);
  EXPECT_FALSE(wire_.closed());
  wire_.End();
  story_.Settle();
  EXPECT_TRUE(wire_.closed());
}

TEST_F(HttpConnectionTest, ABrokenOneIsClosed) {
  wire_.TakeOnly(10);
  wire_.Send(kHealth);
  story_.Settle();
  wire_.Break();
  wire_.Take(100);
  story_.Settle();
  EXPECT_TRUE(wire_.closed());
  EXPECT_TRUE(story_.http.empty());
}

TEST_F(HttpConnectionTest, AReportThatComesTooLateIsDropped) {
  wire_.Send("GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n");
  story_.Settle();
  connection_->Close();
  done_("text");
  story_.Settle();
  EXPECT_EQ(wire_.Received(), "");
}

TEST_F(HttpConnectionTest, AReportIsWrittenInATurn) {
  wire_.Send("GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n");
  story_.Settle();
  EXPECT_EQ(wire_.Received(), "");
  done_("text");
  story_.Settle();
  EXPECT_THAT(wire_.Received(), EndsWith("\r\n\r\ntext"));
}

TEST_F(HttpConnectionTest, ATickClosesWhatIsTooSlow) {
  wire_.Send("GET /heal");
  story_.Settle();
  story_.state().now += std::chrono::seconds(9);
  connection_->Tick();
  EXPECT_FALSE(wire_.closed());
  story_.state().now += std::chrono::seconds(1);
  connection_->Tick();
  EXPECT_TRUE(wire_.closed());
  EXPECT_EQ(story_.metrics().counters.http_closed[metrics::HttpCloseReason::kSlowRequest].Load(),
            1U);
}

TEST_F(HttpConnectionTest, ATickClosesWhatIsSilent) {
  wire_.Send(kHealth);
  story_.Settle();
  story_.state().now += std::chrono::seconds(60);
  connection_->Tick();
  EXPECT_TRUE(wire_.closed());
  EXPECT_EQ(story_.metrics().counters.http_closed[metrics::HttpCloseReason::kSlowRequest].Load(),
            0U);
}

TEST_F(HttpConnectionTest, WhoHasJustSentSomethingDoesNotMakeRoom) {
  story_.state().now += std::chrono::seconds(1);
  EXPECT_TRUE(connection_->CanGo());
  wire_.Send(kHealth);
  EXPECT_FALSE(connection_->CanGo());
}

}  // namespace
}  // namespace keyhole::test
