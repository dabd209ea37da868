// Ways out of the sandbox that Redis has had, and others that Lua 5.1 offers: none leads out, and
// the store answers afterwards.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/unit/store/store_client.h"

namespace keyhole::test {
namespace {

using testing::AllOf;
using testing::AnyOf;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

class Escape : public testing::Test {
 protected:
  ~Escape() override {
    // Whatever has been tried before it.
    EXPECT_EQ(Eval("return redis.call('echo', string.rep('a', 2) .. cjson.encode({1}))"),
              "$5\r\naa[1]\r\n");
  }

  std::string Eval(const std::string& script) { return client_.Ask({"EVAL", script, "0"}); }

  TestStore store_;
  TestClient client_{store_};
};

TEST_F(Escape, CompiledCodeIsNotLoaded) {  // CVE-2015-4335
  EXPECT_EQ(Eval("return tostring(loadstring(string.dump(function() return 1 end)))"),
            "$3\r\nnil\r\n");
  EXPECT_EQ(Eval("local code = string.dump(function() return 1 end) local given = false "
                 "return tostring(load(function() if not given then given = true return code end "
                 "end))"),
            "$3\r\nnil\r\n");
  // Byte by byte: the first one alone tells what it is.
  EXPECT_EQ(Eval("local code = string.dump(function() return 1 end) local i = 0 "
                 "return tostring(load(function() i = i + 1 return code:sub(i, i) end))"),
            "$3\r\nnil\r\n");
  EXPECT_THAT(Eval("\x1bLua"), StartsWith("-ERR Error compiling script"));
}

TEST_F(Escape, DeepRepliesDoNotOverflowTheStack) {  // CVE-2021-32626
  const std::string reply = Eval("local t = {} t[1] = t return t");
  EXPECT_THAT(reply, HasSubstr("-ERR reached lua stack limit"));
  EXPECT_THAT(Eval("return {unpack({1, 2}, 1, 1e6)}"), HasSubstr("too many results to unpack"));
  EXPECT_THAT(Eval("local t = {} for i = 1, 9000 do t[i] = 'x' end "
                   "return redis.call('del', unpack(t))"),
              StartsWith("-ERR"));
  EXPECT_THAT(Eval("local t = {} for i = 1, 9000 do t[i] = 1 end return cmsgpack.pack(unpack(t))"),
              StartsWith("-ERR"));
}

TEST_F(Escape, GlobalsAndMetatablesAreNobodys) {  // CVE-2022-24735
  constexpr const char* kAttempts[] = {
      "getmetatable(_G).__index = function() return 1 end",
      "getmetatable('').__index = {upper = function() return 'stolen' end}",
      "getmetatable('').__add = function() return 1 end",
      "rawset(getmetatable(''), '__index', {})",
      "setmetatable(redis, {__index = {call = 1}})",
      "rawset(redis, 'call', 1)",
      "table.insert(string, 1)",
      "rawset(_G, 'redis', 1)",
      "setmetatable(string, {})",
  };
  for (const char* const attempt : kAttempts) {
    EXPECT_THAT(Eval(attempt), HasSubstr("Attempt to modify a readonly table")) << attempt;
  }
  EXPECT_EQ(Eval("return ('a'):upper()"), "$1\r\nA\r\n");
  // What pairs() gives is what is protected, not what is behind it.
  EXPECT_THAT(Eval("local f, t = pairs(redis) rawset(t, 'call', 1)"), HasSubstr("readonly"));
  EXPECT_THAT(Eval("for k, v in pairs(_G) do if type(v) == 'table' and k ~= 'KEYS' and "
                   "k ~= 'ARGV' then assert(not pcall(rawset, v, 'x', 1), k) end end return 'ok'"),
              HasSubstr("ok"));
}

TEST_F(Escape, OddScriptsDoNotCrash) {  // CVE-2022-24736
  EXPECT_EQ(Eval("return setmetatable({}, {__index = function() error('x') end})"), "*0\r\n");
  EXPECT_THAT(Eval("error(setmetatable({}, {__index = function() error('x') end}))"),
              StartsWith("-ERR unknown error"));
  EXPECT_THAT(Eval("return __redis__err__handler()"), AnyOf(StartsWith("-"), StartsWith("*")));
  EXPECT_THAT(Eval("error(setmetatable({}, {__tostring = error}))"), StartsWith("-ERR"));
  EXPECT_THAT(Eval("return {err = {}}"), Not(HasSubstr("-ERR Error running")));
  EXPECT_EQ(Eval("return setmetatable({}, {__index = function(t, k) return k end})"), "*0\r\n");
}

TEST_F(Escape, JsonOfAnySizeStaysInBounds) {  // CVE-2022-24834
  EXPECT_THAT(Eval("local s = string.rep('\\1', 2 ^ 27) return #cjson.encode({s, s})"),
              AllOf(StartsWith("-ERR"), HasSubstr("not enough memory")));
  EXPECT_THAT(Eval("local t = {string.rep('x', 2 ^ 20)} "
                   "for i = 1, 20 do t = {t, t} end return #cjson.encode(t)"),
              AllOf(StartsWith("-ERR"), HasSubstr("not enough memory")));
  EXPECT_THAT(Eval("cjson.encode_max_depth(1e9) local t = {} for i = 1, 1e5 do t = {t} end "
                   "return cjson.encode(t)"),
              StartsWith("-ERR"));
  EXPECT_THAT(Eval("cjson.decode_max_depth(1e9) return cjson.decode(('['):rep(1e5))"),
              StartsWith("-ERR"));
}

TEST_F(Escape, BitToHexHasRoomForItsDigits) {  // CVE-2024-31449
  EXPECT_EQ(Eval("return bit.tohex(65535, -2147483648)"), "$8\r\n0000FFFF\r\n");
  EXPECT_EQ(Eval("return bit.tohex(65535, 2147483647)"), "$8\r\n0000ffff\r\n");
}

TEST_F(Escape, NothingRunsWhenGarbageIsCollected) {  // CVE-2024-46981
  EXPECT_THAT(Eval("return newproxy"), HasSubstr("nonexistent global variable 'newproxy'"));
  EXPECT_EQ(Eval("setmetatable({}, {__gc = function() redis.call('set', 'k', 1) end}) "
                 "collectgarbage() collectgarbage() return redis.call('exists', 'k')"),
            ":0\r\n");
  EXPECT_EQ(client_.Ask("SCRIPT FLUSH"), "+OK\r\n");
  // It is everybody's, so nobody stops it.
  EXPECT_EQ(Eval("collectgarbage('stop') return 1"), ":1\r\n");
}

TEST_F(Escape, UnpackCountsWithoutOverflow) {  // CVE-2025-46817
  for (const char* const range : {"0, 2147483647", "-2147483648, 2147483647", "1, 2147483647",
                                  "-1, 2147483646", "2147483647, 2147483647 + 5"}) {
    EXPECT_THAT(Eval(std::string("return {unpack({1, 2, 3}, ") + range + ")}"),
                AnyOf(HasSubstr("too many results to unpack"), StartsWith("*")))
        << range;
  }
}

TEST_F(Escape, BasicTypesAreNotChanged) {  // CVE-2025-46818
  EXPECT_THAT(Eval("getmetatable('').__len = 1"), HasSubstr("readonly"));
  for (const char* const value : {"1", "nil", "true", "redis.call"}) {
    EXPECT_THAT(Eval(std::string("return tostring(getmetatable(") + value + "))"), "$3\r\nnil\r\n");
    EXPECT_THAT(Eval(std::string("setmetatable(") + value + ", {})"), StartsWith("-ERR"));
  }
}

TEST_F(Escape, LongBracketsAreReadToTheirEnd) {  // CVE-2025-46819
  for (const char* const text : {"[", "[=", "[==", "--[==[", "[[", "[=[x]", "[=[x]="}) {
    EXPECT_THAT(Eval(std::string("return ") + text), StartsWith("-ERR Error compiling script"))
        << text;
  }
  EXPECT_EQ(Eval("return [" + std::string(1000, '=') + "[x]" + std::string(1000, '=') + "]"),
            "$1\r\nx\r\n");
  EXPECT_THAT(Eval("return tostring(loadstring('[' .. ('='):rep(1e6)))"), "$3\r\nnil\r\n");
}

TEST_F(Escape, TheParserKeepsWhatItReads) {  // CVE-2025-49844
  EXPECT_EQ(Eval("local n = 0 local chunk = load(function() "
                 "collectgarbage() collectgarbage() n = n + 1 "
                 "if n < 200 then return 'local a' .. n .. ' = ' .. n .. '\\n' end "
                 "if n == 200 then return 'error(\"here\")' end end, ('@name'):rep(50)) "
                 "collectgarbage() return select(2, pcall(chunk)):sub(-4)"),
            "$4\r\nhere\r\n");
}

TEST_F(Escape, RecursionEnds) {
  EXPECT_THAT(Eval("local function f() return f() + 1 end return f()"),
              HasSubstr("stack overflow"));
  EXPECT_THAT(Eval("local function f() return pcall(f) end f() return 1"),
              AnyOf(StartsWith(":1"), StartsWith("-ERR")));
  EXPECT_THAT(Eval("local function f() return (string.gsub('x', 'x', f)) end return f()"),
              StartsWith("-ERR"));
  EXPECT_THAT(Eval("local t = setmetatable({}, {}) getmetatable(t).__index = t return t.x"),
              StartsWith("-ERR"));
  EXPECT_THAT(Eval("return {loadstring('return ' .. ('('):rep(1e6))}"), StartsWith("*"));
  EXPECT_THAT(Eval("return {loadstring('return ' .. ('a..'):rep(1e6) .. '1')}"), StartsWith("*"));
  // As deep as a pattern is long.
  EXPECT_THAT(Eval("return string.find('', ('a*'):rep(1e6))"), HasSubstr("pattern too complex"));
  EXPECT_THAT(Eval("return string.find(('a'):rep(4000), ('a?'):rep(4000))"), StartsWith(":"));
  EXPECT_THAT(Eval("return string.find(('b'):rep(1e4), ('b-'):rep(4096) .. 'c')"),
              AnyOf(StartsWith("$-1"), StartsWith(":"), StartsWith("-ERR")));
  EXPECT_THAT(Eval("return string.find('x', ('y'):rep(1e4), 1, true)"), StartsWith("$-1"));
}

TEST_F(Escape, MemoryEnds) {
  EXPECT_THAT(Eval("return #string.rep('x', 1e10)"), HasSubstr("not enough memory"));
  EXPECT_THAT(Eval("local s = 'x' while true do s = s .. s end"), HasSubstr("not enough memory"));
  EXPECT_THAT(Eval("return #(('x'):rep(2 ^ 27):rep(1e9))"), HasSubstr("not enough memory"));
}

TEST(ScriptMemory, IsAShareOfTheLimit) {
  TestStore store({.max_memory = size_t{16} << 20});
  TestClient client(store);
  const std::string fill = "local t = {} for i = 1, 1e7 do t[i] = {i} end return #t";
  EXPECT_THAT(client.Ask({"EVAL", fill, "0"}), HasSubstr("not enough memory"));
  EXPECT_EQ(client.Ask({"EVAL", "return #ARGV", "0", "a"}), ":1\r\n");
  // Caught, it is an error like others; and again the next time.
  EXPECT_EQ(client.Ask({"EVAL",
                        "local ok, e = pcall(function() " + fill +
                            " end) "
                            "return {tostring(ok), e}",
                        "0"}),
            "*2\r\n$5\r\nfalse\r\n$17\r\nnot enough memory\r\n");
}

}  // namespace
}  // namespace keyhole::test
