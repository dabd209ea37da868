#include "proxy/top/table.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "proxy/base/text.h"

namespace keyhole::top {
namespace {

constexpr std::string_view kBars[] = {" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
constexpr std::string_view kPlainBars[] = {" ", ".", ".", ":", ":", "-", "=", "#", "#"};
constexpr std::string_view kGap = "  ";

std::string Print(const char* format, double number) {
  char text[48];
  std::snprintf(text, sizeof(text), format, number);
  return text;
}

// The bytes of the first character, at least one.
size_t First(std::string_view text) {
  return std::max<size_t>(core::Utf8Length(text), 1);
}

std::string Scaled(double number, double step, const char* const* units) {
  size_t unit = 0;
  for (; number >= step && units[unit + 1] != nullptr; ++unit) number /= step;
  return Print(unit == 0 || number >= 100 ? "%.0f" : "%.1f", number) + units[unit];
}

const boost::json::value* Member(const boost::json::value& from, std::string_view member) {
  return from.is_object() ? from.as_object().if_contains(member) : nullptr;
}

}  // namespace

size_t WidthOf(std::string_view text) {
  size_t width = 0;
  for (; !text.empty(); ++width) text.remove_prefix(First(text));
  return width;
}

std::string Fit(std::string_view text, size_t width, bool to_the_right, bool utf8) {
  const size_t has = WidthOf(text);
  if (has <= width) {
    const std::string blanks(width - has, ' ');
    return to_the_right ? blanks + std::string(text) : std::string(text) + blanks;
  }
  if (width == 0) return {};
  std::string cut;
  for (size_t i = 0; i + 1 < width; ++i) {
    const size_t n = First(text);
    cut.append(text.substr(0, n));
    text.remove_prefix(n);
  }
  return cut + (utf8 ? "…" : "~");
}

std::vector<std::string> Layout(const std::vector<Column>& columns,
                                const std::vector<std::vector<std::string>>& rows, size_t width,
                                bool utf8) {
  std::vector<size_t> widths;
  size_t others = kGap.size() * (columns.size() - 1);
  size_t growing = 0;
  for (size_t c = 0; c < columns.size(); ++c) {
    size_t most = WidthOf(columns[c].name);
    for (const auto& row : rows) most = std::max(most, WidthOf(row[c]));
    widths.push_back(most);
    if (columns[c].grows) {
      growing = c;
    } else {
      others += most;
    }
  }
  const size_t least = WidthOf(columns[growing].name);
  widths[growing] = std::max(width > others ? width - others : 0, least);
  std::vector<std::string> lines;
  const auto add = [&](auto&& text_of) {
    std::string line;
    for (size_t c = 0; c < columns.size(); ++c) {
      if (c > 0) line.append(kGap);
      line.append(Fit(text_of(c), widths[c], columns[c].is_number, utf8));
    }
    while (line.ends_with(' ')) line.pop_back();
    lines.push_back(WidthOf(line) > width ? Fit(line, width, false, utf8) : line);
  };
  add([&](size_t c) -> const std::string& { return columns[c].name; });
  for (const auto& row : rows) add([&](size_t c) -> const std::string& { return row[c]; });
  return lines;
}

double NumberOf(const boost::json::value& from, std::string_view member) {
  const boost::json::value* const value = Member(from, member);
  if (value == nullptr || !value->is_number()) return 0;
  return value->to_number<double>();
}

bool HasNumber(const boost::json::value& from, std::string_view member) {
  const boost::json::value* const value = Member(from, member);
  return value != nullptr && value->is_number();
}

std::string TextOf(const boost::json::value& from, std::string_view member) {
  const boost::json::value* const value = Member(from, member);
  if (value == nullptr || !value->is_string()) return {};
  return std::string(value->as_string().data(), value->as_string().size());
}

std::string Count(double number) {
  static constexpr const char* kUnits[] = {"", "k", "M", "G", "T", nullptr};
  return number < 10'000 ? Print("%.0f", number) : Scaled(number, 1000, kUnits);
}

std::string Rate(double number) {
  if (number == 0 || number >= 100) return Count(number);
  return Print(number >= 10 ? "%.1f" : "%.2f", number);
}

std::string Percent(double ratio) {
  return Print("%.1f%%", ratio * 100);
}

std::string Bytes(double number) {
  static constexpr const char* kUnits[] = {"B", "K", "M", "G", "T", nullptr};
  return Scaled(number, 1024, kUnits);
}

std::string Seconds(double number) {
  if (number < 1e-3) return Print("%.0fus", number * 1e6);
  if (number < 1) return Print(number < 0.1 ? "%.1fms" : "%.0fms", number * 1e3);
  return Print("%.2fs", number);
}

std::string Span(double seconds) {
  if (seconds < 120) return Print("%.0fs", seconds);
  return seconds < 7200 ? Print("%.0fm", seconds / 60) : Print("%.1fh", seconds / 3600);
}

std::string Spark(const std::vector<double>& values, size_t width, bool utf8) {
  const size_t shown = std::min(values.size(), width);
  double most = 0;
  for (size_t i = values.size() - shown; i < values.size(); ++i) most = std::max(most, values[i]);
  std::string bars(width - shown, ' ');
  for (size_t i = values.size() - shown; i < values.size(); ++i) {
    const double share = most > 0 ? values[i] / most : 0;
    const auto bar = static_cast<size_t>(std::ceil(std::min(share, 1.0) * 8));
    bars.append((utf8 ? kBars : kPlainBars)[bar]);
  }
  return bars;
}

}  // namespace keyhole::top
