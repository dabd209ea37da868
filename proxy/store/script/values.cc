#include "proxy/store/script/values.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <limits>

namespace keyhole::script {

namespace {

constexpr const char* kSet = "set";  // layering: not a command

void Push(lua_State* lua, std::string_view text) {
  lua_pushlstring(lua, text.data(), text.size());
}

// Sets a field of the table on top to the value that f pushes.
template <typename F>
void SetField(lua_State* lua, const char* name, F&& push) {
  lua_pushstring(lua, name);
  push();
  lua_rawset(lua, -3);
}

// {name = value}
template <typename F>
void PushTagged(lua_State* lua, const char* name, F&& push) {
  lua_createtable(lua, 0, 1);
  SetField(lua, name, push);
}

// Reads one reply from the front of what is left. Replies are the store's own, and whole.
class ReplyReader {
 public:
  ReplyReader(lua_State* lua, std::string_view bytes) : lua_(lua), left_(bytes) {}

  void PushNext() {
    const auto type = static_cast<resp::ReplyType>(left_.front());
    const std::string_view line = TakeLine();
    switch (type) {
      case resp::ReplyType::kInteger:
        return PushInteger(line);
      case resp::ReplyType::kBulkString:
        return PushBulk(line);
      case resp::ReplyType::kArray:
        return PushArray(line);
      case resp::ReplyType::kSimpleString:
        return PushTagged(lua_, "ok", [&] { Push(lua_, line); });
      case resp::ReplyType::kError:
        return PushError(lua_, line), MarkAsCounted(lua_);
      default:
        return PushNewer(type, line);
    }
  }

 private:
  std::string_view TakeLine() {
    const size_t end = left_.find('\r');
    const std::string_view line = left_.substr(1, end - 1);
    left_.remove_prefix(end + 2);
    return line;
  }
  std::string_view TakeBytes(size_t n) {
    const std::string_view bytes = left_.substr(0, n);
    left_.remove_prefix(n + 2);
    return bytes;
  }
  static int64_t NumberOf(std::string_view line) {
    int64_t value = 0;
    std::from_chars(line.data(), line.data() + line.size(), value);
    return value;
  }

  void PushInteger(std::string_view line) {
    lua_pushnumber(lua_, static_cast<lua_Number>(NumberOf(line)));
  }

  void PushBulk(std::string_view line) {
    const int64_t size = NumberOf(line);
    if (size < 0) return lua_pushboolean(lua_, 0);
    Push(lua_, TakeBytes(static_cast<size_t>(size)));
  }

  void PushArray(std::string_view line) {
    const int64_t count = NumberOf(line);
    if (count < 0) return lua_pushboolean(lua_, 0);
    luaL_checkstack(lua_, 4, "reply");
    lua_createtable(lua_, static_cast<int>(std::min<int64_t>(count, 1 << 20)), 0);
    for (int i = 1; i <= count; ++i) {
      PushNext();
      lua_rawseti(lua_, -2, i);
    }
  }

  // What RESP3 has more.
  void PushNewer(resp::ReplyType type, std::string_view line) {
    luaL_checkstack(lua_, 6, "reply");
    switch (type) {
      case resp::ReplyType::kNull:
        return lua_pushnil(lua_);
      case resp::ReplyType::kBoolean:
        return lua_pushboolean(lua_, line == "t");
      case resp::ReplyType::kDouble:
        return PushTagged(lua_, "double", [&] {
          lua_pushnumber(lua_, std::strtod(std::string(line).c_str(), nullptr));
        });
      case resp::ReplyType::kBigNumber:
        return PushTagged(lua_, "big_number", [&] { Push(lua_, line); });
      case resp::ReplyType::kVerbatim:
        return PushVerbatim(line);
      case resp::ReplyType::kMap:
        return PushMap(NumberOf(line));
      case resp::ReplyType::kSet:
        return PushSet(NumberOf(line));
      case resp::ReplyType::kAttribute:
        return SkipAttribute(NumberOf(line));
      default:
        return lua_pushnil(lua_);
    }
  }

  void PushVerbatim(std::string_view line) {
    const std::string_view bytes = TakeBytes(static_cast<size_t>(NumberOf(line)));
    PushTagged(lua_, "verbatim_string", [&] {
      lua_createtable(lua_, 0, 2);
      SetField(lua_, "string", [&] { Push(lua_, bytes.substr(4)); });
      SetField(lua_, "format", [&] { Push(lua_, bytes.substr(0, 3)); });
    });
  }

  void PushMap(int64_t pairs) {
    PushTagged(lua_, "map", [&] {
      lua_newtable(lua_);
      for (int64_t i = 0; i < pairs; ++i) {
        PushNext();
        PushNext();
        lua_rawset(lua_, -3);
      }
    });
  }

  void PushSet(int64_t count) {
    PushTagged(lua_, kSet, [&] {
      lua_newtable(lua_);
      for (int64_t i = 0; i < count; ++i) {
        PushNext();
        lua_pushboolean(lua_, 1);
        lua_rawset(lua_, -3);
      }
    });
  }

  // Scripts do not see attributes.
  void SkipAttribute(int64_t pairs) {
    for (int64_t i = 0; i < 2 * pairs; ++i) {
      PushNext();
      lua_pop(lua_, 1);
    }
    PushNext();
  }

  lua_State* lua_;
  std::string_view left_;
};

std::string_view TextAt(lua_State* lua, int index) {
  size_t size = 0;
  const char* const text = lua_tolstring(lua, index, &size);
  return {text, size};
}

// As printf would read it.
std::string_view UpToNul(std::string_view text) {
  return text.substr(0, text.find('\0'));
}

class ValueWriter {
 public:
  ValueWriter(lua_State* lua, resp::Protocol script, resp::ReplyWriter& reply)
      : lua_(lua), script_(script), reply_(reply) {}

  // Writes the value on top, and pops it.
  void Write() {
    if (lua_checkstack(lua_, 4) == 0) {
      reply_.Error("ERR reached lua stack limit");
      return lua_pop(lua_, 1);
    }
    switch (lua_type(lua_, -1)) {
      case LUA_TSTRING:
        reply_.Bulk(TextAt(lua_, -1));
        break;
      case LUA_TBOOLEAN:
        WriteBoolean(lua_toboolean(lua_, -1) != 0);
        break;
      case LUA_TNUMBER:
        reply_.Integer(Truncated(lua_tonumber(lua_, -1)));
        break;
      case LUA_TTABLE:
        WriteTable();
        break;
      default:
        reply_.Null();
    }
    lua_pop(lua_, 1);
  }

 private:
  // What the conversion of x86-64 gives beyond 64 bits.
  static int64_t Truncated(lua_Number value) {
    constexpr lua_Number kEnd = 9223372036854775808.0;
    if (!(value >= -kEnd && value < kEnd)) return std::numeric_limits<int64_t>::min();
    return static_cast<int64_t>(value);
  }

  void WriteBoolean(bool value) {
    if (script_ == resp::Protocol::kResp3) return reply_.Boolean(value);
    if (!value) return reply_.Null();
    reply_.Integer(1);
  }

  // Pushes the field of the table on top; pops it again if it is of another type.
  bool Has(const char* name, int type) {
    RawField(lua_, -1, name);
    if (lua_type(lua_, -1) == type) return true;
    lua_pop(lua_, 1);
    return false;
  }

  void WriteTable() {
    if (Has("err", LUA_TSTRING)) {
      lua_pop(lua_, 1);
      return reply_.Error(ErrorAt(lua_, -1).text);
    }
    if (Has("ok", LUA_TSTRING)) {
      WriteStatus();
    } else if (Has("double", LUA_TNUMBER)) {
      reply_.Double(lua_tonumber(lua_, -1));
    } else if (Has("big_number", LUA_TSTRING)) {
      reply_.BigNumber(OneLine(TextAt(lua_, -1)));
    } else if (Has("verbatim_string", LUA_TTABLE)) {
      if (!WriteVerbatim()) return lua_pop(lua_, 1), WriteMapOrArray();
    } else {
      return WriteMapOrArray();
    }
    lua_pop(lua_, 1);
  }

  static std::string OneLine(std::string_view text) {
    std::string line(text);
    std::replace_if(
        line.begin(), line.end(), [](char c) { return c == '\r' || c == '\n'; }, ' ');
    return line;
  }

  void WriteStatus() { reply_.Simple(OneLine(UpToNul(TextAt(lua_, -1)))); }

  bool WriteVerbatim() {
    if (!Has("format", LUA_TSTRING)) return false;
    const std::string format(UpToNul(TextAt(lua_, -1)));
    lua_pop(lua_, 1);
    if (!Has("string", LUA_TSTRING)) return false;
    reply_.Verbatim(TextAt(lua_, -1), format);
    lua_pop(lua_, 1);
    return true;
  }

  void WriteMapOrArray() {
    if (Has("map", LUA_TTABLE)) {
      reply_.Map(CountPairs());
      ForEachPair([&] {
        lua_pushvalue(lua_, -2);
        Write();
        Write();
      });
    } else if (Has(kSet, LUA_TTABLE)) {
      reply_.Set(CountPairs());
      ForEachPair([&] {
        lua_pop(lua_, 1);
        lua_pushvalue(lua_, -1);
        Write();
      });
    } else {
      return WriteArray();
    }
    lua_pop(lua_, 1);
  }

  // Calls f with key and value on top of the stack, of which it pops the value.
  template <typename F>
  void ForEachPair(F&& f) {
    lua_pushnil(lua_);
    while (lua_next(lua_, -2) != 0) f();
  }
  int64_t CountPairs() {
    int64_t pairs = 0;
    ForEachPair([&] {
      ++pairs;
      lua_pop(lua_, 1);
    });
    return pairs;
  }

  // Up to the first nil.
  void WriteArray() {
    int count = 0;
    for (bool there = true; there; count += there ? 1 : 0) {
      lua_rawgeti(lua_, -1, count + 1);
      there = !lua_isnil(lua_, -1);
      lua_pop(lua_, 1);
    }
    reply_.Array(count);
    for (int i = 1; i <= count; ++i) {
      lua_rawgeti(lua_, -1, i);
      Write();
    }
  }

  lua_State* lua_;
  resp::Protocol script_;
  resp::ReplyWriter& reply_;
};

}  // namespace

void PushReply(lua_State* lua, std::string_view reply) {
  luaL_checkstack(lua, 8, "reply");
  ReplyReader(lua, reply).PushNext();
}

void PushError(lua_State* lua, std::string_view text) {
  while (text.ends_with('\n') || text.ends_with('\r')) text.remove_suffix(1);
  PushTagged(lua, "err", [&] { Push(lua, text); });
}

void MarkAsCounted(lua_State* lua) {
  SetField(lua, "ignore_error_stats_update", [lua] { lua_pushboolean(lua, 1); });
}

void WriteValue(lua_State* lua, resp::Protocol script, resp::ReplyWriter& reply) {
  ValueWriter(lua, script, reply).Write();
}

ErrorInfo ErrorAt(lua_State* lua, int index) {
  ErrorInfo info;
  const auto take = [&](const char* name, std::string* text) {
    RawField(lua, index, name);
    const bool there = lua_isstring(lua, -1) != 0;
    if (there) *text = UpToNul(TextAt(lua, -1));
    lua_pop(lua, 1);
    return there;
  };
  if (!take("err", &info.text)) info.text = "ERR unknown error";
  take("source", &info.source);
  take("line", &info.line);
  RawField(lua, index, "ignore_error_stats_update");
  info.counted = lua_toboolean(lua, -1) != 0;
  lua_pop(lua, 1);
  return info;
}

}  // namespace keyhole::script
