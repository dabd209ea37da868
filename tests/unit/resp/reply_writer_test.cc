#include "resp/reply_writer.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <functional>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "resp/reply_scanner.h"
#include "resp/request_parser.h"

namespace keyhole::resp {
namespace {

using namespace std::string_literals;
using Writing = std::function<void(ReplyWriter&)>;

std::string Written(Protocol protocol, const Writing& writing) {
  ByteQueue out;
  ReplyWriter writer(&out, protocol);
  writing(writer);
  return std::string(out.Data());
}

void ExpectWritten(const Writing& writing, std::string_view resp2, std::string_view resp3) {
  EXPECT_EQ(Written(Protocol::kResp2, writing), resp2);
  EXPECT_EQ(Written(Protocol::kResp3, writing), resp3);
}

void ExpectSame(const Writing& writing, std::string_view both) {
  ExpectWritten(writing, both, both);
}

TEST(ReplyWriter, WhatBothProtocolsWriteAlike) {
  ExpectSame([](ReplyWriter& w) { w.Ok(); }, "+OK\r\n");
  ExpectSame([](ReplyWriter& w) { w.Simple("PONG"); }, "+PONG\r\n");
  ExpectSame([](ReplyWriter& w) { w.Error("ERR no"); }, "-ERR no\r\n");
  ExpectSame([](ReplyWriter& w) { w.Integer(-7); }, ":-7\r\n");
  ExpectSame([](ReplyWriter& w) { w.Integer(INT64_MIN); }, ":-9223372036854775808\r\n");
  ExpectSame([](ReplyWriter& w) { w.Bulk("a\r\nb\0c"s); }, "$6\r\na\r\nb\0c\r\n"s);
  ExpectSame([](ReplyWriter& w) { w.Bulk(""); }, "$0\r\n\r\n");
  ExpectSame([](ReplyWriter& w) { w.Array(3); }, "*3\r\n");
}

TEST(ReplyWriter, WhatRedisWritesDifferently) {
  ExpectWritten([](ReplyWriter& w) { w.Null(); }, "$-1\r\n", "_\r\n");
  ExpectWritten([](ReplyWriter& w) { w.NullArray(); }, "*-1\r\n", "_\r\n");
  ExpectWritten([](ReplyWriter& w) { w.Map(3); }, "*6\r\n", "%3\r\n");
  ExpectWritten([](ReplyWriter& w) { w.Set(3); }, "*3\r\n", "~3\r\n");
  ExpectWritten([](ReplyWriter& w) { w.Push(3); }, "*3\r\n", ">3\r\n");
  ExpectWritten([](ReplyWriter& w) { w.Boolean(true); }, ":1\r\n", "#t\r\n");
  ExpectWritten([](ReplyWriter& w) { w.Boolean(false); }, ":0\r\n", "#f\r\n");
  ExpectWritten([](ReplyWriter& w) { w.Verbatim("hi"); }, "$2\r\nhi\r\n", "=6\r\ntxt:hi\r\n");
  ExpectWritten([](ReplyWriter& w) { w.Double(1.5); }, "$3\r\n1.5\r\n", ",1.5\r\n");
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  ExpectWritten([](ReplyWriter& w) { w.Double(kInfinity); }, "$3\r\ninf\r\n", ",inf\r\n");
  ExpectWritten([](ReplyWriter& w) { w.Double(-kInfinity); }, "$4\r\n-inf\r\n", ",-inf\r\n");
}

TEST(ReplyWriter, AnErrorStaysOneLine) {
  ExpectSame([](ReplyWriter& w) { w.Error("ERR a\r\nb\nc"); }, "-ERR a  b c\r\n");
}

TEST(ReplyWriter, AppendsAndChangesItsProtocol) {
  ByteQueue out;
  out.Append("+before\r\n");
  ReplyWriter writer(&out, Protocol::kResp2);
  writer.Null();
  writer.set_protocol(Protocol::kResp3);
  writer.Null();
  EXPECT_EQ(out.Data(), "+before\r\n$-1\r\n_\r\n");
  EXPECT_EQ(writer.protocol(), Protocol::kResp3);
}

TEST(ReplyWriter, WhatItWritesIsWhatTheScannerReads) {
  for (const Protocol protocol : {Protocol::kResp2, Protocol::kResp3}) {
    const std::string reply = Written(protocol, [](ReplyWriter& w) {
      w.Array(5);
      w.Map(1);
      w.Bulk("key");
      w.Null();
      w.Set(2);
      w.Boolean(true);
      w.Double(0.1);
      w.Verbatim("text");
      w.NullArray();
      w.Error("ERR no");
    });
    ReplyScanner scanner;
    size_t used = 0;
    EXPECT_EQ(scanner.Scan(reply, &used), ReplyScanner::Result::kDone) << reply;
    EXPECT_EQ(used, reply.size());
  }
}

TEST(AppendRequest, WritesWhatTheParserReads) {
  const std::vector<std::string_view> args = {"SET", std::string_view("\0\r\n", 3), ""};
  std::string out = "*0\r\n";
  AppendRequest(args, &out);
  EXPECT_EQ(out, "*0\r\n*3\r\n$3\r\nSET\r\n$3\r\n\0\r\n\r\n$0\r\n\r\n"s);
  RequestParser parser;
  ASSERT_EQ(parser.Next(out), RequestParser::Result::kRequest);
  EXPECT_EQ(std::vector(parser.request().args.begin(), parser.request().args.end()), args);
}

}  // namespace
}  // namespace keyhole::resp
