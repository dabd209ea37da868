// The text of INFO: sections of fields.
#pragma once

#include <cstdint>
#include <cstdio>
#include <initializer_list>
#include <string>
#include <string_view>

#include "proxy/store/commands/handlers.h"

namespace keyhole::store {

// 1536 is "1.50K".
std::string HumanBytes(uint64_t bytes);

class Report {
 public:
  void Section(std::string_view name) {
    if (!text_.empty()) text_.append("\r\n");
    text_.append("# ").append(name).append("\r\n");
  }
  void Field(std::string_view name, std::string_view value) {
    text_.append(name).append(":").append(value).append("\r\n");
  }
  void Field(std::string_view name, uint64_t value) {
    Field(name, std::string_view(std::to_string(value)));
  }
  void Field(std::string_view name, double value, int digits) {
    char text[64];
    std::snprintf(text, sizeof(text), "%.*f", digits, value);
    Field(name, std::string_view(text));
  }
  void HumanField(std::string_view name, uint64_t bytes) { Field(name, HumanBytes(bytes)); }
  // The store has nothing of what these say: 0.
  void Zeros(std::initializer_list<std::string_view> names) {
    for (const std::string_view name : names) Field(name, uint64_t{0});
  }
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

// A section each; info_commands.cc has the others.
void ReportMemory(const Call& call, Report* report);
void ReportStats(const Call& call, Report* report);
void ReportPersistence(const Call& call, Report* report);
void ReportReplication(const Call& call, Report* report);

}  // namespace keyhole::store
