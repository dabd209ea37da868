#include "proxy/http/query.h"

#include <algorithm>
#include <utility>

#include "proxy/base/digits.h"
#include "proxy/base/percent.h"
#include "proxy/base/text.h"

namespace keyhole::core {
namespace {

std::string ListOf(const std::vector<std::string_view>& words) {
  std::string text;
  for (size_t i = 0; i < words.size(); ++i) {
    text.append(i == 0 ? "" : i + 1 < words.size() ? ", " : " and ").append(words[i]);
  }
  return text;
}

std::string UnknownParameter(std::string_view name, const std::vector<std::string_view>& known) {
  std::string text = "There is no parameter " + Quoted(name);
  if (known.empty()) return text + "; this path has none";
  const std::string_view nearest = Nearest(name, known);
  return text + (nearest.empty() ? "; there are " + ListOf(known) : DidYouMean(nearest));
}

}  // namespace

std::optional<std::string> Query::Read(std::string_view text,
                                       const std::vector<std::string_view>& known) {
  while (!text.empty()) {
    const size_t end = std::min(text.find('&'), text.size());
    const std::string_view pair = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (pair.empty()) continue;
    const size_t equals = std::min(pair.find('='), pair.size());
    const std::optional<std::string> name = PercentDecode(pair.substr(0, equals));
    std::optional<std::string> value =
        PercentDecode(pair.substr(std::min(equals + 1, pair.size())));
    if (!name || !value) return "A % must stand before two hexadecimal digits; write %25";
    if (std::find(known.begin(), known.end(), *name) == known.end()) {
      return UnknownParameter(*name, known);
    }
    if (!values_.emplace(*name, std::move(*value)).second) {
      return "The parameter " + *name + " is given twice";
    }
  }
  return std::nullopt;
}

const std::string* Query::Find(std::string_view name) const {
  const auto found = values_.find(name);
  return found == values_.end() ? nullptr : &found->second;
}

std::optional<std::string> Query::ReadNumber(std::string_view name, uint64_t least, uint64_t most,
                                             uint64_t* out) const {
  const std::string* const text = Find(name);
  if (text == nullptr) return std::nullopt;
  const std::optional<uint64_t> number = ParseDigits(*text);
  if (!number || *number < least || *number > most) {
    return std::string(name) + " must be a whole number from " + std::to_string(least) + " to " +
           std::to_string(most);
  }
  *out = *number;
  return std::nullopt;
}

std::optional<std::string> Query::ReadWord(std::string_view name,
                                           const std::vector<std::string_view>& words,
                                           size_t* out) const {
  const std::string* const text = Find(name);
  if (text == nullptr) return std::nullopt;
  const auto found = std::find(words.begin(), words.end(), *text);
  if (found == words.end()) {
    return std::string(name) + " must be one of " + ListOf(words) +
           DidYouMean(Nearest(*text, words));
  }
  *out = static_cast<size_t>(found - words.begin());
  return std::nullopt;
}

}  // namespace keyhole::core
