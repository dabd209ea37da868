// The text of --help, made from the rows of config_options.cc.
#include <algorithm>

#include "proxy/config/config.h"
#include "proxy/config/config_options.h"

namespace keyhole::core {
namespace {

constexpr std::string_view kUsage =
    "Keyhole is a Redis proxy that shows which keys hit and which miss.\n"
    "\n"
    "Usage: keyhole [OPTION]...\n"
    "\n"
    "  keyhole                                      with its embedded store\n"
    "  keyhole --upstream redis://127.0.0.1:6379    in front of a Redis\n"
    "  keyhole top                                  a look into one that runs\n";

constexpr std::string_view kLegend =
    "SIZE: bytes, or with a unit: 64kb, 256mb, 1gb.\n"
    "DURATION: seconds, or with a unit: 500ms, 10s, 5m, 1h.\n"
    "Environment: --tracked-keys is KEYHOLE_TRACKED_KEYS; lists go with commas.\n"
    "Flags beat the environment, and that beats the file. An empty value is an\n"
    "error, and so is a KEYHOLE_ variable that is not an option.\n";

constexpr size_t kHelpIndent = 6;
constexpr size_t kHelpWidth = 80;

void AppendWrapped(std::string_view text, std::string* out) {
  size_t column = 0;
  while (!text.empty()) {
    const size_t size = std::min(text.find(' '), text.size());
    if (column != 0 && column + 1 + size > kHelpWidth) {
      out->push_back('\n');
      column = 0;
    }
    const size_t gap = column == 0 ? kHelpIndent : 1;
    out->append(gap, ' ').append(text.substr(0, size));
    column += gap + size;
    text.remove_prefix(std::min(size + 1, text.size()));
  }
  out->push_back('\n');
}

}  // namespace

std::string HelpText() {
  const Config defaults;
  std::string text(kUsage);
  std::string_view group;
  for (const Option& option : Options()) {
    if (option.group != group) text.append("\n").append(option.group).append(":\n");
    group = option.group;
    text.append("  ").append(option.flag);
    if (!option.is_switch()) text.append(" ").append(option.value);
    const std::string shown = option.show == nullptr ? "" : option.show(defaults);
    if (!shown.empty()) text.append("  (default: ").append(shown).append(")");
    text.push_back('\n');
    AppendWrapped(option.help, &text);
  }
  return text.append("\n").append(kLegend);
}

}  // namespace keyhole::core
