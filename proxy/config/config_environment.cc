#include "proxy/config/config_environment.h"

#include <algorithm>

#include "proxy/base/digits.h"
#include "proxy/config/config_options.h"

extern "C" char** environ;  // NOLINT: POSIX gives it that name

namespace keyhole::core {
namespace {

constexpr std::string_view kPrefix = "KEYHOLE_";

// Takes `part` off the end of *text, if it ends so.
bool TakeEnd(std::string_view part, std::string_view* text) {
  if (!text->ends_with(part)) return false;
  text->remove_suffix(part.size());
  return true;
}

// "tcp://10.0.0.1:6380".
bool IsAddress(std::string_view value) {
  return value.find("://") != std::string_view::npos;
}

// Whether `name` ends in _PORT_6380_TCP.
bool EndsInPort(std::string_view name) {
  if (!TakeEnd("_TCP", &name) && !TakeEnd("_UDP", &name) && !TakeEnd("_SCTP", &name)) return false;
  const size_t digits = name.rfind('_') + 1;
  return ParseDigits(name.substr(digits)).has_value() && name.substr(0, digits).ends_with("_PORT_");
}

// See config_environment.h.
bool IsOfKubernetes(std::string_view name, std::string_view value) {
  const bool number = ParseDigits(value).has_value();
  if (name.ends_with("_SERVICE_HOST")) return true;
  if (name.ends_with("_SERVICE_PORT") || name.find("_SERVICE_PORT_") != std::string_view::npos) {
    return number;
  }
  if (EndsInPort(name)) return IsAddress(value);
  std::string_view base = name;
  for (const std::string_view part : {"_PROTO", "_PORT", "_ADDR"}) {
    if (TakeEnd(part, &base) && EndsInPort(base)) return true;
  }
  return name.ends_with("_PORT") && IsAddress(value);
}

}  // namespace

Environment ProcessEnvironment() {
  Environment variables;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view text = *entry;
    const size_t equals = text.find('=');
    if (!text.starts_with(kPrefix) || equals == std::string_view::npos) continue;
    variables.emplace(text.substr(0, equals), text.substr(equals + 1));
  }
  return variables;
}

Problem UnknownVariable(const Environment& environment) {
  std::vector<std::string> known;
  for (const Option& option : Options()) known.push_back(option.variable().substr(kPrefix.size()));
  for (const auto& [name, value] : environment) {
    if (!name.starts_with(kPrefix) || IsOfKubernetes(name, value)) continue;
    const std::string_view word = std::string_view(name).substr(kPrefix.size());
    if (std::find(known.begin(), known.end(), word) != known.end()) continue;
    const std::string_view nearest = Nearest(word, {known.begin(), known.end()});
    return "the environment variable " + Quoted(name) + " is not an option" +
           (nearest.empty() ? "; keyhole --help lists the options" : DidYouMean(nearest, kPrefix));
  }
  return std::nullopt;
}

}  // namespace keyhole::core
