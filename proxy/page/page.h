// The live page: one HTML file with its script and its style, made at build time from the sources
// in this folder (embed.cmake) and served at / to browsers. It asks for nothing but /api.
//
// Thread: any; constant.
#pragma once

#include <string_view>

namespace keyhole::page {

std::string_view Html();

// For Content-Security-Policy: the page runs its own script and style, known by their hashes, and
// speaks to its own origin; nothing else.
std::string_view Policy();

}  // namespace keyhole::page
