// Where requests begin and end, and what is refused because two readers could differ about it.
#include "proxy/http/http_framing.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace keyhole::core {
namespace {

using Result = HttpRequestReader::Result;

// What became of one request.
struct Read {
  Result result = Result::kNeedMore;
  int status = 0;  // of a refusal
  std::string host;
  std::string method;
  std::string body;
  std::string rest;  // what the reader has left
};

// Gives the bytes to a reader, `step` of them more with each call.
Read ReadIn(const std::string& bytes, size_t step, size_t limit = 1000) {
  HttpRequestReader reader(limit);
  Read read;
  std::string input;
  size_t given = 0;
  for (int calls = 0; calls < 100'000; ++calls) {
    read.result = reader.Read(input);
    if (read.result == Result::kHead) read.host = reader.host();
    input.erase(0, reader.consumed());
    if (read.result == Result::kDone || read.result == Result::kRefused) break;
    if (read.result == Result::kHead) continue;
    if (given == bytes.size()) break;
    const size_t more = std::min(step, bytes.size() - given);
    input += bytes.substr(given, more);
    given += more;
  }
  if (read.result == Result::kRefused) read.status = reader.refusal().status;
  read.method = reader.method();
  read.body = reader.body();
  read.rest = input + bytes.substr(given);
  return read;
}

// However the bytes come, the same becomes of them.
Read ReadAll(const std::string& bytes, size_t limit = 1000) {
  const Read whole = ReadIn(bytes, bytes.size(), limit);
  for (const size_t step : {size_t{1}, size_t{3}, size_t{17}}) {
    const Read pieces = ReadIn(bytes, step, limit);
    EXPECT_EQ(pieces.result, whole.result) << bytes;
    EXPECT_EQ(pieces.status, whole.status) << bytes;
    if (whole.result != Result::kDone) continue;
    EXPECT_EQ(pieces.body, whole.body) << bytes;
    EXPECT_EQ(pieces.rest, whole.rest) << bytes;
  }
  return whole;
}

// A request with these lines in its head, and something behind it that must not be taken for its
// body.
std::string Head(const std::vector<std::string>& fields,
                 const std::string& line = "PUT /items/k HTTP/1.1") {
  std::string bytes = line + "\r\n";
  for (const std::string& field : fields) bytes += field + "\r\n";
  return bytes + "\r\n";
}

int StatusOf(const std::string& bytes, size_t limit = 1000) {
  const Read read = ReadAll(bytes, limit);
  EXPECT_NE(read.result, Result::kNeedMore) << bytes;
  return read.status;
}

std::string Chunked(const std::string& body) {
  return Head({"Host: h", "Transfer-Encoding: chunked"}) + body;
}

TEST(HttpFraming, ARequestWithoutABody) {
  const Read read = ReadAll(Head({"Host: h"}, "GET / HTTP/1.1") + "GET /next");
  EXPECT_EQ(read.result, Result::kDone);
  EXPECT_EQ(read.method, "GET");
  EXPECT_EQ(read.host, "h");
  EXPECT_EQ(read.body, "");
  EXPECT_EQ(read.rest, "GET /next");
}

TEST(HttpFraming, TheHeadIsWhatStandsThere) {
  HttpRequestReader reader(10);
  const std::string head = Head({"Host: h", "Content-Length: 2"});
  ASSERT_EQ(reader.Read("\r\n\r\n" + head + "ab"), Result::kHead);
  EXPECT_TRUE(reader.has_body());
  EXPECT_EQ(reader.consumed(), 4 + head.size());
}

TEST(HttpFraming, ABodyOfItsLength) {
  const Read read = ReadAll(Head({"host:h", "CONTENT-LENGTH: \t005 "}) + "a\r\n\r\nGET");
  EXPECT_EQ(read.result, Result::kDone);
  EXPECT_EQ(read.body, "a\r\n\r\n");
  EXPECT_EQ(read.rest, "GET");
  EXPECT_EQ(ReadAll(Head({"Host: h", "Content-Length: 0"}) + "x").rest, "x");
  EXPECT_EQ(ReadAll(Head({"Host: h", "Content-Length: 5"}) + "abcd").result, Result::kNeedMore);
}

TEST(HttpFraming, ABodyInChunks) {
  const Read read = ReadAll(Chunked(
      "3\r\nabc\r\nA;name=\"a b\";x\r\n0123456789\r\n0;end\r\nTrailer: x\r\nT2:\r\n\r\nGET"));
  EXPECT_EQ(read.result, Result::kDone);
  EXPECT_EQ(read.body, "abc0123456789");
  EXPECT_EQ(read.rest, "GET");
  EXPECT_EQ(ReadAll(Chunked("0\r\n\r\n")).result, Result::kDone);
  EXPECT_EQ(ReadAll(Head({"Host: h", "transfer-encoding: ChUnKeD"}) + "00\r\n\r\n").result,
            Result::kDone);
}

// RFC 9112 section 6.3: the length of such a body cannot be known, so what follows is no request.
TEST(HttpFraming, ATransferEncodingThatIsNotChunked) {
  for (const char* const coding : {"gzip", "identity", "xchunked", "chunked, identity", "chunked,",
                                   ",chunked-", "", "chunked;q=1", "\"chunked\"", "chun ked",
                                   "\x0b"
                                   "chunked",
                                   "chunked, gzip"}) {
    EXPECT_EQ(
        StatusOf(Head({"Host: h", std::string("Transfer-Encoding: ") + coding}) + "0\r\n\r\n"), 400)
        << coding;
  }
  for (const char* const coding : {"gzip, chunked", "identity,chunked", "chunked, chunked"}) {
    EXPECT_EQ(StatusOf(Head({"Host: h", std::string("Transfer-Encoding: ") + coding})), 501)
        << coding;
  }
  EXPECT_EQ(StatusOf(Head({"Host: h", "Transfer-Encoding: gzip", "Transfer-Encoding: chunked"})),
            400);
  EXPECT_EQ(StatusOf(Head({"Host: h", "Transfer-Encoding: chunked", "Transfer-Encoding: chunked"})),
            400);
  EXPECT_EQ(StatusOf(Head({"Host: h", "Transfer-Encoding: chunked"}, "PUT / HTTP/1.0")), 400);
}

TEST(HttpFraming, TwoWordsAboutTheLength) {
  EXPECT_EQ(StatusOf(Head({"Host: h", "Content-Length: 3", "Transfer-Encoding: chunked"})), 400);
  EXPECT_EQ(StatusOf(Head({"Host: h", "Transfer-Encoding: chunked", "Content-Length: 3"})), 400);
  EXPECT_EQ(StatusOf(Head({"Host: h", "Content-Length: 3", "Content-Length: 4"})), 400);
  EXPECT_EQ(StatusOf(Head({"Host: h", "Content-Length: 3", "Content-Length: 3"})), 400);
}

TEST(HttpFraming, LengthsThatAreNotOne) {
  for (const char* const length : {"", "+3", "-3", "0x3", "3 3", "3,3", "3;", "3.0", "a",
                                   "\x0b"
                                   "3",
                                   "3\x0c", "1e2", "\xd9\xa3"}) {
    EXPECT_EQ(StatusOf(Head({"Host: h", std::string("Content-Length: ") + length})), 400) << length;
  }
  EXPECT_EQ(StatusOf(Head({"Host: h", "Content-Length: 1001"})), 413);
  EXPECT_EQ(StatusOf(Head({"Host: h", "Content-Length: 18446744073709551617"})), 413);
}

TEST(HttpFraming, SizesOfChunksThatAreNotOne) {
  for (const char* const size : {"", "+3", "-3", "0x3", " 3", "3 ", "3 ;x", "\t3", "g", "3,",
                                 "00000000000000003", "3;\x01", "3;\x7f"}) {
    EXPECT_EQ(StatusOf(Chunked(std::string(size) + "\r\nabc\r\n0\r\n\r\n")), 400) << size;
  }
  for (const char* const size : {"3e9", "ffffffffffffffff", "8000000000000000"}) {
    EXPECT_EQ(StatusOf(Chunked(std::string(size) + "\r\nabc")), 413) << size;
  }
  // Together they are too long.
  EXPECT_EQ(StatusOf(Chunked("200\r\n" + std::string(512, 'x') + "\r\n1e9\r\n")), 413);
}

TEST(HttpFraming, AChunkEndsWhereItsSizeSays) {
  for (const char* const end : {"abcd\r\n", "abc\n", "abc\r", "abcx"}) {
    EXPECT_EQ(StatusOf(Chunked(std::string("3\r\n") + end + "0\r\n\r\n")), 400) << end;
  }
  EXPECT_EQ(ReadAll(Chunked("3\r\nabc\r")).result, Result::kNeedMore);
}

TEST(HttpFraming, ExtensionsAndTrailersAreBounded) {
  std::string extensions;
  for (int i = 0; i < 300; ++i) extensions += "1;" + std::string(15, 'e') + "\r\nx\r\n";
  EXPECT_EQ(StatusOf(Chunked(extensions)), 413);
  EXPECT_EQ(StatusOf(Chunked("1;" + std::string(5000, 'e'))), 413);
  EXPECT_EQ(StatusOf(Chunked("0\r\n" + std::string(20'000, 'e'))), 413);
  std::string trailers = "0\r\n";
  for (int i = 0; i < 2000; ++i) trailers += "Trailer: x\r\n";
  EXPECT_EQ(StatusOf(Chunked(trailers)), 413);
  for (const char* const trailer : {"no colon", " folded: x", "space : x", "a\x01: x", ": x"}) {
    EXPECT_EQ(StatusOf(Chunked(std::string("0\r\n") + trailer + "\r\n\r\n")), 400) << trailer;
  }
}

TEST(HttpFraming, LinesThatAreNotOne) {
  for (const char* const field :
       {"no colon", " folded: x", "\tfolded", "Space : x", "Tab\t: x", ": no name", "a b: x",
        "Content-Length\x00: 3", "X: a\x01", "X: a\x7f", "X: a\rb", "\x80: x", "X\x0b: y"}) {
    EXPECT_EQ(StatusOf(Head({"Host: h", field})), 400) << field;
  }
  EXPECT_EQ(StatusOf(Head({"Host: h", std::string("X: a\0b", 6)})), 400);
  EXPECT_EQ(ReadAll(Head({"Host: h", "X: \xc3\xa9", "Y:", "Z:\t"})).result, Result::kDone);
}

TEST(HttpFraming, BareLineFeeds) {
  EXPECT_EQ(StatusOf("GET / HTTP/1.1\nHost: h\n\n"), 400);
  EXPECT_EQ(StatusOf("GET / HTTP/1.1\r\nHost: h\nX: y\r\n\r\n"), 400);
  EXPECT_EQ(StatusOf("GET / HTTP/1.1\r\nHost: h\r\n\n"), 400);
  EXPECT_EQ(StatusOf("\nGET / HTTP/1.1\r\nHost: h\r\n\r\n"), 400);
  EXPECT_EQ(StatusOf("GET / HTTP/1.1\rHost: h\r\r\r\n"), 400);
  EXPECT_EQ(StatusOf(Chunked("3\nabc\r\n0\r\n\r\n")), 400);
  EXPECT_EQ(StatusOf(Chunked("3;x\ry\r\nabc\r\n0\r\n\r\n")), 400);
  EXPECT_EQ(StatusOf(Chunked("0\r\n\n")), 400);
}

TEST(HttpFraming, RequestLinesThatAreNotOne) {
  for (const char* const line :
       {"GET /", "GET  / HTTP/1.1", "GET / HTTP/1.1 ", " GET / HTTP/1.1", "GET\t/ HTTP/1.1",
        "GET /a b HTTP/1.1", "GET / HTTP/2.0", "GET / HTTP/1.2", "GET / http/1.1",
        "GET / HTTP/1.10", "G(T / HTTP/1.1", "GET items HTTP/1.1", "GET host:80 HTTP/1.1",
        "GET /\x01 HTTP/1.1", "GET ftp://h/ HTTP/1.1", "*1", "nonsense"}) {
    EXPECT_EQ(StatusOf(Head({"Host: h"}, line)), 400) << line;
  }
  EXPECT_EQ(ReadAll(Head({"Host: h"}, "OPTIONS * HTTP/1.1")).result, Result::kDone);
  EXPECT_EQ(ReadAll(Head({"Host: h"}, "GET /\xc3\xa9?a HTTP/1.1")).result, Result::kDone);
}

// A client that speaks something else is told at once.
TEST(HttpFraming, WhatIsWrongIsRefusedBeforeTheHeadIsComplete) {
  EXPECT_EQ(StatusOf("*1\r\n$4\r\nPING\r\n"), 400);
  EXPECT_EQ(StatusOf("GET / HTTP/1.1\r\nno colon\r\n"), 400);
}

TEST(HttpFraming, Hosts) {
  EXPECT_EQ(StatusOf(Head({})), 400);
  EXPECT_EQ(StatusOf(Head({"Host: a", "Host: a"})), 400);
  EXPECT_EQ(StatusOf(Head({"Host: a", "host: b"})), 400);
  for (const char* const host :
       {"", "a b", "a,b", "a/b", "user@a", "a:b", "a:123456", "[::1", "[]", "::1", "a:80:80",
        "[::1]a", "[g%]", "[g::1]", "[evil.example]", "\xc3\xa9", "a?", "a#", "'a'"}) {
    EXPECT_EQ(StatusOf(Head({std::string("Host: ") + host})), 400) << host;
  }
  for (const std::string host :
       {"a", "A-1_b.example.:80", "1.2.3.4", "[::1]:9000", "a:", "xn--a"}) {
    EXPECT_EQ(ReadAll(Head({"Host: " + host})).host, host);
  }
  EXPECT_EQ(ReadAll(Head({}, "GET / HTTP/1.0")).result, Result::kDone);
}

TEST(HttpFraming, AnAbsoluteTargetNamesTheSameHost) {
  const auto host = [](const std::string& target, const std::vector<std::string>& fields,
                       const std::string& version = "1.1") {
    const Read read = ReadAll(Head(fields, "GET " + target + " HTTP/" + version));
    return read.result == Result::kDone ? read.host : std::to_string(read.status);
  };
  EXPECT_EQ(host("http://a/x", {"Host: A:80"}), "A:80");
  EXPECT_EQ(host("https://a:443", {"Host: a"}), "a");
  EXPECT_EQ(host("http://a?x", {"Host: a"}), "a");
  EXPECT_EQ(host("http://a/x", {"Host: b"}), "400");
  EXPECT_EQ(host("http://a:81/x", {"Host: a"}), "400");
  EXPECT_EQ(host("http://user@a/x", {"Host: a"}), "400");
  EXPECT_EQ(host("http:///x", {"Host: a"}), "400");
  EXPECT_EQ(host("http://a/x", {}), "400");
  EXPECT_EQ(host("http://evil/x", {}, "1.0"), "evil") << "no Host is not any Host";
}

// Whoever forwards such a request may have looked at the other line.
TEST(HttpFraming, FieldsThatDecideComeOnce) {
  for (const std::string field : {"Origin", "Sec-Fetch-Site", "Content-Type", "Authorization"}) {
    EXPECT_EQ(StatusOf(Head({"Host: h", field + ": a", field + ": a"})), 400) << field;
  }
  EXPECT_EQ(ReadAll(Head({"Host: h", "Accept: a", "Accept: b"})).result, Result::kDone);
}

TEST(HttpFraming, TheHeadIsBounded) {
  const std::string huge(20'000, 'x');
  EXPECT_EQ(ReadIn("GET / HTTP/1.1\r\nX: " + huge, 5000).status, 431);
  EXPECT_EQ(ReadIn("GET /" + huge, 5000).status, 431);
  EXPECT_EQ(ReadIn(huge, 5000).status, 431);
  std::string empty;
  for (int i = 0; i < 10'000; ++i) empty += "\r\n";
  EXPECT_EQ(ReadIn(empty, 5000).status, 431);
  EXPECT_EQ(ReadIn(Head({"Host: h", "X: " + huge.substr(0, 16'000)}), 5000).result, Result::kDone);
}

}  // namespace
}  // namespace keyhole::core
