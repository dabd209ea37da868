#include "resp/error_text.h"

namespace keyhole::resp {

std::string_view Quoted(std::string_view text) {
  return AsWord(text).substr(0, kMaxQuoted);
}

std::string ArityError(const CommandSpec& spec) {
  return std::string("ERR wrong number of arguments for '")
      .append(spec.full_name)
      .append("' command");
}

std::string UnknownCommandError(std::span<const std::string_view> args) {
  std::string list;
  for (const std::string_view arg : args.subspan(1)) {
    if (list.size() >= kMaxQuoted) break;
    const size_t room = kMaxQuoted - list.size();
    list.append("'").append(AsWord(arg).substr(0, room)).append("' ");
  }
  return std::string("ERR unknown command '")
      .append(Quoted(args[0]))
      .append("', with args beginning with: ")
      .append(list);
}

std::string UnknownSubcommandError(const CommandSpec& container, std::string_view word) {
  std::string name(container.name);
  for (char& c : name) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  return std::string("ERR unknown subcommand '")
      .append(Quoted(word))
      .append("'. Try ")
      .append(name)
      .append(" HELP.");
}

}  // namespace keyhole::resp
