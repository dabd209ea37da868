#include "proxy/base/accept.h"

#include <algorithm>
#include <charconv>

#include "absl/strings/match.h"
#include "absl/strings/string_view.h"

namespace keyhole::core {
namespace {

bool EqualsIgnoreCase(std::string_view a, std::string_view b) {
  return absl::EqualsIgnoreCase(absl::string_view(a.data(), a.size()),
                                absl::string_view(b.data(), b.size()));
}

std::string_view Trimmed(std::string_view text) {
  constexpr std::string_view kSpaces = " \t";
  text.remove_prefix(std::min(text.find_first_not_of(kSpaces), text.size()));
  return text.substr(0, text.find_last_not_of(kSpaces) + 1);
}

// Takes the text up to the separator from the front.
std::string_view Cut(std::string_view* text, char separator) {
  const size_t end = std::min(text->find(separator), text->size());
  const std::string_view piece = Trimmed(text->substr(0, end));
  text->remove_prefix(std::min(end + 1, text->size()));
  return piece;
}

double ParseWeight(std::string_view text) {
  double weight = 0;
  std::from_chars(text.data(), text.data() + text.size(), weight);
  return weight >= 0 && weight <= 1 ? weight : 0;
}

// The weight that this element of the list gives to the type; 0 if it names another one.
double WeightIn(std::string_view range, const MediaType& type) {
  if (!EqualsIgnoreCase(Cut(&range, ';'), type.name)) return 0;
  double weight = 1;
  while (!range.empty()) {
    std::string_view value = Cut(&range, ';');
    const std::string_view name = Cut(&value, '=');
    if (EqualsIgnoreCase(name, "q")) weight = ParseWeight(value);
    const bool restricted = !type.version.empty() && EqualsIgnoreCase(name, "version");
    if (restricted && value != type.version) return 0;
  }
  return weight;
}

}  // namespace

bool Prefers(std::string_view accept, const MediaType& wanted, const MediaType& otherwise) {
  double weight = 0;
  double least = 0;
  while (!accept.empty()) {
    const std::string_view range = Cut(&accept, ',');
    weight = std::max(weight, WeightIn(range, wanted));
    least = std::max(least, WeightIn(range, otherwise));
  }
  return weight > 0 && weight >= least;
}

}  // namespace keyhole::core
