// The library `cmsgpack` of Redis (lua-cmsgpack 0.4.0): values in MessagePack.
//
//     nil c0  false c2  true c3   00..7f, e0..ff small numbers   cc..cf, d0..d3 larger ones
//     ca, cb float, double        a0..bf, d9..db text            90..9f, dc, dd lists
//     80..8f, de, df maps
//
// Source of the format: https://github.com/msgpack/msgpack/blob/master/spec-old.md
#include <bit>
#include <climits>
#include <cmath>
#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>

#include "proxy/store/script/sandbox.h"

namespace keyhole::script {

namespace {

constexpr int kDeepest = 16;  // what lies deeper is packed as nil

class Packer {
 public:
  explicit Packer(lua_State* lua) : lua_(lua) {}

  // Packs the value on top, and pops it.
  void Pack(int depth) {
    luaL_checkstack(lua_, 3, "too deep");
    const int type = lua_type(lua_, -1);
    if (type == LUA_TTABLE && depth == kDeepest) {
      Byte(0xc0);
    } else if (type == LUA_TSTRING) {
      size_t size = 0;
      const char* const text = lua_tolstring(lua_, -1, &size);
      Text({text, size});
    } else if (type == LUA_TBOOLEAN) {
      Byte(lua_toboolean(lua_, -1) != 0 ? 0xc3 : 0xc2);
    } else if (type == LUA_TNUMBER) {
      Number(lua_tonumber(lua_, -1));
    } else if (type == LUA_TTABLE) {
      Table(depth);
    } else {
      Byte(0xc0);
    }
    lua_pop(lua_, 1);
  }

  std::string_view bytes() const { return out_; }
  void Clear() { out_.clear(); }

 private:
  void Byte(unsigned byte) { out_.push_back(static_cast<char>(byte)); }
  template <std::unsigned_integral T>
  void Big(unsigned head, T value) {
    Byte(head);
    for (size_t i = sizeof(T); i-- > 0;) Byte(static_cast<unsigned>(value >> (8 * i) & 255));
  }

  void Text(std::string_view text) {
    const size_t size = text.size();
    if (size < 32) {
      Byte(0xa0 | static_cast<unsigned>(size));
    } else if (size <= UINT8_MAX) {
      Big(0xd9, static_cast<uint8_t>(size));
    } else if (size <= UINT16_MAX) {
      Big(0xda, static_cast<uint16_t>(size));
    } else {
      Big(0xdb, static_cast<uint32_t>(size));
    }
    out_.append(text);
  }

  void Number(lua_Number number) {
    constexpr lua_Number kEnd = 9223372036854775808.0;
    if (number >= -kEnd && number < kEnd && number == std::trunc(number)) {
      return Integer(static_cast<int64_t>(number));
    }
    const auto single = static_cast<float>(number);
    if (static_cast<double>(single) == number) {
      Big(0xca, std::bit_cast<uint32_t>(single));
    } else {
      Big(0xcb, std::bit_cast<uint64_t>(number));
    }
  }

  void Integer(int64_t value) {
    const auto bits = static_cast<uint64_t>(value);
    if (value >= 0) {
      if (value <= 127) return Byte(static_cast<unsigned>(value));
      if (value <= UINT8_MAX) return Big(0xcc, static_cast<uint8_t>(bits));
      if (value <= UINT16_MAX) return Big(0xcd, static_cast<uint16_t>(bits));
      if (value <= UINT32_MAX) return Big(0xce, static_cast<uint32_t>(bits));
      return Big(0xcf, bits);
    }
    if (value >= -32) return Byte(static_cast<unsigned>(bits & 255));
    if (value >= INT8_MIN) return Big(0xd0, static_cast<uint8_t>(bits));
    if (value >= INT16_MIN) return Big(0xd1, static_cast<uint16_t>(bits));
    if (value >= INT32_MIN) return Big(0xd2, static_cast<uint32_t>(bits));
    Big(0xd3, bits);
  }

  void Head(unsigned small, unsigned large, size_t count) {
    if (count < 16) return Byte(small | static_cast<unsigned>(count));
    if (count <= UINT16_MAX) return Big(large, static_cast<uint16_t>(count));
    Big(large + 1, static_cast<uint32_t>(count));
  }

  // Its keys are 1 to n. An empty table is a list.
  bool IsList(size_t* count) {
    lua_Number largest = 0;
    *count = 0;
    lua_pushnil(lua_);
    bool list = true;
    while (lua_next(lua_, -2) != 0) {
      lua_pop(lua_, 1);
      const bool number = lua_type(lua_, -1) == LUA_TNUMBER;
      const lua_Number key = number ? lua_tonumber(lua_, -1) : 0;
      list = list && key > 0 && key == std::trunc(key);
      largest = std::max(largest, key);
      ++*count;
    }
    return list && largest == static_cast<lua_Number>(*count);
  }

  void Table(int depth) {
    size_t count = 0;
    if (IsList(&count)) {
      Head(0x90, 0xdc, count);
      for (size_t i = 1; i <= count; ++i) {
        lua_rawgeti(lua_, -1, static_cast<int>(i));
        Pack(depth + 1);
      }
      return;
    }
    Head(0x80, 0xde, count);
    lua_pushnil(lua_);
    while (lua_next(lua_, -2) != 0) {
      lua_pushvalue(lua_, -2);
      Pack(depth + 1);
      Pack(depth + 1);
    }
  }

  lua_State* lua_;
  std::string out_;
};

int Pack(lua_State* lua) {
  const int count = lua_gettop(lua);
  if (count == 0) return luaL_argerror(lua, 0, "MessagePack pack needs input.");
  luaL_checkstack(lua, 1, "Too many arguments for MessagePack pack.");
  Packer packer(lua);
  for (int i = 1; i <= count; ++i) {
    luaL_checkstack(lua, 1, "in function mp_check");
    lua_pushvalue(lua, i);
    packer.Pack(0);
  }
  lua_pushlstring(lua, packer.bytes().data(), packer.bytes().size());
  return 1;
}

class Unpacker {
 public:
  Unpacker(lua_State* lua, std::string_view left) : lua_(lua), left_(left) {}

  size_t left() const { return left_.size(); }

  // Pushes the next value.
  void Push() {
    luaL_checkstack(lua_, 4, "too deep");
    const auto head = static_cast<uint8_t>(Take(1).front());
    if (head <= 0x7f) return lua_pushnumber(lua_, head);
    if (head <= 0x8f) return PushMap(head & 15U);
    if (head <= 0x9f) return PushList(head & 15U);
    if (head <= 0xbf) return PushText(head & 31U);
    if (head >= 0xe0) return lua_pushnumber(lua_, static_cast<int8_t>(head));
    PushLarger(head);
  }

 private:
  std::string_view Take(size_t size) {
    if (size > left_.size()) luaL_error(lua_, "Missing bytes in input.");
    const std::string_view bytes = left_.substr(0, size);
    left_.remove_prefix(size);
    return bytes;
  }
  template <std::unsigned_integral T>
  T Big() {
    T value = 0;
    for (const char c : Take(sizeof(T))) {
      value = static_cast<T>(uint64_t{value} << 8 | static_cast<unsigned char>(c));
    }
    return value;
  }
  template <typename T>
  void PushNumber(T value) {
    lua_pushnumber(lua_, static_cast<lua_Number>(value));
  }

  void PushLarger(uint8_t head) {
    switch (head) {
      case 0xc0:
        return lua_pushnil(lua_);
      case 0xc2:
        return lua_pushboolean(lua_, 0);
      case 0xc3:
        return lua_pushboolean(lua_, 1);
      case 0xca:
        return PushNumber(std::bit_cast<float>(Big<uint32_t>()));
      case 0xcb:
        return PushNumber(std::bit_cast<double>(Big<uint64_t>()));
      case 0xcc:
        return PushNumber(Big<uint8_t>());
      case 0xcd:
        return PushNumber(Big<uint16_t>());
      case 0xce:
        return PushNumber(Big<uint32_t>());
      case 0xcf:
        return PushNumber(Big<uint64_t>());
      case 0xd0:
        return PushNumber(static_cast<int8_t>(Big<uint8_t>()));
      case 0xd1:
        return PushNumber(static_cast<int16_t>(Big<uint16_t>()));
      case 0xd2:
        return PushNumber(static_cast<int32_t>(Big<uint32_t>()));
      case 0xd3:
        return PushNumber(static_cast<int64_t>(Big<uint64_t>()));
      case 0xd9:
        return PushText(Big<uint8_t>());
      case 0xda:
        return PushText(Big<uint16_t>());
      case 0xdb:
        return PushText(Big<uint32_t>());
      case 0xdc:
        return PushList(Big<uint16_t>());
      case 0xdd:
        return PushList(Big<uint32_t>());
      case 0xde:
        return PushMap(Big<uint16_t>());
      case 0xdf:
        return PushMap(Big<uint32_t>());
      default:
        luaL_error(lua_, "Bad data format in input.");
    }
  }

  void PushText(size_t size) {
    const std::string_view text = Take(size);
    lua_pushlstring(lua_, text.data(), text.size());
  }
  void PushList(size_t count) {
    lua_newtable(lua_);
    for (size_t i = 1; i <= count; ++i) {
      lua_pushnumber(lua_, static_cast<lua_Number>(i));
      Push();
      lua_settable(lua_, -3);
    }
  }
  void PushMap(size_t pairs) {
    lua_newtable(lua_);
    for (size_t i = 0; i < pairs; ++i) {
      Push();
      Push();
      lua_settable(lua_, -3);
    }
  }

  lua_State* lua_;
  std::string_view left_;
};

// all: whatever there is, and no offset behind it.
int UnpackSome(lua_State* lua, int limit, int offset, bool all) {
  size_t size = 0;
  const char* const data = luaL_checklstring(lua, 1, &size);
  lua_settop(lua, 1);
  if (offset < 0 || limit < 0) {
    return luaL_error(lua, "Invalid request to unpack with offset of %d and limit of %d.", offset,
                      static_cast<int>(size));
  }
  if (static_cast<size_t>(offset) > size) {
    return luaL_error(lua, "Start offset %d greater than input length %d.", offset,
                      static_cast<int>(size));
  }
  Unpacker unpacker(lua, std::string_view(data, size).substr(static_cast<size_t>(offset)));
  int count = 0;
  while (unpacker.left() > 0 && count < limit) {
    unpacker.Push();
    ++count;
  }
  if (all) return count;
  luaL_checkstack(lua, 1, "too many results");
  lua_pushinteger(lua,
                  unpacker.left() == 0 ? -1 : static_cast<lua_Integer>(size - unpacker.left()));
  lua_insert(lua, 2);
  return count + 1;
}

int Unpack(lua_State* lua) {
  return UnpackSome(lua, INT_MAX, 0, /*all=*/true);
}

int UnpackOne(lua_State* lua) {
  return UnpackSome(lua, 1, luaL_optint(lua, 2, 0), /*all=*/false);
}

int UnpackLimit(lua_State* lua) {
  return UnpackSome(lua, luaL_checkint(lua, 2), luaL_optint(lua, 3, 0), /*all=*/false);
}

}  // namespace

void AddMessagePack(lua_State* lua) {
  lua_newtable(lua);
  SetFunctions(lua, {{"pack", Pack},
                     {"unpack", Unpack},
                     {"unpack_one", UnpackOne},
                     {"unpack_limit", UnpackLimit}});
  struct Constant {
    const char* name;
    const char* text;
  };
  for (const auto& [name, text] :
       {Constant{"_NAME", "cmsgpack"}, Constant{"_VERSION", "lua-cmsgpack 0.4.0"},
        Constant{"_COPYRIGHT", "Copyright (C) 2012, Salvatore Sanfilippo"},
        Constant{"_DESCRIPTION", "MessagePack C implementation for Lua"}}) {
    lua_pushstring(lua, text);
    lua_setfield(lua, -2, name);
  }
  lua_setfield(lua, -2, "cmsgpack");
}

}  // namespace keyhole::script
