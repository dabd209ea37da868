#include "proxy/base/authority.h"

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "proxy/base/digits.h"

namespace keyhole::core {
namespace {

bool IsDigit(unsigned char c) {
  return absl::ascii_isdigit(c);
}

bool SameName(std::string_view a, std::string_view b) {
  const auto same = [](unsigned char x, unsigned char y) {
    return absl::ascii_tolower(x) == absl::ascii_tolower(y);
  };
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), same);
}

}  // namespace

bool Authority::Parse(std::string_view text, Authority* out) {
  constexpr std::string_view kHostMarks = "-._~";
  constexpr std::string_view kAddressMarks = ":.";
  const bool bracket = text.starts_with('[');
  const size_t end =
      bracket ? text.find(']') + 1 : std::min(text.find(':'), text.size());  // of the host
  if (end == 0) return false;
  const std::string_view host = text.substr(0, end);
  const std::string_view name = bracket ? host.substr(1, host.size() - 2) : host;
  const std::string_view marks = bracket ? kAddressMarks : kHostMarks;
  const std::string_view rest = text.substr(end);
  if (name.empty() || name.size() > 255 || (!rest.empty() && rest[0] != ':')) return false;
  const std::string_view port = rest.substr(std::min<size_t>(rest.size(), 1));
  const auto fits = [bracket, marks](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return (bracket ? absl::ascii_isxdigit(byte) : absl::ascii_isalnum(byte)) ||
           marks.find(c) != std::string_view::npos;
  };
  if (!std::all_of(name.begin(), name.end(), fits) || port.size() > 5 ||
      !std::all_of(port.begin(), port.end(), IsDigit)) {
    return false;
  }
  *out = {host, port};
  return true;
}

bool Authority::Equals(const Authority& other, std::string_view default_port) const {
  const std::string_view mine = port.empty() ? default_port : port;
  const std::string_view others = other.port.empty() ? default_port : other.port;
  return SameName(host, other.host) && ParseDigits(mine) == ParseDigits(others);
}

std::optional<std::string_view> CutScheme(std::string_view url, std::string_view* port) {
  for (const auto& [scheme, its_port] :
       {std::pair<std::string_view, std::string_view>{"http://", "80"}, {"https://", "443"}}) {
    if (!url.starts_with(scheme)) continue;
    *port = its_port;
    return url.substr(scheme.size());
  }
  return std::nullopt;
}

}  // namespace keyhole::core
