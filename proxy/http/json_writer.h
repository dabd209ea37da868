// Writes JSON, member by member; commas come by themselves.
//
//     JsonWriter json;
//     json.Open('{').Key("hits").Number(3).Key("rate").Decimal(0.125).Close('}');
//     json.text()                       {"hits":3,"rate":0.125}
//
// Boost.JSON would write 0.1 as 1E-1.
//
// Thread: its owner's.
#pragma once

#include <charconv>
#include <cmath>
#include <concepts>
#include <string>
#include <string_view>
#include <utility>

#include "proxy/http/http_item.h"

namespace keyhole::core {

class JsonWriter {
 public:
  JsonWriter& Open(char bracket) {
    Separate();
    text_.push_back(bracket);
    begun_ = false;
    return *this;
  }
  JsonWriter& Close(char bracket) {
    text_.push_back(bracket);
    begun_ = true;
    return *this;
  }
  // name: without anything to escape.
  JsonWriter& Key(std::string_view name) {
    Separate();
    text_.append("\"").append(name).append("\":");
    begun_ = false;
    return *this;
  }
  JsonWriter& String(std::string_view bytes) { return Raw(JsonString(bytes)); }
  JsonWriter& Number(std::integral auto number) { return Raw(std::to_string(number)); }
  JsonWriter& Bool(bool value) { return Raw(value ? "true" : "false"); }
  JsonWriter& Null() { return Raw("null"); }
  // With so many digits behind the point, without zeros at the end; null if it is not a number.
  JsonWriter& Decimal(double number, int digits = 3) {
    return std::isfinite(number) ? Raw(Rounded(number, digits)) : Null();
  }
  JsonWriter& Raw(std::string_view json) {
    Separate();
    text_.append(json);
    begun_ = true;
    return *this;
  }
  const std::string& text() const { return text_; }
  // With the line end that every answer has.
  std::string Take() { return std::move(text_.append("\n")); }

  // 0.125, 3
  static std::string Rounded(double number, int digits = 3) {
    char text[340];
    const auto end =
        std::to_chars(text, text + sizeof(text), number, std::chars_format::fixed, digits);
    std::string_view shown(text, static_cast<size_t>(end.ptr - text));
    if (shown.find('.') != std::string_view::npos) {
      while (shown.back() == '0') shown.remove_suffix(1);
      if (shown.back() == '.') shown.remove_suffix(1);
    }
    return std::string(shown == "-0" ? "0" : shown);
  }

 private:
  void Separate() {
    if (std::exchange(begun_, false)) text_.push_back(',');
  }

  std::string text_;
  bool begun_ = false;  // a value stands before what comes next
};

}  // namespace keyhole::core
