// Texts for people: words in messages, and bytes that may not be text.
//
// Thread: any; pure functions.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace keyhole::core {

// `text` in quotes, short and printable, for a message.
std::string Quoted(std::string_view text);

// The one of `names` that `word` was probably meant to be, or empty.
std::string_view Nearest(std::string_view word, const std::vector<std::string_view>& names);

// "; did you mean foo?", or nothing if `nearest` is empty. prefix: what all names begin with.
std::string DidYouMean(std::string_view nearest, std::string_view prefix = "");

// `text` with the letters A to Z as a to z.
std::string Lower(std::string_view text);

// The bytes of the valid UTF-8 character that `text` begins with, 0 if it begins with none.
// REQUIRES: it is not empty.
size_t Utf8Length(std::string_view text);

// "\xNN", digits in lower case.
void AppendEscapedByte(char byte, std::string* out);

// With each byte that is not valid UTF-8 as \xNN. mark: a backslash that looks like such an escape
// is escaped, too.
std::string EscapeInvalidUtf8(std::string_view bytes, bool mark = false);

}  // namespace keyhole::core
