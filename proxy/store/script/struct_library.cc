// The library `struct` of Redis (Lua struct 0.2): values as the bytes of a C structure.
//
//     struct.pack("<I2 s", 258, "ab")   ->  02 01 61 62 00
//     <  >    low or high byte first           b h i l T   integers, of 1, 2, 4, 8, 8 bytes; in
//     !n      aligned to n bytes at most       B H I L     capitals without a sign; in, In: of n bytes
//     x       a zero byte                      f d         float, double
//     s       a string and a zero byte         cn, c0      n bytes; as many as the value before says
#include <algorithm>
#include <bit>
#include <climits>
#include <cstring>
#include <string>
#include <string_view>

#include "proxy/store/script/sandbox.h"

namespace keyhole::script {

namespace {

constexpr int kLargestInteger = 32;
constexpr int kNaturalAlignment = 8;

// Walks along a format.
class Format {
 public:
  Format(lua_State* lua, const char* text) : lua_(lua), next_(text) {}

  // One element. size: its bytes; 0: none, or not known yet.
  struct Item {
    char option;
    size_t size;
  };
  bool Next(Item* item) {
    if (*next_ == '\0') return false;
    item->option = *next_++;
    item->size = static_cast<size_t>(SizeOf(item->option));
    return true;
  }

  // How many bytes have to stand before it at this place.
  size_t Padding(const Item& item, size_t at) const {
    if (item.size == 0 || item.option == 'c') return 0;
    const size_t unit = std::min(item.size, alignment_);
    return (unit - (at & (unit - 1))) & (unit - 1);
  }

  // What is no value: order of bytes, alignment, spaces.
  void Control(char option) {
    switch (option) {
      case ' ':
        return;
      case '>':
        big_ = true;
        return;
      case '<':
        big_ = false;
        return;
      case '!': {
        const int alignment = Number(kNaturalAlignment);
        if (alignment == 0 || (alignment & (alignment - 1)) != 0) {
          luaL_error(lua_, "alignment %d is not a power of 2", alignment);
        }
        alignment_ = static_cast<size_t>(alignment);
        return;
      }
      default:
        luaL_argerror(lua_, 1, lua_pushfstring(lua_, "invalid format option '%c'", option));
    }
  }

  bool big() const { return big_; }

 private:
  int Number(int otherwise) {
    if (!IsDigit(*next_)) return otherwise;
    int64_t number = 0;
    while (IsDigit(*next_)) {
      number = number * 10 + (*next_++ - '0');
      if (number > INT_MAX) luaL_error(lua_, "integral size overflow");
    }
    return static_cast<int>(number);
  }
  static bool IsDigit(char c) { return c >= '0' && c <= '9'; }

  int SizeOf(char option) {
    switch (option) {
      case 'b':
      case 'B':
      case 'x':
        return 1;
      case 'h':
      case 'H':
        return sizeof(short);
      case 'l':
      case 'L':
        return sizeof(long);
      case 'T':
        return sizeof(size_t);
      case 'f':
        return sizeof(float);
      case 'd':
        return sizeof(double);
      case 'c':
        return Number(1);
      case 'i':
      case 'I': {
        const int size = Number(sizeof(int));
        if (size > kLargestInteger) {
          luaL_error(lua_, "integral size %d is larger than limit of %d", size, kLargestInteger);
        }
        return size;
      }
      default:
        return 0;
    }
  }

  lua_State* lua_;
  const char* next_;
  bool big_ = false;
  size_t alignment_ = 1;
};

bool IsInteger(char option) {
  return std::string_view("bBhHlLTiI").find(option) != std::string_view::npos;
}

void Put(std::string* out, const void* bytes, size_t size, bool big) {
  const size_t begin = out->size();
  out->append(static_cast<const char*>(bytes), size);
  if (big) std::reverse(out->begin() + static_cast<std::ptrdiff_t>(begin), out->end());
}

void PutInteger(std::string* out, lua_Number number, size_t size, bool big) {
  // What does not fit is cut off, as far as C says what that is.
  const uint64_t value = number < 0 ? static_cast<uint64_t>(static_cast<int64_t>(number))
                                    : static_cast<uint64_t>(number);
  char bytes[kLargestInteger];
  for (size_t i = 0; i < size; ++i) {
    bytes[i] = i < sizeof(value) ? static_cast<char>(value >> (8 * i) & 255) : '\0';
  }
  Put(out, bytes, size, big);
}

int Pack(lua_State* lua) {
  Format format(lua, luaL_checkstring(lua, 1));
  lua_pushnil(lua);  // what is missing is nil, as in Redis
  std::string out;
  int arg = 1;
  Format::Item item;
  while (format.Next(&item)) {
    out.append(format.Padding(item, out.size()), '\0');
    if (IsInteger(item.option)) {
      PutInteger(&out, luaL_checknumber(lua, ++arg), item.size, format.big());
    } else if (item.option == 'x') {
      out.push_back('\0');
    } else if (item.option == 'f') {
      const auto value = static_cast<float>(luaL_checknumber(lua, ++arg));
      Put(&out, &value, sizeof(value), format.big());
    } else if (item.option == 'd') {
      const double value = luaL_checknumber(lua, ++arg);
      Put(&out, &value, sizeof(value), format.big());
    } else if (item.option == 'c' || item.option == 's') {
      size_t size = 0;
      const char* const text = luaL_checklstring(lua, ++arg, &size);
      if (item.size == 0) item.size = size;
      luaL_argcheck(lua, size >= item.size, arg + 1, "string too short");
      out.append(text, item.size);
      if (item.option == 's') out.push_back('\0');
    } else {
      format.Control(item.option);
    }
  }
  lua_pushlstring(lua, out.data(), out.size());
  return 1;
}

lua_Number IntegerOf(std::string_view bytes, bool big, bool with_sign) {
  uint64_t value = 0;
  for (size_t i = 0; i < bytes.size(); ++i) {
    const char c = bytes[big ? i : bytes.size() - 1 - i];
    value = value << 8 | static_cast<unsigned char>(c);
  }
  if (!with_sign) return static_cast<lua_Number>(value);
  if (!bytes.empty() && bytes.size() <= sizeof(value)) {
    const uint64_t sign = ~uint64_t{0} << (bytes.size() * 8 - 1);
    if ((value & sign) != 0) value |= sign;
  }
  return static_cast<lua_Number>(static_cast<int64_t>(value));
}

template <typename T>
lua_Number FloatOf(std::string_view bytes, bool big) {
  char ordered[sizeof(T)];
  std::copy(bytes.begin(), bytes.end(), ordered);
  if (big) std::reverse(std::begin(ordered), std::end(ordered));
  T value;
  std::memcpy(&value, ordered, sizeof(value));
  return static_cast<lua_Number>(value);
}

// Takes values out of `data`, one after the other.
class Unpacker {
 public:
  Unpacker(lua_State* lua, std::string_view data, size_t at) : lua_(lua), data_(data), at_(at) {}

  void Take(Format& format, Format::Item item) {
    at_ += format.Padding(item, at_);
    Require(item.size);
    luaL_checkstack(lua_, 2, "too many results");
    const std::string_view bytes = data_.substr(at_, item.size);
    if (IsInteger(item.option)) {
      Push(IntegerOf(bytes, format.big(), item.option >= 'a'));
    } else if (item.option == 'f') {
      Push(FloatOf<float>(bytes, format.big()));
    } else if (item.option == 'd') {
      Push(FloatOf<double>(bytes, format.big()));
    } else if (item.option == 'c') {
      item.size = TakeBytes(item.size);
    } else if (item.option == 's') {
      item.size = TakeString();
    } else if (item.option != 'x') {
      format.Control(item.option);
    }
    at_ += item.size;
  }

  int Finish() {
    lua_pushinteger(lua_, static_cast<lua_Integer>(at_ + 1));
    return results_ + 1;
  }

 private:
  void Push(lua_Number number) {
    lua_pushnumber(lua_, number);
    ++results_;
  }
  void Require(size_t size) {
    luaL_argcheck(lua_, at_ <= data_.size() && size <= data_.size() - at_, 2,
                  "data string too short");
  }
  size_t TakeBytes(size_t size) {
    if (size == 0) {
      if (results_ == 0 || lua_isnumber(lua_, -1) == 0) {
        luaL_error(lua_, "format 'c0' needs a previous size");
      }
      const lua_Number wanted = lua_tonumber(lua_, -1);
      lua_pop(lua_, 1);
      --results_;
      luaL_argcheck(lua_, wanted >= 0 && wanted <= static_cast<lua_Number>(data_.size()), 2,
                    "data string too short");
      size = static_cast<size_t>(wanted);
      Require(size);
    }
    lua_pushlstring(lua_, data_.data() + at_, size);
    ++results_;
    return size;
  }
  size_t TakeString() {
    const size_t end = data_.find('\0', at_);
    if (end == std::string_view::npos) luaL_error(lua_, "unfinished string in data");
    lua_pushlstring(lua_, data_.data() + at_, end - at_);
    ++results_;
    return end - at_ + 1;
  }

  lua_State* lua_;
  std::string_view data_;
  size_t at_;
  int results_ = 0;
};

int Unpack(lua_State* lua) {
  Format format(lua, luaL_checkstring(lua, 1));
  size_t size = 0;
  const char* const data = luaL_checklstring(lua, 2, &size);
  const lua_Integer from = luaL_optinteger(lua, 3, 1);
  luaL_argcheck(lua, from != 0, 3, "offset must be 1 or greater");
  Unpacker unpacker(lua, {data, size}, static_cast<size_t>(from - 1));
  Format::Item item;
  while (format.Next(&item)) unpacker.Take(format, item);
  return unpacker.Finish();
}

int Size(lua_State* lua) {
  Format format(lua, luaL_checkstring(lua, 1));
  size_t at = 0;
  Format::Item item;
  while (format.Next(&item)) {
    at += format.Padding(item, at);
    if (item.option == 's') return luaL_argerror(lua, 1, "option 's' has no fixed size");
    if (item.option == 'c' && item.size == 0) {
      return luaL_argerror(lua, 1, "option 'c0' has no fixed size");
    }
    if (item.size == 0) format.Control(item.option);
    at += item.size;
  }
  lua_pushinteger(lua, static_cast<lua_Integer>(at));
  return 1;
}

}  // namespace

void AddStruct(lua_State* lua) {
  lua_newtable(lua);
  SetFunctions(lua, {{"pack", Pack}, {"unpack", Unpack}, {"size", Size}});
  lua_setfield(lua, -2, "struct");
}

}  // namespace keyhole::script
