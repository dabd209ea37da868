// What `keyhole top` shows, as lines of text: from the JSON of /api, for a width and a height,
// without a terminal.
//
// Thread: any; pure functions.
#pragma once

#include <boost/json/value.hpp>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace keyhole::top {

enum class Style : uint8_t { kPlain, kTitle, kHead, kDim, kWarning, kError };

struct Line {
  std::string text;
  Style style = Style::kPlain;
};

enum class View : uint8_t { kOverview, kKeys, kSlow, kClients };
inline constexpr size_t kViews = 4;

struct Screen {
  View view = View::kOverview;
  std::string sort = "rate";  // of keys
  std::string match;          // of keys
  bool typing = false;        // the filter is being typed
  size_t scroll = 0;          // rows of the table that are above
  std::string away;           // why nothing comes; empty: it does
  bool utf8 = true;
  // As /api gave them; null: not yet.
  boost::json::value overview;
  boost::json::value history;  // of hits, misses and client_p99
  boost::json::value keys;
  boost::json::value slow;
  boost::json::value clients;
};

// At most `height` lines of at most `width` columns.
std::vector<Line> Draw(const Screen& screen, size_t width, size_t height);

// Tables for scripts: head and rows, as wide as they need to be.
std::vector<Line> KeysTable(const boost::json::value& keys, size_t width);
std::vector<Line> SlowTable(const boost::json::value& slow, size_t width);

}  // namespace keyhole::top
