// Columns of text, and how numbers are written in them.
//
// Thread: any; pure functions.
#pragma once

#include <boost/json/value.hpp>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace keyhole::top {

struct Column {
  std::string name;
  bool is_number = false;  // to the right
  bool grows = false;      // takes the room that the others leave, and is cut first
};

// Columns that a terminal needs for it, one for each character.
size_t WidthOf(std::string_view text);
// Cut to this width, with an ellipsis; or filled up with blanks.
std::string Fit(std::string_view text, size_t width, bool to_the_right, bool utf8);

// The head, then the rows.
std::vector<std::string> Layout(const std::vector<Column>& columns,
                                const std::vector<std::vector<std::string>>& rows, size_t width,
                                bool utf8);

// A number of a report; 0 where it is not one.
double NumberOf(const boost::json::value& from, std::string_view member);
bool HasNumber(const boost::json::value& from, std::string_view member);
std::string TextOf(const boost::json::value& from, std::string_view member);

std::string Count(double number);    // 1234, 12.3k
std::string Rate(double number);     // 1.25, 850
std::string Percent(double ratio);   // 81.4%
std::string Bytes(double number);    // 12.5M
std::string Seconds(double number);  // 210us, 4.5ms, 1.20s
std::string Span(double seconds);    // 12s, 5m, 3.2h

// The values as bars, the newest last.
std::string Spark(const std::vector<double>& values, size_t width, bool utf8);

}  // namespace keyhole::top
