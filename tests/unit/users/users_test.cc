// Users: every rule of an aclfile, every error, and what users may do.
#include "proxy/users/users.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

namespace keyhole::core {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

// SHA-256 of "secret".
constexpr std::string_view kSecretDigest =
    "2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b";

Users Parsed(const std::string& text) {
  Users users;
  EXPECT_EQ(users.Parse(text).value_or(""), "") << text;
  return users;
}

std::string Problem(const std::string& text) {
  Users users;
  return users.Parse(text).value_or("no problem");
}

std::vector<std::string_view> Words(std::string_view line) {
  std::vector<std::string_view> words;
  while (!line.empty()) {
    const size_t end = std::min(line.find(' '), line.size());
    words.push_back(line.substr(0, end));
    line.remove_prefix(std::min(end + 1, line.size()));
  }
  return words;
}

Denial CheckOf(const User& user, std::string_view line, bool whole = true) {
  const std::vector<std::string_view> args = Words(line);
  return user.Check(resp::Find(args), args, whole);
}

// What a user with these rules is told.
Denial Check(const std::string& rules, std::string_view line, bool whole = true) {
  const Users users = Parsed("user u on nopass " + rules);
  return CheckOf(*users.LogIn("u", ""), line, whole);
}

TEST(Digests, AreSha256) {
  EXPECT_EQ(Sha256("secret"), ParseDigest(kSecretDigest));
  EXPECT_FALSE(SameDigest(Sha256("secret"), Sha256("Secret")));
  for (const char* const wrong : {"", "2bb8",
                                  "2BB80D537B1DA3E38BD30361AA855686BDE0EACD7162FEF6A25F"
                                  "E97BF527A25B"}) {
    EXPECT_FALSE(ParseDigest(wrong)) << wrong;
  }
}

TEST(UsersLogIn, ByAnyOfTheirPasswords) {
  const Users users = Parsed("user a on >one #" + std::string(kSecretDigest) +
                             "\nuser off off >one\nuser none on\nuser any on nopass\n");
  ASSERT_NE(users.LogIn("a", "one"), nullptr);
  EXPECT_EQ(users.LogIn("a", "one")->name(), "a");
  EXPECT_NE(users.LogIn("a", "secret"), nullptr);
  EXPECT_EQ(users.LogIn("a", ""), nullptr);
  EXPECT_EQ(users.LogIn("a", kSecretDigest), nullptr) << "the digest is not the password";
  EXPECT_EQ(users.LogIn("A", "one"), nullptr);
  EXPECT_EQ(users.LogIn("off", "one"), nullptr);
  EXPECT_EQ(users.LogIn("none", ""), nullptr);
  EXPECT_NE(users.LogIn("any", "whatever"), nullptr);
  EXPECT_EQ(users.LogIn("nobody", "one"), nullptr);
}

TEST(UsersLogIn, PasswordsCanBeTakenAwayAgain) {
  const Users users = Parsed(
      "user a on >one >two <one\nuser b on >one resetpass\n"
      "user c on nopass >one\nuser d on >one nopass\n"
      "user e on >secret !" +
      std::string(kSecretDigest) + "\nuser f on >one ~* +@all reset >two on\n");
  EXPECT_EQ(users.LogIn("a", "one"), nullptr);
  EXPECT_NE(users.LogIn("a", "two"), nullptr);
  EXPECT_EQ(users.LogIn("b", "one"), nullptr);
  EXPECT_EQ(users.LogIn("c", "two"), nullptr);
  EXPECT_NE(users.LogIn("d", "two"), nullptr);
  EXPECT_EQ(users.LogIn("e", "secret"), nullptr);
  EXPECT_EQ(users.LogIn("f", "one"), nullptr);
  ASSERT_NE(users.LogIn("f", "two"), nullptr);
  EXPECT_EQ(CheckOf(*users.LogIn("f", "two"), "get a"), Denial::kCommand);
}

TEST(UsersLogIn, TheDefaultUserIsOffUnlessItIsOpen) {
  EXPECT_EQ(Parsed("user a on >p").initial(), nullptr);
  EXPECT_EQ(Parsed("user default on >p").initial(), nullptr);
  EXPECT_EQ(Parsed("user default off nopass").initial(), nullptr);
  const Users open = Parsed("user default on nopass +@read ~*");
  ASSERT_NE(open.initial(), nullptr);
  EXPECT_EQ(open.initial()->name(), "default");
  EXPECT_FALSE(open.default_asks_password());
  EXPECT_TRUE(Parsed("user default on >p").default_asks_password());
}

TEST(UsersFile, HasCommentsEmptyLinesAndSpaces) {
  const Users users = Parsed("# users\r\n\n  \t\nuser  a \t on  >p   +ping\r\n#user b on nopass");
  EXPECT_NE(users.LogIn("a", "p"), nullptr);
  EXPECT_FALSE(users.Has("b"));
}

TEST(UsersFile, ErrorsHaveTheLineAndTheNearName) {
  EXPECT_THAT(Problem("user a on\nusr b on"), StartsWith("line 2: a line begins with user"));
  EXPECT_THAT(Problem("\nuser"), StartsWith("line 2: user has no name"));
  EXPECT_THAT(Problem("user a on\nuser a on"), HasSubstr("line 2: user 'a' is there already"));
  EXPECT_THAT(Problem("user a +gett"),
              AllOf(StartsWith("line 1: user 'a': "), HasSubstr("did you mean get?")));
  EXPECT_THAT(Problem("user a -config|gett"), HasSubstr("did you mean config|get?"));
  EXPECT_THAT(Problem("user a +config|gett"), HasSubstr("did you mean config|get?"));
  EXPECT_THAT(Problem("user a +@reed"), HasSubstr("'@reed' is not a category of commands; did you "
                                                  "mean read?"));
  EXPECT_THAT(Problem("user a alkeys"), HasSubstr("did you mean allkeys?"));
  EXPECT_THAT(Problem("user a +select|"), HasSubstr("has no first argument"));
  EXPECT_THAT(Problem("user a +get|a|b"), HasSubstr("first argument"));
  EXPECT_THAT(Problem("user a +host:"), HasSubstr("'host:' is not a command"));
  EXPECT_THAT(Problem("user a ~* ~b"), HasSubstr("put resetkeys before it"));
  EXPECT_THAT(Problem("user a &* &b"), HasSubstr("put resetchannels before it"));
  for (const char* const wrong : {"%R", "%X~a", "%~a", "%RR~a", "%RWR~a"}) {
    EXPECT_THAT(Problem(std::string("user a ") + wrong), HasSubstr("is not a key pattern"))
        << wrong;
  }
  EXPECT_THAT(Problem("user a (+get"), HasSubstr("no end; give )"));
  EXPECT_THAT(Problem("user a (+gett)"), HasSubstr("did you mean get?"));
  EXPECT_THAT(Problem(std::string("user a +g\0t", 11)), HasSubstr("byte 0"));
}

TEST(UsersFile, ErrorsShowNoPassword) {
  for (const std::string rules : {"#abc-Passw0rd", "on >my Passw0rd", "<Passw0rd", "!Passw0rd",
                                  "(>Passw0rd)", "(Passw0rd +get)"}) {
    EXPECT_THAT(Problem("user a " + rules),
                AllOf(StartsWith("line 1: user 'a': "), Not(HasSubstr("Passw0rd"))));
  }
}

struct Case {
  std::string rules;
  std::string request;
  Denial denial = Denial::kNone;
};

TEST(UsersMay, RunWhatTheirRulesAllow) {
  for (const Case& one : std::vector<Case>{
           {"", "get a", Denial::kCommand},
           {"~* +get", "GET a"},
           {"~* +get", "set a b", Denial::kCommand},
           {"~* +GET", "get a"},
           {"~* +@read -get", "get a", Denial::kCommand},
           {"~* +@READ", "hget a b"},
           {"~* +@read", "set a b", Denial::kCommand},
           {"~* allcommands -@dangerous", "keys *", Denial::kCommand},
           {"~* +@all -@all", "get a", Denial::kCommand},
           {"~* +@all nocommands", "get a", Denial::kCommand},
           // Subcommands go with their container, alone, or all but one.
           {"+config", "config get a"},
           {"+config|get", "config get a"},
           {"+config|get", "config resetstat", Denial::kCommand},
           {"+config -config|resetstat", "config resetstat", Denial::kCommand},
           {"+client", "client nosuch"},
           {"+client|id", "client nosuch", Denial::kCommand},
           // A first argument of what is refused otherwise.
           {"+select|0 +select|1", "select 1"},
           {"+select|0", "select 1", Denial::kCommand},
           {"+select|0", "select", Denial::kCommand},
           {"+select|0 -select", "select 0", Denial::kCommand},
           {"+select|0 -@all", "select 0", Denial::kCommand},
           // These are for everybody.
           {"", "auth a b"},
           {"", "hello 3"},
           {"", "reset"},
       }) {
    EXPECT_EQ(Check(one.rules, one.request), one.denial) << one.rules << ": " << one.request;
  }
}

TEST(UsersMay, UseTheKeysOfTheirPatterns) {
  for (const Case& one : std::vector<Case>{
           {"+@all ~a:*", "get a:1"},
           {"+@all ~a:*", "get b:1", Denial::kKey},
           {"+@all", "get a", Denial::kKey},
           {"+@all", "ping"},
           {"+@all ~a ~b", "mget a b"},
           {"+@all ~a", "mget a b", Denial::kKey},
           {"+@all ~* resetkeys ~a", "get b", Denial::kKey},
           {"+@all ~a:*", "mset a:1 x a:2 y"},
           {"+@all ~a:*", "mset a:1 x b y", Denial::kKey},
           // Reading and writing.
           {"+@all %R~a", "get a"},
           {"+@all %R~a", "set a x", Denial::kKey},
           {"+@all %W~a", "set a x"},
           {"+@all %W~a", "set a x get", Denial::kKey},
           {"+@all %W~a", "get a", Denial::kKey},
           {"+@all %W~a", "exists a"},
           {"+@all %R~a %W~a", "getset a x"},
           {"+@all %RW~a", "getset a x"},
           {"+@all %r~a %w~b", "copy a b"},
           {"+@all %r~a %w~b", "copy b a", Denial::kKey},
           {"+@all %r~a %w~b", "sinterstore b a a"},
           {"+@all %r~a %w~b", "sinterstore a b b", Denial::kKey},
           {"+@all %R~a %W~b", "sort a store b"},
           {"+@all %R~a %W~b", "sort a store a", Denial::kKey},
           {"+@all %R~a", "bitfield a get u8 0 overflow fail"},
           {"+@all %R~a", "bitfield a set u8 0 1", Denial::kKey},
           // By the locator of the table.
           {"+@all ~a", "xread count 1 streams a b 0 0", Denial::kKey},
           {"+@all ~a", "lmpop 1 a left"},
           {"+@all ~a", "zunionstore a 1 b", Denial::kKey},
           {"+@all ~a", "object encoding b", Denial::kKey},
           {"+@all ~a", "memory usage b", Denial::kKey},
           {"+@all ~a", "blpop a b 0", Denial::kKey},
           {"+@all ~a", "watch b", Denial::kKey},
           // BY and GET name others.
           {"+@all ~a", "sort a by b*", Denial::kPatternBy},
           {"+@all ~a", "sort a by nosort"},
           {"+@all ~a", "sort a get #", Denial::kPatternGet},
           {"+@all ~a", "sort_ro a limit 0 1 get b*", Denial::kPatternGet},
           {"+@all %R~* ~a", "sort a by b* get c*"},
           // Nobody knows the keys of what is not in the table.
           {"+@all ~a", "json.get b", Denial::kUnlocated},
           {"+@all ~*", "json.get b"},
           {"+@all -@dangerous ~*", "json.get b", Denial::kCommand},
           {"+@all -flushall ~*", "json.get b"},
           {"+@read ~*", "json.get b", Denial::kCommand},
       }) {
    EXPECT_EQ(Check(one.rules, one.request), one.denial) << one.rules << ": " << one.request;
  }
}

TEST(UsersMay, UseTheChannelsOfTheirPatterns) {
  for (const Case& one : std::vector<Case>{
           {"+@all ~*", "publish a x", Denial::kChannel},
           {"+@all ~* &a", "publish a x"},
           {"+@all ~* &a:*", "subscribe a:1 a:2"},
           {"+@all ~* &a:*", "subscribe a:1 b", Denial::kChannel},
           {"+@all ~* &a:*", "ssubscribe b", Denial::kChannel},
           {"+@all ~* &a:*", "spublish b x", Denial::kChannel},
           {"+@all ~* &a:*", "psubscribe a:*"},
           {"+@all ~* &a:*", "psubscribe a:1*", Denial::kChannel},
           {"+@all ~* &a:*", "unsubscribe b"},
           {"+@all ~* allchannels", "psubscribe *"},
           {"+@all ~* allchannels resetchannels", "subscribe a", Denial::kChannel},
       }) {
    EXPECT_EQ(Check(one.rules, one.request), one.denial) << one.rules << ": " << one.request;
  }
}

// A script runs under the proxy's own identity: whoever may run one may do everything.
TEST(UsersMay, NotEscapeByScriptsOrByActingForOthers) {
  for (const std::string request :
       {"eval x 0", "evalsha x 0", "fcall f 0", "eval_ro x 0", "fcall_ro f 0", "function load x",
        "monitor", "sync", "debug sleep 0", "module load x", "acl setuser a", "replicaof a 1",
        "config set a b", "migrate h 1 a 0 1"}) {
    EXPECT_EQ(Check("+@all ~* &*", request), Denial::kNone) << request;
    for (const char* const rules : {"+@all ~a* &*", "+@all ~* &a", "+@all ~* &* -flushall"}) {
      EXPECT_EQ(Check(rules, request), Denial::kUnbounded) << rules << ": " << request;
    }
    EXPECT_EQ(Check("+get ~*", request), Denial::kCommand) << request;
  }
}

TEST(UsersMay, NotHideKeysBehindALargeArgument) {
  const bool whole = false;
  EXPECT_EQ(Check("+@all ~a", "set a", whole), Denial::kNone);
  EXPECT_EQ(Check("+@all ~a", "set b", whole), Denial::kKey);
  EXPECT_EQ(Check("+@all %W~a", "set a", whole), Denial::kKey) << "GET may follow";
  EXPECT_EQ(Check("+@all ~a", "set", whole), Denial::kInPieces);
  EXPECT_EQ(Check("+@all ~a", "mset a", whole), Denial::kInPieces);
  EXPECT_EQ(Check("+@all ~a", "copy a", whole), Denial::kInPieces);
  EXPECT_EQ(Check("+@all ~a", "sort a", whole), Denial::kInPieces);
  EXPECT_EQ(Check("+@all ~* &a", "publish a", whole), Denial::kNone);
  EXPECT_EQ(Check("+@all ~* &a", "publish b", whole), Denial::kChannel);
  EXPECT_EQ(Check("+@all ~* &a", "subscribe a", whole), Denial::kInPieces);
  EXPECT_EQ(Check("+@all ~*", "mset a", whole), Denial::kNone);
}

TEST(UsersMay, WhatOneOfTheirSelectorsAllows) {
  const std::string rules = "+ping (+get ~x:*) ( +set ~y:* )";
  EXPECT_EQ(Check(rules, "get x:1"), Denial::kNone);
  EXPECT_EQ(Check(rules, "set y:1 v"), Denial::kNone);
  EXPECT_EQ(Check(rules, "get y:1"), Denial::kKey);
  EXPECT_EQ(Check(rules, "set x:1 v"), Denial::kKey);
  EXPECT_EQ(Check(rules, "del x:1"), Denial::kCommand);
  EXPECT_EQ(Check(rules + " clearselectors", "get x:1"), Denial::kCommand);
  EXPECT_EQ(Check("(+@all ~* &*)", "eval x 0"), Denial::kNone);
}

TEST(UsersMay, SeeTheNamesOfAllKeysIfTheyMayReadThem) {
  for (const char* const rules : {"~*", "allkeys", "%R~*", "%RW~*", "(%R~* +get)"}) {
    EXPECT_TRUE(Parsed(std::string("user u on nopass ") + rules).LogIn("u", "")->reads_all_keys());
  }
  for (const char* const rules : {"", "~a*", "%W~*", "+@all"}) {
    EXPECT_FALSE(Parsed(std::string("user u on nopass ") + rules).LogIn("u", "")->reads_all_keys());
  }
}

TEST(UsersMay, DoEverythingWithTheThreeAlls) {
  EXPECT_TRUE(Users::Default("p").everything());
  EXPECT_TRUE(Users::Default("p").Admits(Sha256("p")));
  EXPECT_TRUE(Parsed("user u on nopass +@all ~* &*").LogIn("u", "")->everything());
  EXPECT_FALSE(Parsed("user u on nopass +@all ~*").LogIn("u", "")->everything());
  EXPECT_FALSE(Parsed("user u on nopass +@all ~* &* -get").LogIn("u", "")->everything());
}

}  // namespace
}  // namespace keyhole::core
