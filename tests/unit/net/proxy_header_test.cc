// Whose connection a load balancer passes on, in both versions and in any pieces.
#include "proxy/net/proxy_header.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <string_view>

namespace keyhole::net {
namespace {

using Result = ProxyHeader::Result;

struct Outcome {
  Result result = Result::kNeedMore;
  std::string client;
  size_t used = 0;
  bool operator==(const Outcome&) const = default;
};

// Given so many bytes at a time; 0: random pieces.
Outcome Read(std::string_view bytes, size_t piece) {
  ProxyHeader header;
  Outcome outcome;
  std::mt19937 random(bytes.size());
  while (outcome.result == Result::kNeedMore && outcome.used < bytes.size()) {
    const size_t size = piece == 0 ? 1 + random() % 9 : piece;
    size_t used = 0;
    outcome.result = header.Take(bytes.substr(outcome.used, size), &used);
    outcome.used += used;
  }
  outcome.client = header.client();
  return outcome;
}

// The same, however it is cut.
Outcome Read(std::string_view bytes) {
  const Outcome whole = Read(bytes, SIZE_MAX);
  for (const size_t piece : {size_t{1}, size_t{0}}) {
    const Outcome cut = Read(bytes, piece);
    EXPECT_EQ(cut.result, whole.result) << piece;
    EXPECT_EQ(cut.client, whole.client) << piece;
    if (whole.result == Result::kDone) {
      EXPECT_EQ(cut.used, whole.used) << piece;
    }
  }
  return whole;
}

std::string V2(char command, char family, std::string_view rest) {
  std::string bytes("\r\n\r\n\0\r\nQUIT\n", 12);
  bytes += command;
  bytes += family;
  bytes += static_cast<char>(rest.size() >> 8);
  bytes += static_cast<char>(rest.size() & 0xff);
  return bytes.append(rest);
}

const std::string_view kFour("\xc0\x00\x02\x07\xc0\x00\x02\x01\xdc\x04\x18\xec", 12);

TEST(ProxyHeaderTest, Version1) {
  const std::string_view four = "PROXY TCP4 192.0.2.7 192.0.2.1 56324 6380\r\n";
  EXPECT_EQ(Read(std::string(four) + "PING\r\n"),
            (Outcome{Result::kDone, "192.0.2.7:56324", four.size()}))
      << "what is behind it is not taken";
  EXPECT_EQ(Read("PROXY TCP6 2001:db8::1 ::1 1 2\r\n").client, "[2001:db8::1]:1");
  EXPECT_EQ(Read("PROXY UNKNOWN\r\n").result, Result::kDone);
  EXPECT_EQ(Read("PROXY UNKNOWN ff:ff::ff ff:ff::ff 1 2\r\n").client, "");
}

TEST(ProxyHeaderTest, Version2) {
  const std::string four = V2('\x21', '\x11', kFour);
  EXPECT_EQ(Read(four + "PING\r\n"), (Outcome{Result::kDone, "192.0.2.7:56324", four.size()}));
  EXPECT_EQ(Read(V2('\x21', '\x11', std::string(kFour) + "\x04\x00\x01x")).client,
            "192.0.2.7:56324")
      << "more may stand behind the addresses";
  std::string six(16, '\0');
  six[15] = 1;
  six += std::string(15, '\0') + "\x02" + std::string("\x00\x50\x00\x51", 4);
  EXPECT_EQ(Read(V2('\x21', '\x21', six)).client, "[::1]:80");
  EXPECT_EQ(Read(V2('\x20', '\x00', "")), (Outcome{Result::kDone, "", 16})) << "LOCAL";
  EXPECT_EQ(Read(V2('\x21', '\x31', std::string(216, 'x'))).client, "") << "a unix socket";
}

TEST(ProxyHeaderTest, WhatIsNoneIsRefused) {
  for (const std::string& bytes :
       {std::string("*1\r\n$4\r\nPING\r\n"), std::string("GET / HTTP/1.1\r\n"),
        std::string("PROXY TCP4 1.2.3.4 5.6.7.8 1\r\n"),
        std::string("PROXY TCP5 1.2.3.4 5.6.7.8 1 2\r\n"),
        std::string("PROXY TCP4 1.2.3 5.6.7.8 1 2\r\n"), std::string("PROXY TCP4 ::1 ::1 1 2\r\n"),
        std::string("PROXY TCP4 1.2.3.4 5.6.7.8 1 65536\r\n"), std::string("PROXY \r\n"),
        "PROXY TCP4 " + std::string(200, '1'), V2('\x11', '\x11', kFour), V2('\x22', '\x11', kFour),
        V2('\x21', '\x11', "short"), V2('\x21', '\x21', kFour),
        V2('\x21', '\x11', std::string(3000, 'x')), std::string("\r\n\r\nGET"),
        std::string("\r\n\r\n\0\r\nQUIX\n1234", 16)}) {
    EXPECT_EQ(Read(bytes).result, Result::kError) << bytes;
  }
}

TEST(ProxyHeaderTest, AnUnfinishedOneIsWaitedFor) {
  EXPECT_EQ(Read("PROXY TCP4 1.2").result, Result::kNeedMore);
  EXPECT_EQ(Read(std::string("\r\n\r\n\0", 5)).result, Result::kNeedMore);
}

TEST(ProxyHeaderTest, OursIsReadAsItIsMeant) {
  EXPECT_EQ(Read(MakeProxyHeader("192.0.2.7:56324", "192.0.2.1:6379")).client, "192.0.2.7:56324");
  EXPECT_EQ(Read(MakeProxyHeader("[2001:db8::1]:5", "[::1]:6")).client, "[2001:db8::1]:5");
  EXPECT_EQ(Read(MakeProxyHeader("unix:/x", "192.0.2.1:6379")), (Outcome{Result::kDone, "", 16}));
}

}  // namespace
}  // namespace keyhole::net
