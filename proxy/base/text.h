// Words in messages for people.
//
// Thread: any; pure functions.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace keyhole::core {

// `text` in quotes, short and printable, for a message.
std::string Quoted(std::string_view text);

// The one of `names` that `word` was probably meant to be, or empty.
std::string_view Nearest(std::string_view word, const std::vector<std::string_view>& names);

}  // namespace keyhole::core
