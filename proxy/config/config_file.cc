#include "proxy/config/config_file.h"

#define TOML_EXCEPTIONS 0
#define TOML_HEADER_ONLY 1
#define TOML_ENABLE_FORMATTERS 0
#include <toml++/toml.h>

#include <algorithm>
#include <utility>

#include "proxy/base/text.h"

namespace keyhole::core {
namespace {

constexpr std::string_view kQuotesNeeded =
    "a value that is neither a whole number nor true or false goes in quotes: \"...\"";
constexpr std::string_view kFlat =
    "sections and keys with dots have no meaning here; give all options as key = value";

// What we say for what toml++ says: the first row whose words are all in it.
struct Saying {
  std::string_view where;  // "Error while parsing <where>"
  std::string_view what;
  std::string_view ours;
};
constexpr Saying kSayings[] = {
    {"", "utf-8", "this is not UTF-8, which the file must be"},
    {"root table", "", "this is not key = value"},
    {"key-value pair", "a comment", "there is more after the value; give one key = value a line"},
    {"key-value pair", "'='", "the = after the key is missing; give key = value"},
    {"key-value pair", "end-of-", "the value is missing; give key = value"},
    {"key", "", "this is not key = value"},
    {"array", "", "the array misses a comma or its ]"},
    {"string", "escape",
     R"(a \ in "..." stands before one of b t n f r " \ uXXXX UXXXXXXXX; )"
     R"('...' takes it as it is)"},
    {"unicode scalar", "",
     R"(a \u in "..." stands before 4 hexadecimal digits, a \U before 8, of a )"
     R"(character; '...' takes a \ as it is)"},
    {"string", "", "the closing quote is missing, or there is a control character before it"},
    {"table", "", kFlat},
};

std::string_view Explain(std::string_view description) {
  for (const Saying& saying : kSayings) {
    if (description.find(saying.where) != std::string_view::npos &&
        description.find(saying.what) != std::string_view::npos) {
      return saying.ours;
    }
  }
  return kQuotesNeeded;
}

std::string InLine(int line, std::string_view what) {
  return "line " + std::to_string(line) + ": " + std::string(what);
}

int LineOf(const toml::source_region& source) {
  return static_cast<int>(source.begin.line);
}

// The text before a line; the first line is 1.
std::string_view Before(int line, std::string_view text) {
  size_t end = 0;
  for (; line > 1; --line) end = std::min(text.find('\n', end), text.size() - 1) + 1;
  return text.substr(0, end);
}

// "cannot redefine existing integer 'workers'": what is before it, in the same file, has it too.
std::string GivenTwice(std::string_view description, int line, std::string_view text) {
  const size_t open = description.find('\'') + 1;
  const std::string key(description.substr(open, description.rfind('\'') - open));
  const toml::parse_result first = toml::parse(Before(line, text));
  const toml::node* const node = first ? first.table().get(key) : nullptr;
  return Quoted(key) + " is given twice" +
         (node == nullptr ? "" : ", first in line " + std::to_string(LineOf(node->source())));
}

std::string Problem(const toml::parse_error& error, std::string_view text) {
  const int line = LineOf(error.source());
  const std::string_view description = error.description();
  return InLine(line, description.find("redefine") == std::string_view::npos
                          ? std::string(Explain(description))
                          : GivenTwice(description, line, text));
}

// As an option takes it; false if it is neither a string nor a whole number nor a switch.
bool TakeValue(const toml::node& node, FileItem* item) {
  if (const auto* string = node.as_string()) {
    item->values.push_back(string->get());
  } else if (const auto* number = node.as_integer()) {
    item->values.push_back(std::to_string(number->get()));
  } else if (const auto* boolean = node.as_boolean()) {
    item->values.emplace_back(boolean->get() ? "true" : "false");
  } else {
    return false;
  }
  return true;
}

bool TakeValues(const toml::node& node, FileItem* item) {
  const toml::array* const array = node.as_array();
  item->is_array = array != nullptr;
  if (array == nullptr) return TakeValue(node, item);
  return std::all_of(array->begin(), array->end(),
                     [item](const toml::node& element) { return TakeValue(element, item); });
}

}  // namespace

FileContents ParseConfigFile(std::string_view text) {
  FileContents contents;
  const toml::parse_result parsed = toml::parse(text);
  if (!parsed) {
    contents.problem = Problem(parsed.error(), text);
    return contents;
  }
  std::vector<std::pair<toml::source_position, FileItem>> items;
  for (const auto& [key, node] : parsed.table()) {
    FileItem item;
    item.key = key.str();
    item.line = LineOf(key.source());
    if (!TakeValues(node, &item)) {
      contents.problem = InLine(item.line, node.is_table() ? kFlat : kQuotesNeeded);
      return contents;
    }
    items.emplace_back(key.source().begin, std::move(item));
  }
  std::sort(items.begin(), items.end(),
            [](const auto& a, const auto& b) { return a.first < b.first; });
  for (auto& [position, item] : items) contents.items.push_back(std::move(item));
  return contents;
}

}  // namespace keyhole::core
