#include "proxy/base/text.h"

#include <algorithm>
#include <cstddef>

#include "absl/strings/ascii.h"

namespace keyhole::core {

std::string Quoted(std::string_view text) {
  constexpr size_t kShown = 80;
  std::string quoted = "'";
  for (const char c : text.substr(0, kShown)) quoted.push_back(c < ' ' || c == 0x7f ? '?' : c);
  if (text.size() > kShown) quoted += "...";
  return quoted + "'";
}

std::string_view Nearest(std::string_view word, const std::vector<std::string_view>& names) {
  std::string_view best;
  size_t best_distance = word.size() / 3 + 2;  // further than this is no misspelling
  std::vector<size_t> row;
  for (const std::string_view name : names) {
    // Levenshtein's distance, one row at a time.
    row.resize(name.size() + 1);
    for (size_t j = 0; j < row.size(); ++j) row[j] = j;
    for (size_t i = 1; i <= word.size(); ++i) {
      size_t diagonal = row[0];
      row[0] = i;
      for (size_t j = 1; j < row.size(); ++j) {
        const size_t replaced = diagonal + (word[i - 1] == name[j - 1] ? 0U : 1U);
        diagonal = row[j];
        row[j] = std::min({replaced, row[j] + 1, row[j - 1] + 1});
      }
    }
    if (row.back() < best_distance) {
      best_distance = row.back();
      best = name;
    }
  }
  return best;
}

std::string DidYouMean(std::string_view nearest, std::string_view prefix) {
  if (nearest.empty()) return {};
  return std::string("; did you mean ").append(prefix).append(nearest).append("?");
}

std::string Lower(std::string_view text) {
  return absl::AsciiStrToLower(absl::string_view(text.data(), text.size()));
}

}  // namespace keyhole::core
