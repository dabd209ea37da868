// HTTP as bytes: requests however they are cut, answers however they are taken.
#include "proxy/net/http_codec.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstring>
#include <string>
#include <vector>

#include "tests/unit/config/config_loading.h"
#include "tests/unit/net/net_story.h"

namespace keyhole::test {
namespace {

using std::chrono::milliseconds;
using testing::AllOf;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

std::string Call(std::string_view method, std::string_view target, std::string_view body = {},
                 std::string_view fields = {}) {
  std::string text(method);
  text.append(" ").append(target).append(" HTTP/1.1\r\nHost: localhost\r\n").append(fields);
  if (!body.empty()) text.append("Content-Length: ").append(std::to_string(body.size()) + "\r\n");
  return text.append("\r\n").append(body);
}

std::string Answer(std::string_view status, std::string_view body) {
  std::string text = "HTTP/1.1 ";
  text.append(status).append("\r\nServer: keyhole\r\n");
  text.append("Content-Type: application/json\r\nContent-Length: ");
  // JSON ends with the line.
  return text.append(std::to_string(body.size() + 1)).append("\r\n\r\n").append(body).append("\n");
}

const std::string kNoContent = "HTTP/1.1 204 No Content\r\nServer: keyhole\r\n\r\n";

class HttpCodecTest : public testing::Test, protected core::Transport {
 protected:
  void Send(std::string_view bytes) {
    while (!bytes.empty()) {
      ASSERT_TRUE(codec_.wants_read());
      const std::span<char> room = codec_.PrepareRead();
      const size_t n = std::min(room.size(), bytes.size());
      std::memcpy(room.data(), bytes.data(), n);
      bytes.remove_prefix(n);
      codec_.CommitRead(n);
    }
  }
  // What is written in one turn, so many bytes at once.
  std::string TakeTurn(size_t piece = SIZE_MAX) {
    std::string all;
    codec_.BeginWriting();
    while (true) {
      const std::string_view bytes = codec_.PrepareWrite().substr(0, piece);
      if (bytes.empty()) return all;
      all.append(bytes);
      codec_.CommitWrite(bytes.size());
    }
  }
  // All that is written.
  std::string Take(size_t piece = SIZE_MAX) {
    std::string all;
    while (std::exchange(woken_, 0) > 0) all += TakeTurn(piece);
    return all;
  }
  void Wait(milliseconds time) { story_.state().now += time; }
  void Wake() override { ++woken_; }

  int woken_ = 0;
  std::vector<core::HttpReport> reports_;
  NetStory story_{core::Good({"--http-body-limit", "100kb", "--http-idle-timeout", "60s",
                              "--http-request-timeout", "30s"})};
  core::HttpGate gate_{core::Good({"--http-origins", "https://page.example"}).http, true,
                       core::Endpoint::Tcp("127.0.0.1", 9000), core::HttpGate::Serves::kAll, "box"};
  core::HttpGate plain_gate_{core::Good({}).http, true, core::Endpoint::Tcp("127.0.0.1", 9000),
                             core::HttpGate::Serves::kAll, "box"};
  net::HttpCodec codec_{story_.state(), "10.0.0.1:50000", plain_gate_, *this,
                        [this](const core::HttpReport& report) { reports_.push_back(report); }};
};

TEST_F(HttpCodecTest, ARequestAndItsAnswer) {
  Send(Call("GET", "/healthz"));
  EXPECT_FALSE(codec_.wants_read());
  EXPECT_EQ(Take(), Answer("200 OK", R"({"status":"ok"})"));
  EXPECT_TRUE(codec_.wants_read());
  EXPECT_FALSE(codec_.finished());
}

TEST_F(HttpCodecTest, ByteByByte) {
  for (int round = 0; round < 2; ++round) {
    for (const char& byte : Call("PUT", "/items/k", "value")) Send({&byte, 1});
    EXPECT_EQ(Take(1), kNoContent);
    for (const char& byte : Call("GET", "/items/k")) Send({&byte, 1});
    EXPECT_EQ(Take(1), Answer("200 OK", R"({"key":"k","value":"value"})"));
  }
}

TEST_F(HttpCodecTest, ChunksCutAnywhere) {
  const std::string request =
      "PUT /items/k HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: "
      "chunked\r\n\r\n"
      "3\r\nabc\r\nA;ext=1\r\n0123456789\r\n0\r\nTrailer: x\r\n\r\n";
  for (size_t cut = 1; cut < request.size(); ++cut) {
    Send(std::string_view(request).substr(0, cut));
    ASSERT_EQ(Take(), "") << cut;
    Send(std::string_view(request).substr(cut));
    ASSERT_EQ(Take(), kNoContent) << cut;
  }
  Send(Call("GET", "/items/k"));
  EXPECT_THAT(Take(), EndsWith("{\"key\":\"k\",\"value\":\"abc0123456789\"}\n"));
}

TEST_F(HttpCodecTest, PipelinedRequestsAreAnsweredInOrderOneAfterTheOther) {
  std::string requests;
  std::string answers;
  for (int i = 0; i < 100; ++i) {
    const std::string key = "k" + std::to_string(i);
    requests += Call("PUT", "/items/" + key, "v") + Call("GET", "/items/" + key);
    answers += kNoContent + Answer("200 OK", R"({"key":")" + key + R"(","value":"v"})");
  }
  Send(requests);
  EXPECT_EQ(codec_.PrepareWrite(), kNoContent) << "the next one is not looked at yet";
  EXPECT_FALSE(codec_.wants_read()) << "and nothing more is read";
  EXPECT_EQ(Take(), answers);
  EXPECT_TRUE(codec_.wants_read());
}

TEST_F(HttpCodecTest, APipelineIsAnsweredAFewRequestsATurn) {
  std::string requests;
  for (int i = 0; i < 20; ++i) requests += Call("GET", "/healthz");
  Send(requests);
  const std::string one = Answer("200 OK", R"({"status":"ok"})");
  size_t turns = 0;
  for (std::string all; all.size() < 20 * one.size(); ++turns) {
    const std::string turn = TakeTurn();
    EXPECT_LE(turn.size(), 4 * one.size());
    ASSERT_FALSE(turn.empty());
    EXPECT_GT(std::exchange(woken_, 0), 0) << "or nobody would come back";
    all += turn;
  }
  EXPECT_GE(turns, 5U);
}

TEST_F(HttpCodecTest, ALargeAnswerInPieces) {
  const std::string value(90 * 1024, 'x');
  Send(Call("PUT", "/items/k", value));
  EXPECT_EQ(Take(), kNoContent);
  for (const size_t piece : {size_t{1000}, size_t{16 * 1024}, size_t{50'000}, SIZE_MAX}) {
    Send(Call("GET", "/items/k", {}, "Accept: application/octet-stream\r\n"));
    EXPECT_THAT(Take(piece), AllOf(StartsWith("HTTP/1.1 200 OK\r\n"), EndsWith("\r\n\r\n" + value)))
        << piece;
  }
}

TEST_F(HttpCodecTest, HeadIsGetWithoutTheBody) {
  Send(Call("GET", "/healthz"));
  const std::string get = Take();
  Send(Call("HEAD", "/healthz"));
  EXPECT_EQ(Take(), get.substr(0, get.find("\r\n\r\n") + 4));
}

TEST_F(HttpCodecTest, ABodyThatWaitsToBeWantedIsAskedFor) {
  Send(Call("PUT", "/items/k", "", "Expect: 100-continue\r\nContent-Length: 5\r\n"));
  EXPECT_FALSE(codec_.wants_read());
  EXPECT_EQ(Take(), "HTTP/1.1 100 Continue\r\n\r\n");
  EXPECT_TRUE(codec_.wants_read());
  Send("value");
  EXPECT_EQ(Take(), kNoContent);
  // The body right behind it.
  Send(Call("PUT", "/items/k", "v", "Expect: 100-continue\r\n"));
  EXPECT_EQ(Take(), "HTTP/1.1 100 Continue\r\n\r\n" + kNoContent);
}

TEST_F(HttpCodecTest, TheLastAnswerEndsIt) {
  Send(Call("GET", "/healthz", {}, "Connection: close\r\n") + Call("GET", "/healthz"));
  EXPECT_THAT(Take(), AllOf(StartsWith("HTTP/1.1 200 OK\r\n"), HasSubstr("Connection: close\r\n"),
                            EndsWith("{\"status\":\"ok\"}\n")));
  EXPECT_TRUE(codec_.finished());
  EXPECT_FALSE(codec_.wants_read());
}

TEST_F(HttpCodecTest, WhatIsNotARequestIsRefusedAndTheRestDropped) {
  Send(Call("GET", "/healthz") + "nonsense\r\n\r\n");
  EXPECT_THAT(Take(), AllOf(StartsWith("HTTP/1.1 200 OK\r\n"), HasSubstr("HTTP/1.1 400 "),
                            EndsWith("}\n")));
  EXPECT_TRUE(codec_.wants_shutdown());
  EXPECT_FALSE(codec_.finished());
  Send(Call("GET", "/healthz") + std::string(200'000, 'x'));
  EXPECT_EQ(Take(), "");
  Wait(core::HttpPace::kLinger - milliseconds(1));
  EXPECT_FALSE(codec_.too_silent());
  Wait(milliseconds(1));
  EXPECT_TRUE(codec_.too_silent());
  codec_.OnEof();
  EXPECT_TRUE(codec_.finished());
}

TEST_F(HttpCodecTest, ABodyOverTheLimitIsRefusedBeforeItIsRead) {
  Send(Call("PUT", "/items/k", "", "Expect: 100-continue\r\nContent-Length: 102401\r\n"));
  EXPECT_THAT(Take(), AllOf(StartsWith("HTTP/1.1 413 "), HasSubstr("Connection: close\r\n")));
  EXPECT_TRUE(codec_.wants_shutdown());
}

TEST_F(HttpCodecTest, TheEndInTheMiddleOfARequest) {
  Send(
      "PUT /items/k HTTP/1.1\r\nHost: localhost\r\nContent-Length: "
      "5\r\n\r\nab");
  codec_.OnEof();
  EXPECT_TRUE(codec_.finished());
  EXPECT_EQ(Take(), "");
}

TEST_F(HttpCodecTest, AReportComesLater) {
  Send(Call("GET", "/metrics") + Call("GET", "/healthz"));
  EXPECT_EQ(Take(), "");
  ASSERT_EQ(reports_.size(), 1U);
  EXPECT_EQ(reports_.front().kind, core::HttpReport::Kind::kMetrics);
  Wait(std::chrono::hours(1));
  EXPECT_FALSE(codec_.too_silent()) << "it is not the client that takes its time";
  codec_.OnReport("the report");
  EXPECT_THAT(Take(), AllOf(StartsWith("HTTP/1.1 200 OK\r\n"), HasSubstr("\r\n\r\nthe report"),
                            EndsWith("{\"status\":\"ok\"}\n")));
}

TEST_F(HttpCodecTest, SilenceIsTimedByWhatIsExpected) {
  Wait(milliseconds(59'999));
  EXPECT_FALSE(codec_.too_silent());
  Send("GET /healthz HTTP/1.1\r\n");
  Wait(milliseconds(59'999));
  EXPECT_FALSE(codec_.too_silent()) << "from its first byte on it has as long again";
  EXPECT_TRUE(codec_.too_slow());
  Send("X: y\r\n");
  Wait(milliseconds(1));
  EXPECT_TRUE(codec_.too_silent()) << "but further bytes are no reason to wait longer";
}

TEST_F(HttpCodecTest, DrainingEndsItAfterTheAnswer) {
  Send(Call("GET", "/metrics"));
  codec_.Drain();
  EXPECT_FALSE(codec_.finished());
  codec_.OnReport("text");
  EXPECT_THAT(Take(), HasSubstr("Connection: close\r\n"));
  EXPECT_TRUE(codec_.finished());
}

TEST_F(HttpCodecTest, DrainingEndsAtOnceWhatIsAtNoWork) {
  Send("GET /heal");
  codec_.Drain();
  EXPECT_TRUE(codec_.finished());
}

TEST_F(HttpCodecTest, APlaceOfTheReserveIsForOneUrgentRequest) {
  codec_.UseReserve();
  Send(Call("GET", "/healthz") + Call("GET", "/healthz"));
  EXPECT_THAT(Take(), AllOf(StartsWith("HTTP/1.1 200 OK\r\n"), HasSubstr("Connection: close\r\n"),
                            EndsWith("{\"status\":\"ok\"}\n")));
  EXPECT_TRUE(codec_.finished());
}

TEST_F(HttpCodecTest, APlaceOfTheReserveIsForNothingElse) {
  codec_.UseReserve();
  Send(Call("GET", "/items/k"));
  EXPECT_THAT(Take(), AllOf(StartsWith("HTTP/1.1 503 "), HasSubstr("All places for HTTP")));
  EXPECT_TRUE(codec_.wants_shutdown());
  EXPECT_EQ(story_.metrics().counters.clients_refused.Load(), 1U);
}

TEST_F(HttpCodecTest, PagesOfListedOriginsMayRead) {
  net::HttpCodec codec(story_.state(), "10.0.0.1:50001", gate_, *this, [](const auto&) {});
  const std::string request =
      Call("OPTIONS", "/items/k", {},
           "Origin: https://page.example\r\nAccess-Control-Request-Method: PUT\r\n");
  std::memcpy(codec.PrepareRead().data(), request.data(), request.size());
  codec.CommitRead(request.size());
  EXPECT_EQ(codec.PrepareWrite(),
            "HTTP/1.1 204 No Content\r\nServer: keyhole\r\nVary: Origin\r\n"
            "Access-Control-Allow-Origin: https://page.example\r\n"
            "Access-Control-Allow-Methods: GET, HEAD, POST, PUT, DELETE\r\n"
            "Access-Control-Allow-Headers: Accept, Authorization, Content-Type\r\n"
            "Access-Control-Max-Age: 600\r\n\r\n");
}

// ---- a stream

const std::string kStreamHead =
    "HTTP/1.1 200 OK\r\nServer: keyhole\r\nContent-Type: text/event-stream\r\n"
    "Connection: close\r\nCache-Control: no-store\r\n\r\n";

TEST_F(HttpCodecTest, AStreamAsksForItsNextPieceWhenTheLastOneIsWritten) {
  Send(Call("GET", "/api/events"));
  ASSERT_EQ(reports_.size(), 1u);
  EXPECT_EQ(reports_[0].kind, core::HttpReport::Kind::kEvent);
  codec_.OnReport("data: 1\n\n");
  EXPECT_EQ(reports_.size(), 1u) << "nothing is asked for before it is written";
  EXPECT_EQ(Take(1), kStreamHead + "data: 1\n\n");
  for (int i = 2; i < 5; ++i) {
    ASSERT_EQ(reports_.size(), static_cast<size_t>(i));
    EXPECT_EQ(reports_.back().kind, core::HttpReport::Kind::kNextEvent);
    const std::string piece = "data: " + std::to_string(i) + "\n\n";
    codec_.OnReport(piece);
    EXPECT_EQ(Take(3), piece);
    EXPECT_FALSE(codec_.finished());
  }
  EXPECT_TRUE(codec_.wants_read()) << "to see its end";
  Send("what a reader says is dropped");
  codec_.OnEof();
  EXPECT_TRUE(codec_.finished());
  codec_.OnReport("late");
  EXPECT_EQ(Take(), "");
}

TEST_F(HttpCodecTest, AReaderThatTakesNothingIsClosed) {
  Send(Call("GET", "/api/events"));
  codec_.OnReport("data: 1\n\n");
  Wait(milliseconds(9900));
  EXPECT_FALSE(codec_.too_silent());
  Wait(milliseconds(200));
  EXPECT_TRUE(codec_.too_silent());
}

TEST_F(HttpCodecTest, AStreamEndsWithTheProcessAndMakesRoomForOthers) {
  Send(Call("GET", "/api/events"));
  codec_.OnReport("data: 1\n\n");
  EXPECT_FALSE(codec_.pace().CanGo(story_.state().now));
  Take();
  Wait(milliseconds(1));
  EXPECT_TRUE(codec_.pace().CanGo(story_.state().now));
  codec_.Drain();
  EXPECT_TRUE(codec_.finished());
}

TEST_F(HttpCodecTest, TheHeadOfAStreamIsNoStream) {
  Send(Call("HEAD", "/api/events"));
  codec_.OnReport("data: 1\n\n");
  EXPECT_THAT(Take(), StartsWith("HTTP/1.1 200 OK\r\nServer: keyhole\r\nContent-Type: text/event"));
  EXPECT_EQ(reports_.size(), 1u);
}

TEST_F(HttpCodecTest, ThePageComesWithItsPolicy) {
  Send(Call("GET", "/", {}, "Accept: text/html\r\n"));
  ASSERT_EQ(reports_.size(), 1u);
  EXPECT_EQ(reports_[0].kind, core::HttpReport::Kind::kPage);
  codec_.OnReport("<!doctype html>");
  EXPECT_THAT(
      Take(),
      AllOf(HasSubstr("\r\nContent-Security-Policy: default-src 'none'; script-src 'sha256-"),
            HasSubstr("\r\nX-Content-Type-Options: nosniff\r\n"),
            EndsWith("\r\nContent-Length: 15\r\n\r\n<!doctype html>")));
}

TEST_F(HttpCodecTest, WhatIsCompressedSaysSo) {
  Send(Call("GET", "/api/keys", {}, "Accept-Encoding: br, gzip\r\n"));
  ASSERT_EQ(reports_.size(), 1u);
  EXPECT_TRUE(reports_[0].gzip);
  codec_.OnReport("zipped");
  EXPECT_THAT(Take(),
              AllOf(HasSubstr("\r\nContent-Encoding: gzip\r\n"), EndsWith("\r\n\r\nzipped")));
  Send(Call("GET", "/api/keys?limt=1", {}, "Accept-Encoding: gzip\r\n"));
  EXPECT_THAT(Take(), AllOf(Not(HasSubstr("Content-Encoding")), HasSubstr("did you mean limit?")));
}

}  // namespace
}  // namespace keyhole::test
