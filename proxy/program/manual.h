// What a package ships beside the program, made from the option table so that it cannot be out of
// date: manual pages and completions for shells.
//
//     keyhole generate man | man5 | bash | zsh | fish
//
// Thread: any; pure functions.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace keyhole::program {

// keyhole(1), keyhole.toml(5): roff of man(7).
std::string ManualOfProgram();
std::string ManualOfFile();
// Scripts for completion(s) of that shell.
std::string BashCompletion();
std::string ZshCompletion();
std::string FishCompletion();

// By the word above; none: there is no such thing.
std::optional<std::string> Generate(std::string_view what);

}  // namespace keyhole::program
