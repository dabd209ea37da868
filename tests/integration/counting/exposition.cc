#include "tests/integration/counting/exposition.h"

#include <cmath>
#include <cstdlib>
#include <stdexcept>

namespace keyhole::test {
namespace {

[[noreturn]] void Wrong(std::string_view line, const char* what) {
  throw std::runtime_error(std::string(what) + ": " + std::string(line));
}

bool IsNameByte(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == ':';
}

// Takes a name from the front.
std::string TakeName(std::string_view line, std::string_view* rest) {
  size_t end = 0;
  while (end < rest->size() && IsNameByte((*rest)[end])) ++end;
  if (end == 0) Wrong(line, "a name was expected");
  std::string name(rest->substr(0, end));
  rest->remove_prefix(end);
  return name;
}

// Takes "..." from the front, with its escapes.
std::string TakeQuoted(std::string_view line, std::string_view* rest) {
  if (!rest->starts_with('"')) Wrong(line, "a quote was expected");
  std::string text;
  for (size_t i = 1; i < rest->size(); ++i) {
    const char c = (*rest)[i];
    if (c == '"') {
      rest->remove_prefix(i + 1);
      return text;
    }
    if (c != '\\') {
      text.push_back(c);
      continue;
    }
    const char escaped = ++i < rest->size() ? (*rest)[i] : ' ';
    if (escaped != 'n' && escaped != '\\' && escaped != '"') Wrong(line, "an unknown escape");
    text.push_back(escaped == 'n' ? '\n' : escaped);
  }
  Wrong(line, "a quote without an end");
}

Labels TakeLabels(std::string_view line, std::string_view* rest) {
  Labels labels;
  if (!rest->starts_with('{')) return labels;
  rest->remove_prefix(1);
  while (!rest->starts_with('}')) {
    const std::string name = TakeName(line, rest);
    if (!rest->starts_with('=')) Wrong(line, "= was expected");
    rest->remove_prefix(1);
    if (!labels.emplace(name, TakeQuoted(line, rest)).second) Wrong(line, "a label twice");
    if (rest->starts_with(',')) rest->remove_prefix(1);
  }
  rest->remove_prefix(1);
  return labels;
}

}  // namespace

Exposition::Exposition(std::string_view text) {
  if (!text.ends_with('\n')) Wrong(text.substr(0, 100), "no whole exposition");
  while (!text.empty()) {
    const size_t end = text.find('\n');
    ParseLine(text.substr(0, end));
    text.remove_prefix(end + 1);
  }
}

void Exposition::ParseLine(std::string_view line) {
  std::string_view rest = line;
  if (rest.starts_with("# HELP ")) return;
  if (rest.starts_with("# TYPE ")) {
    rest.remove_prefix(7);
    const std::string family = TakeName(line, &rest);
    if (!types_.emplace(family, rest.substr(1)).second) Wrong(line, "a type twice");
    return;
  }
  Series series;
  series.name = TakeName(line, &rest);
  series.labels = TakeLabels(line, &rest);
  if (!rest.starts_with(' ')) Wrong(line, "a value was expected");
  const std::string number(rest.substr(1));
  char* end = nullptr;
  const double value = std::strtod(number.c_str(), &end);
  if (number.empty() || *end != '\0') Wrong(line, "no number");
  if (!values_.emplace(std::move(series), value).second) Wrong(line, "a series twice");
}

double Exposition::Value(const std::string& name, const Labels& labels) const {
  const auto it = values_.find({name, labels});
  return it == values_.end() ? 0 : it->second;
}

bool Exposition::Has(const std::string& name, const Labels& labels) const {
  return values_.contains({name, labels});
}

std::map<std::string, double> Exposition::By(const std::string& label,
                                             const std::string& name) const {
  std::map<std::string, double> by;
  for (const auto& [series, value] : values_) {
    if (series.name == name) by[series.labels.at(label)] += value;
  }
  return by;
}

double Exposition::Sum(const std::string& name) const {
  double sum = 0;
  for (const auto& [series, value] : values_) {
    if (series.name == name) sum += value;
  }
  return sum;
}

bool Exposition::Accumulates(const std::string& name) const {
  if (const auto it = types_.find(name); it != types_.end()) return it->second == "counter";
  return name.ends_with("_bucket") || name.ends_with("_count") || name.ends_with("_sum");
}

std::string Exposition::Decreased(const Exposition& earlier) const {
  for (const auto& [series, value] : earlier.values_) {
    if (!Accumulates(series.name)) continue;
    const auto it = values_.find(series);
    if (it != values_.end() && it->second >= value) continue;
    std::string text = series.name;
    for (const auto& [name, label] : series.labels) text.append(" ").append(name + "=" + label);
    return text + " from " + std::to_string(value);
  }
  return {};
}

}  // namespace keyhole::test
