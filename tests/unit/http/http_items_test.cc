// Stories about the calls for items: what is asked of Redis, and the answer.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json/parse.hpp>

#include "proxy/http/http_exchange.h"
#include "proxy/http/http_item.h"
#include "tests/unit/http/http_story.h"

namespace keyhole::core {
namespace {

using metrics::HttpEndpoint;
using testing::ElementsAre;
using testing::HasSubstr;

TEST_F(Http, AnItemIsPosted) {
  ASSERT_EQ(Ask("POST", "/items", R"({"key":"foo","value":"bar"})"), HttpStep::kCommand);
  EXPECT_THAT(command(), ElementsAre("set", "foo", "bar"));
  EXPECT_EQ(exchange_.endpoint(), HttpEndpoint::kAddItem);
  EXPECT_EQ(Reply("+OK\r\n"), 201);
  EXPECT_EQ(body(), R"({"message":"Item added successfully","key":"foo","value":"bar"})");
  EXPECT_EQ(type(), kJson);
}

TEST_F(Http, APostedItemMayHaveATimeToLive) {
  ASSERT_EQ(Ask("POST", "/items", R"( {"ttl": 60, "value": "", "key": "foo", "x": [{"key": 1}]} )"),
            HttpStep::kCommand);
  EXPECT_THAT(command(), ElementsAre("set", "foo", "", "EX", "60"));
}

TEST_F(Http, NumbersArePostedAsTheyAreWritten) {
  for (const std::string number : {"5", "-5", "0", "1.10", "-0.5e+10", "1E400",
                                   "18446744073709551615", "123456789012345678901234567890"}) {
    const HttpStep step = Ask("POST", "/items", "{\"key\":\"n\",\"value\":" + number + "}");
    if (number == "1E400") continue;  // whether it is a number at all is the parser's to say
    ASSERT_EQ(step, HttpStep::kCommand) << number << body();
    EXPECT_THAT(command(), ElementsAre("set", "n", number));
  }
  Ask("POST", "/items", R"({"key":"n","value":7})");
  Reply("+OK\r\n");
  EXPECT_THAT(body(), HasSubstr(R"("value":"7")"));
}

TEST_F(Http, APostWithoutKeyOrValueIsRefused) {
  for (const char* json :
       {"", "{}", R"({"key":"foo"})", R"({"value":"bar"})", R"({"key":"","value":"bar"})",
        R"({"key":null,"value":"bar"})", R"({"key":"foo","value":"bar","value":null})",
        R"({"x":{"key":"foo","value":"bar"}})"}) {
    EXPECT_EQ(Status("POST", "/items", json), 400) << json;
    EXPECT_EQ(body(), R"({"error":"Missing key or value"})") << json;
    EXPECT_EQ(exchange_.endpoint(), HttpEndpoint::kAddItem);
  }
}

TEST_F(Http, AWrongPostSaysWhatIsWrong) {
  const auto error = [this](std::string_view json) {
    EXPECT_EQ(Status("POST", "/items", json), 400) << json;
    return std::string(boost::json::parse(body()).at("error").as_string());
  };
  EXPECT_THAT(error("{"), HasSubstr("The body is not valid JSON"));
  EXPECT_THAT(error("key=foo"), HasSubstr("at byte 1); send {\"key\": \"foo\""));
  EXPECT_THAT(error(R"({"key":"foo","value":"bar"} x)"), HasSubstr("not valid JSON"));
  EXPECT_THAT(error("{\"key\":\"\xff\",\"value\":\"bar\"}"), HasSubstr("not valid JSON"));
  EXPECT_THAT(error(std::string(100, '[')), HasSubstr("not valid JSON"));
  for (const char* json : {"[]", "\"foo\"", "1", "true", "null", R"([{"key":"a","value":"b"}])"}) {
    EXPECT_THAT(error(json), HasSubstr("must be a JSON object")) << json;
  }
  EXPECT_EQ(error(R"({"key":1,"value":"bar"})"), "key must be a string");
  EXPECT_EQ(error(R"({"key":["a"],"value":"bar"})"), "key must be a string");
  for (const char* value : {"true", "[1]", "{\"value\":\"x\"}"}) {
    EXPECT_EQ(error(std::string(R"({"key":"a","value":)") + value + "}"),
              "value must be a string or a number");
  }
  for (const char* ttl : {"0", "-1", "1.5", "60.0", "\"60\"", "true", "[]", "1000000000001",
                          "18446744073709551615", "99999999999999999999"}) {
    EXPECT_EQ(error(std::string(R"({"key":"a","value":"b","ttl":)") + ttl + "}"),
              "ttl must be a whole number of seconds from 1 to 1000000000000")
        << ttl;
  }
}

TEST_F(Http, JsonEscapesAreUndone) {
  ASSERT_EQ(Ask("POST", "/items", R"({"\u006bey":"a\u0000\n\u00e9\ud83d\ude00","value":"\"\\"})"),
            HttpStep::kCommand);
  EXPECT_THAT(command(),
              ElementsAre("set", std::string("a\0\n\xc3\xa9\xf0\x9f\x98\x80", 9), "\"\\"));
  Reply("+OK\r\n");
  EXPECT_EQ(boost::json::parse(body()).at("value").as_string(), "\"\\");
}

TEST_F(Http, AnItemIsRead) {
  ASSERT_EQ(Ask("GET", "/items/foo"), HttpStep::kCommand);
  EXPECT_THAT(command(), ElementsAre("get", "foo"));
  EXPECT_EQ(exchange_.endpoint(), HttpEndpoint::kGetItem);
  EXPECT_EQ(Reply("$3\r\nbar\r\n"), 200);
  EXPECT_EQ(body(), R"({"key":"foo","value":"bar"})");
  EXPECT_FALSE(exchange_.response().head);

  Ask("GET", "/items/foo");
  EXPECT_EQ(Reply("$-1\r\n"), 404);
  EXPECT_EQ(body(), R"({"error":"Key not found"})");
}

TEST_F(Http, KeysArePercentDecodedBytes) {
  const std::vector<std::pair<std::string, std::string>> keys = {
      {"user:1", "user:1"},      {"a/b", "a/b"},     {"a%2Fb", "a/b"}, {"a+b", "a+b"},
      {"%00%ff", {"\0\xff", 2}}, {"a?limit=1", "a"}, {"%3f%25", "?%"}};
  for (const auto& [encoded, key] : keys) {
    ASSERT_EQ(Ask("GET", "/items/" + encoded), HttpStep::kCommand) << encoded;
    EXPECT_THAT(command(), ElementsAre("get", key));
  }
  ASSERT_EQ(Ask("GET", "http://cache.example:9000/items/foo"), HttpStep::kCommand);
  EXPECT_THAT(command(), ElementsAre("get", "foo"));

  for (const char* wrong : {"/items/%", "/items/%4", "/items/%zz", "/items/a%"}) {
    EXPECT_EQ(Status("GET", wrong), 400) << wrong;
    EXPECT_THAT(body(), HasSubstr("two hexadecimal digits"));
  }
  EXPECT_EQ(Status("GET", "/items/"), 400);
  EXPECT_EQ(Status("PUT", "/items/?ttl=1"), 400);
  EXPECT_EQ(body(), R"({"error":"Missing key; give /items/KEY"})");
}

TEST_F(Http, BytesThatAreNoUtf8ShowAsText) {
  Ask("GET", "/items/%ffk");
  Reply("$7\r\n\xc3\xa9\xc3\x00\x80\"\xe2\r\n" + std::string());  // cut at the zero: no reply
  EXPECT_EQ(exchange_.response().status, 502);

  Ask("GET", "/items/%ffk");
  EXPECT_EQ(Reply(std::string("$7\r\n\xc3\xa9\xc3\x00\x80\"\xe2\r\n", 13)), 200);
  const auto json = boost::json::parse(body());
  EXPECT_EQ(json.at("key").as_string(), "\\xffk");
  EXPECT_EQ(json.at("value").as_string(),
            boost::json::string_view("\xc3\xa9\\xc3\0\\x80\"\\xe2", 16));
}

TEST_F(Http, ExactBytesAreReadWhereAskedFor) {
  const std::string bytes("\xff\0\r\n", 4);
  for (const char* accept :
       {"application/octet-stream", "text/html, Application/Octet-Stream;q=1"}) {
    Ask("GET", "/items/foo", {}, accept);
    EXPECT_EQ(Reply("$4\r\n" + bytes + "\r\n"), 200);
    EXPECT_EQ(body(), bytes);
    EXPECT_EQ(type(), "application/octet-stream");
  }
  for (const char* accept :
       {"*/*", "application/octet-streams", ",,;", "application/octet-stream;q=0",
        "application/json, application/octet-stream;q=0.5"}) {
    Ask("GET", "/items/foo", {}, accept);
    Reply("$1\r\nx\r\n");
    EXPECT_EQ(type(), kJson);
  }
  Ask("GET", "/items/foo", {}, "application/octet-stream");
  EXPECT_EQ(Reply("$-1\r\n"), 404);
  EXPECT_EQ(type(), kJson);
}

TEST_F(Http, ExactBytesArePut) {
  const std::string bytes("\xff\0\r\n", 4);
  ASSERT_EQ(Ask("PUT", "/items/foo", bytes), HttpStep::kCommand);
  EXPECT_THAT(command(), ElementsAre("set", "foo", bytes));
  EXPECT_EQ(exchange_.endpoint(), HttpEndpoint::kPutItem);
  EXPECT_EQ(Reply("+OK\r\n"), 204);
  EXPECT_EQ(body(), "");
  EXPECT_EQ(type(), "");

  ASSERT_EQ(Ask("PUT", "/items/foo?x&ttl=5", ""), HttpStep::kCommand);
  EXPECT_THAT(command(), ElementsAre("set", "foo", "", "EX", "5"));
  for (const char* ttl : {"", "0", "-1", "x", "1.5", "%", "1000000000001"}) {
    EXPECT_EQ(Status("PUT", std::string("/items/foo?ttl=") + ttl, "x"), 400) << ttl;
    EXPECT_THAT(body(), HasSubstr("ttl must be a whole number of seconds"));
  }
}

TEST_F(Http, AnItemIsDeleted) {
  ASSERT_EQ(Ask("DELETE", "/items/foo"), HttpStep::kCommand);
  EXPECT_THAT(command(), ElementsAre("del", "foo"));
  EXPECT_EQ(exchange_.endpoint(), HttpEndpoint::kDeleteItem);
  EXPECT_EQ(Reply(":1\r\n"), 204);
  EXPECT_EQ(body(), "");
  Ask("DELETE", "/items/foo");
  EXPECT_EQ(Reply(":0\r\n"), 404);
}

TEST_F(Http, ItemsAreListedAPageAtATime) {
  ASSERT_EQ(Ask("GET", "/items?limit=2&cursor=17"), HttpStep::kCommand);
  EXPECT_THAT(command(), ElementsAre("scan", "17", "COUNT", "2", "TYPE", "string"));
  EXPECT_EQ(exchange_.endpoint(), HttpEndpoint::kListItems);
  // "b" comes twice, and goes before it is read.
  ASSERT_EQ(exchange_.OnReply("*2\r\n$20\r\n18446744073709551615\r\n"
                              "*4\r\n$1\r\na\r\n$1\r\nb\r\n$2\r\n\xff\"\r\n$1\r\nb\r\n"),
            HttpStep::kCommand);
  EXPECT_THAT(command(), ElementsAre("mget", "a", "b", "\xff\""));
  EXPECT_EQ(Reply("*3\r\n$1\r\n1\r\n$-1\r\n$0\r\n\r\n"), 200);
  EXPECT_EQ(body(),
            R"({"count":2,"items":{"a":"1","\\xff\"":""},"cursor":"18446744073709551615"})");
}

TEST_F(Http, AnEmptyPageAsksNoFurther) {
  ASSERT_EQ(Ask("GET", "/items"), HttpStep::kCommand);
  EXPECT_THAT(command(), ElementsAre("scan", "0", "COUNT", "100", "TYPE", "string"));
  EXPECT_EQ(Reply("*2\r\n$1\r\n0\r\n*0\r\n"), 200);
  EXPECT_EQ(body(), R"({"count":0,"items":{},"cursor":"0"})");
}

TEST_F(Http, WrongPagesAreRefused) {
  for (const char* limit : {"0", "1001", "-1", "x", "", "%", "1 0"}) {
    EXPECT_EQ(Status("GET", std::string("/items?limit=") + limit), 400) << limit;
    EXPECT_EQ(body(), R"({"error":"limit must be a whole number from 1 to 1000"})");
  }
  for (const char* cursor : {"x", "-1", "", "18446744073709551616", "%z"}) {
    EXPECT_EQ(Status("GET", std::string("/items?cursor=") + cursor), 400) << cursor;
    EXPECT_THAT(body(), HasSubstr("cursor must be one that an earlier answer gave"));
  }
}

// Two keys that JSON would show alike are two members.
TEST_F(Http, NamesInAListDifferWhereTheKeysDo) {
  EXPECT_EQ(JsonName("\xff"), R"("\\xff")");
  EXPECT_EQ(JsonName("\\xff"), R"("\\x5cxff")");
  EXPECT_EQ(JsonName("\\\xff"), R"("\\\\xff")");
  EXPECT_EQ(JsonName("\\\\xff"), R"("\\\\x5cxff")");
  EXPECT_EQ(JsonName("C:\\x\\xyz"), R"("C:\\x\\xyz")");
}

}  // namespace
}  // namespace keyhole::core
