// Redis' patterns, as KEYS, SCAN, CONFIG GET, COMMAND LIST and --key-pattern take them.
//
//     *      any bytes, also none        [abc] [a-z] [^a]   one of, one not of
//     ?      one byte                    \x                 x itself
#pragma once

#include <string_view>

namespace keyhole::resp {

// Behaves as redis 7.0.15 src/util.c stringmatchlen, oddities of broken patterns included ("[ab"
// is closed by its end, "[]" matches nothing). Takes at most pattern x text steps, whatever the
// pattern: only the last '*' is ever tried again.
bool GlobMatches(std::string_view pattern, std::string_view text, bool ignore_case = false);

}  // namespace keyhole::resp
