// Where we find the keys of a request against where COMMAND GETKEYS of a live server does.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "resp/command_table.h"
#include "tests/conformance/key_examples.h"
#include "tests/support/hiredis_client.h"
#include "tests/support/redis_server.h"

namespace keyhole::resp {
namespace {

using test::HiredisClient;
using test::RedisServer;
using test::Reply;
using Request = std::vector<std::string>;

std::vector<std::string> OurKeys(const Request& request) {
  const std::vector<std::string_view> args(request.begin(), request.end());
  std::vector<std::string> keys;
  ForEachKey(Find(args), args, [&keys](std::string_view key) { keys.emplace_back(key); });
  return keys;
}

class KeyConformance : public testing::Test {
 protected:
  // Empty if Redis finds none or will not say.
  std::vector<std::string> RedisKeys(const Request& request) {
    Request question = {"COMMAND", "GETKEYS"};
    question.insert(question.end(), request.begin(), request.end());
    std::vector<std::string> keys;
    for (const Reply& key : client_.Command(question).elements) keys.push_back(key.text);
    return keys;
  }

  RedisServer redis_;
  HiredisClient client_ = HiredisClient::ConnectUnix(redis_.socket_path());
};

// The kinds whose keys stand at fixed places.
bool IsFixed(const KeySpec& keys) {
  return keys.kind == KeySpec::Kind::kRange || keys.kind == KeySpec::Kind::kTwo;
}

TEST_F(KeyConformance, FixedPlaces) {
  for (const CommandSpec& row : AllCommands()) {
    if (row.has(kNewer) || !IsFixed(row.keys)) continue;
    Request request;
    if (row.parent != CommandId::kUnknown) request.emplace_back(Spec(row.parent).name);
    request.emplace_back(row.name);
    const auto wanted = static_cast<size_t>(row.arity < 0 ? -row.arity + 2 : row.arity);
    while (request.size() < wanted) request.push_back("a" + std::to_string(request.size()));
    EXPECT_EQ(OurKeys(request), RedisKeys(request)) << row.full_name;
  }
}

TEST_F(KeyConformance, MovablePlaces) {
  for (const Request& request : kRequestsWithMovableKeys) {
    EXPECT_FALSE(OurKeys(request).empty()) << request[0];
    // Redis gives a destination after the keys or before them; we always in the order of arguments.
    EXPECT_THAT(OurKeys(request), testing::UnorderedElementsAreArray(RedisKeys(request)))
        << request[0];
  }
}

TEST_F(KeyConformance, EveryMovableRowHasAnExample) {
  std::set<std::string_view> examples;
  for (const Request& request : kRequestsWithMovableKeys) {
    const std::vector<std::string_view> args(request.begin(), request.end());
    examples.insert(Find(args).full_name);
  }
  for (const CommandSpec& row : AllCommands()) {
    if (row.keys.kind == KeySpec::Kind::kNone || IsFixed(row.keys)) continue;
    EXPECT_TRUE(examples.contains(row.full_name)) << row.full_name;
  }
}

TEST_F(KeyConformance, MalformedRequestsHaveNoKeysForEither) {
  for (const Request& request : std::vector<Request>{
           {"EVAL", "s", "3", "a", "b"},
           {"EVAL", "s", "x", "a"},
           {"EVAL", "s", "-1", "a"},
           {"LMPOP", "0", "a", "LEFT"},
           {"XREAD", "COUNT", "1", "a", "0"},
       }) {
    EXPECT_THAT(RedisKeys(request), testing::IsEmpty()) << request[0];
    EXPECT_THAT(OurKeys(request), testing::IsEmpty()) << request[0];
  }
}

}  // namespace
}  // namespace keyhole::resp
