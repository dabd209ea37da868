// Runs a RequestParser over bytes as a connection does, in every splitting, and shows what it
// found.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "resp/request_parser.h"
#include "tests/support/chunked.h"

namespace keyhole::resp {

using Words = std::vector<std::string>;

// One request, put together again if it came in pieces.
struct Found {
  Words args;         // of a request in pieces: those of its head
  Words tail;         // of a request in pieces: the small ones after its head
  std::string bytes;  // what would be forwarded
  bool in_pieces = false;
  bool complete = false;

  friend bool operator==(const Found&, const Found&) = default;
  friend std::ostream& operator<<(std::ostream& out, const Found& found) {
    return out << testing::PrintToString(found.args) << (found.in_pieces ? " in pieces, then " : "")
               << (found.in_pieces ? testing::PrintToString(found.tail) : "")
               << (found.complete ? "" : " incomplete");
  }
};

struct Findings {
  std::vector<Found> requests;
  std::string error;
  std::string rest;  // not consumed

  // The arguments of all requests.
  std::vector<Words> args() const {
    std::vector<Words> all;
    for (const Found& request : requests) all.push_back(request.args);
    return all;
  }
  friend bool operator==(const Findings&, const Findings&) = default;
  friend std::ostream& operator<<(std::ostream& out, const Findings& findings) {
    return out << testing::PrintToString(findings.requests) << " error: " << findings.error
               << " rest: " << findings.rest.size() << " bytes";
  }
};

// Takes down what the parser has just handed out.
inline void Note(const RequestParser& parser, RequestParser::Result result, Findings* findings) {
  using Result = RequestParser::Result;
  const Request& request = parser.request();
  if (result == Result::kRequest || result == Result::kHead) {
    Found& found = findings->requests.emplace_back();
    found.args.assign(request.args.begin(), request.args.end());
    found.in_pieces = result == Result::kHead;
  }
  Found& found = findings->requests.back();
  found.bytes.append(request.bytes);
  found.complete = result == Result::kRequest || result == Result::kTail;
  if (result == Result::kTail) found.tail.assign(request.args.begin(), request.args.end());
  EXPECT_EQ(parser.streaming(), !found.complete);
}

inline Findings ParseChunks(const std::vector<std::string_view>& chunks, RequestLimits limits) {
  using Result = RequestParser::Result;
  RequestParser parser(limits);
  Findings findings;
  for (const std::string_view chunk : chunks) {
    findings.rest.append(chunk);
    while (true) {
      const bool in_pieces = parser.streaming();
      const Result result = parser.Next(findings.rest);
      if (result == Result::kError) {
        findings.error = parser.error();
        EXPECT_EQ(parser.Next(findings.rest), Result::kError) << "an error stays";
        findings.rest.clear();
        // How much of a request was handed out before its error does not matter.
        if (in_pieces) findings.requests.back().bytes.clear();
        return findings;
      }
      if (result != Result::kNeedMore) Note(parser, result, &findings);
      findings.rest.erase(0, parser.consumed());
      if (result == Result::kNeedMore) break;
    }
  }
  return findings;
}

// What is found must not depend on how the bytes come.
inline Findings Parse(std::string_view in, RequestLimits limits = {}) {
  const std::vector<test::Splitting> splittings = test::Splittings(in);
  const Findings whole = ParseChunks(splittings.front().chunks, limits);
  for (const test::Splitting& splitting : splittings) {
    EXPECT_EQ(ParseChunks(splitting.chunks, limits), whole) << splitting.name;
  }
  return whole;
}

// A request as an array of bulk strings.
inline std::string Array(const Words& args) {
  std::string bytes = "*" + std::to_string(args.size()) + "\r\n";
  for (const std::string& arg : args) {
    bytes += "$" + std::to_string(arg.size()) + "\r\n" + arg + "\r\n";
  }
  return bytes;
}

inline std::string ProtocolError(std::string_view text) {
  return "-ERR Protocol error: " + std::string(text) + "\r\n";
}

}  // namespace keyhole::resp
