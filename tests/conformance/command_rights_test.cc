// What rules of users look at, command_rights.def, against a live Redis: ACL CAT and COMMAND
// GETKEYSANDFLAGS.
#include "resp/command_rights.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "tests/conformance/key_examples.h"
#include "tests/support/hiredis_client.h"
#include "tests/support/redis_server.h"

namespace keyhole::resp {
namespace {

using test::HiredisClient;
using test::RedisServer;
using test::Reply;
using Request = std::vector<std::string>;

// As acl.c ACLSelectorCheckKey reads the flags of a key.
KeyAccess AccessBy(const Reply& flags) {
  uint8_t access = 0;
  for (const Reply& flag : flags.elements) {
    if (flag.text == "access") access |= 1;
    if (flag.text == "insert" || flag.text == "delete" || flag.text == "update") access |= 2;
  }
  return static_cast<KeyAccess>(access);
}

class CommandRightsConformance : public testing::Test {
 protected:
  void CompareKeys(const Request& request) {
    Request question = {"COMMAND", "GETKEYSANDFLAGS"};
    question.insert(question.end(), request.begin(), request.end());
    std::map<std::string, KeyAccess> theirs;
    for (const Reply& key : client_.Command(question).elements) {
      ASSERT_EQ(key.elements.size(), 2U);
      theirs[key.elements[0].text] = AccessBy(key.elements[1]);
    }
    const std::vector<std::string_view> args(request.begin(), request.end());
    std::map<std::string, KeyAccess> ours;
    size_t index = 0;
    ForEachKey(Find(args), args, [&](std::string_view key) {
      ours[std::string(key)] = AccessOf(Find(args), args, index++);
    });
    EXPECT_EQ(ours, theirs) << testing::PrintToString(request);
    EXPECT_FALSE(ours.empty()) << testing::PrintToString(request);
  }

  RedisServer redis_;
  HiredisClient client_ = HiredisClient::ConnectUnix(redis_.socket_path());
};

TEST_F(CommandRightsConformance, CategoriesAreThoseOfAclCat) {
  std::set<std::string> known;
  for (const Reply& name : client_.Command({"ACL", "CAT"}).elements) known.insert(name.text);
  EXPECT_EQ(known, std::set<std::string>(std::begin(kCategoryNames), std::end(kCategoryNames)));
  for (const std::string& name : known) {
    std::set<std::string> theirs;
    for (const Reply& command : client_.Command({"ACL", "CAT", name}).elements) {
      theirs.insert(command.text);
    }
    std::set<std::string> ours;
    const std::optional<CommandCategory> category = CategoryNamed(name);
    ASSERT_TRUE(category);
    for (const CommandSpec& row : AllCommands()) {
      if (row.has(kNewer)) continue;
      if ((RightsOf(row.id).categories & *category) != 0) ours.insert(std::string(row.full_name));
    }
    EXPECT_EQ(ours, theirs) << name;
  }
}

TEST_F(CommandRightsConformance, AccessToKeysAtFixedPlaces) {
  for (const CommandSpec& row : AllCommands()) {
    const bool fixed =
        row.keys.kind == KeySpec::Kind::kRange || row.keys.kind == KeySpec::Kind::kTwo;
    if (row.has(kNewer) || !fixed) continue;
    Request request;
    if (row.parent != CommandId::kUnknown) request.emplace_back(Spec(row.parent).name);
    request.emplace_back(row.name);
    const auto wanted = static_cast<size_t>(row.arity < 0 ? -row.arity + 2 : row.arity);
    while (request.size() < wanted) request.push_back("a" + std::to_string(request.size()));
    CompareKeys(request);
  }
}

TEST_F(CommandRightsConformance, AccessToKeysAtMovablePlaces) {
  for (const Request& request : kRequestsWithMovableKeys) CompareKeys(request);
}

TEST_F(CommandRightsConformance, AccessThatDependsOnTheArguments) {
  for (const Request& request : std::vector<Request>{
           {"SET", "a", "x"},
           {"SET", "a", "x", "EX", "1", "GET"},
           {"SET", "a", "get", "NX"},
           {"BITFIELD", "a"},
           {"BITFIELD", "a", "GET", "u8", "0"},
           {"BITFIELD", "a", "OVERFLOW", "WRAP", "GET", "u8", "0", "get", "u8", "1"},
           {"BITFIELD", "a", "GET", "u8", "0", "SET", "u8", "0", "1"},
           {"BITFIELD", "a", "INCRBY", "u8", "0", "1"},
           {"BITFIELD", "a", "GET", "u8"},
       }) {
    CompareKeys(request);
  }
}

// Every command that shows or changes what Redis knows of credentials is marked.
TEST_F(CommandRightsConformance, AllOfAclIsSecretButWhatIsKnownNotToBe) {
  const std::set<std::string_view> harmless = {"cat", "genpass", "help", "whoami"};
  for (const CommandSpec& row : AllCommands()) {
    if (row.parent != CommandId::kAcl) continue;
    EXPECT_EQ(RightsOf(row.id).has(kSecret), !harmless.contains(row.name)) << row.full_name;
  }
}

}  // namespace
}  // namespace keyhole::resp
