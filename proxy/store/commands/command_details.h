// What COMMAND says of a row of the command table, in Redis' words. Source of the data beyond the
// table's own columns: command_details.def.
#pragma once

#include <functional>
#include <span>
#include <string_view>

#include "proxy/store/commands/handlers.h"

namespace keyhole::store {

// True if the command is of this category of ACL, given without its '@'; letters of either case.
bool IsOfCategory(const resp::CommandSpec& spec, std::string_view category);

// The flag `fast`.
bool IsFast(const resp::CommandSpec& spec);
// A script may call it.
bool IsForScripts(const resp::CommandSpec& spec);

// One element of COMMAND's reply: name, arity, flags, first and last key, step, categories, tips,
// key specifications, subcommands.
void ReplyInfo(Call& call, const resp::CommandSpec& spec);

// Words between spaces, as a set of simple strings.
void ReplyWords(Call& call, std::string_view words);

// Calls f(key, flags) for the keys of a request, with what is done to each: "RW access update".
void ForEachKeyWithFlags(const resp::CommandSpec& spec, std::span<const std::string_view> request,
                         const std::function<void(std::string_view, std::string_view)>& f);

}  // namespace keyhole::store
