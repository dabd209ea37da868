// What Redis 7.0.15 says of requests that it refuses at first glance, whoever sent them: the text
// of the error, without its '-'. What it quotes of a request is cut at 128 bytes and, as printf
// reads strings, at the first zero byte.
//
// Source: processCommand() and rejectCommand() of Redis 7.0.15. Thread: any; pure functions.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "resp/command_table.h"

namespace keyhole::resp {

inline constexpr std::string_view kNoAuthError = "NOAUTH Authentication required.";
inline constexpr std::string_view kSyntaxError = "ERR syntax error";

// Bytes of a name, or of all arguments, that an error quotes.
inline constexpr size_t kMaxQuoted = 128;

// What an error quotes of this. A view into it.
std::string_view Quoted(std::string_view text);
// "ERR wrong number of arguments for 'client|setname' command"
std::string ArityError(const CommandSpec& spec);
// "ERR unknown command 'foo', with args beginning with: 'a' 'b' ". REQUIRES: args[0] exists.
std::string UnknownCommandError(std::span<const std::string_view> args);
// "ERR unknown subcommand 'foo'. Try CLIENT HELP."
std::string UnknownSubcommandError(const CommandSpec& container, std::string_view word);

}  // namespace keyhole::resp
