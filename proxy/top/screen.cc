#include "proxy/top/screen.h"

#include <algorithm>

#include "proxy/top/table.h"

namespace keyhole::top {
namespace {

namespace json = boost::json;

constexpr size_t kAllColumns = 1000;
constexpr std::string_view kNames[] = {"Overview", "Keys", "Slow", "Clients"};

const json::array& ArrayOf(const json::value& from, std::string_view member) {
  static const json::array none;
  const json::value* const value =
      from.is_object() ? from.as_object().if_contains(member) : nullptr;
  return value != nullptr && value->is_array() ? value->as_array() : none;
}

const json::value& ObjectOf(const json::value& from, std::string_view member) {
  static const json::value none;
  const json::value* const value =
      from.is_object() ? from.as_object().if_contains(member) : nullptr;
  return value != nullptr ? *value : none;
}

std::vector<double> Numbers(const json::array& from) {
  std::vector<double> numbers;
  for (const json::value& value : from) {
    numbers.push_back(value.is_number() ? value.to_number<double>() : 0);
  }
  return numbers;
}

std::string Ratio(const json::value& from, std::string_view member) {
  return HasNumber(from, member) ? Percent(NumberOf(from, member)) : "-";
}

std::string Time(const json::value& from, std::string_view member) {
  return HasNumber(from, member) ? Seconds(NumberOf(from, member)) : "-";
}

std::string OrDash(const std::string& text) {
  return text.empty() ? "-" : text;
}

void AddTable(const std::vector<std::string>& lines, std::vector<Line>* out) {
  for (size_t i = 0; i < lines.size(); ++i) {
    out->push_back({lines[i], i == 0 ? Style::kHead : Style::kPlain});
  }
}

std::vector<Line> ClientsTable(const json::value& clients, size_t width, bool utf8) {
  std::vector<std::vector<std::string>> rows;
  for (const json::value& c : ArrayOf(clients, "clients")) {
    rows.push_back({TextOf(c, "address"), OrDash(TextOf(c, "name")), OrDash(TextOf(c, "library")),
                    Count(NumberOf(c, "database")), Count(NumberOf(c, "in_flight")),
                    Bytes(NumberOf(c, "output_bytes")), Span(NumberOf(c, "idle_seconds")),
                    OrDash(TextOf(c, "private_link"))});
  }
  std::vector<Line> out;
  AddTable(Layout({{"ADDRESS"},
                   {"NAME", false, true},
                   {"LIBRARY"},
                   {"DB", true},
                   {"FLIGHT", true},
                   {"OUTPUT", true},
                   {"IDLE", true},
                   {"PRIVATE LINK"}},
                  rows, width, utf8),
           &out);
  return out;
}

std::vector<Line> KeyRows(const json::value& keys, size_t width, bool spark, bool utf8) {
  std::vector<std::vector<std::string>> rows;
  std::vector<Column> columns = {{"KEY", false, true}, {"HITS", true},  {"MISSES", true},
                                 {"RATIO", true},      {"PER S", true}, {"BYTES", true}};
  if (spark) columns.push_back({"LAST 5 MIN"});
  for (const json::value& key : ArrayOf(keys, "keys")) {  // layering: not a command
    rows.push_back({TextOf(key, "key"), Count(NumberOf(key, "hits")),
                    Count(NumberOf(key, "misses")), Ratio(key, "ratio"),
                    Rate(NumberOf(key, "rate")), Bytes(NumberOf(key, "bytes"))});
    if (spark) rows.back().push_back(Spark(Numbers(ArrayOf(key, "spark")), 20, utf8));
  }
  std::vector<Line> out;
  AddTable(Layout(columns, rows, width, utf8), &out);
  return out;
}

std::vector<Line> SlowRows(const json::value& slow, size_t width, bool utf8) {
  std::vector<std::vector<std::string>> rows;
  for (const json::value& e : ArrayOf(slow, "slow")) {
    rows.push_back({TextOf(e, "command"), OrDash(TextOf(e, "key")),  // layering: not a command
                    Seconds(NumberOf(e, "microseconds") / 1e6), Bytes(NumberOf(e, "bytes")),
                    OrDash(TextOf(e, "client")),         // layering: not a command
                    Span(NumberOf(e, "age_seconds"))});  // layering: not a command
  }
  std::vector<Line> out;
  AddTable(Layout({{"SLOW COMMAND"},
                   {"KEY", false, true},
                   {"TOOK", true},
                   {"BYTES", true},
                   {"CLIENT"},
                   {"AGO", true}},
                  rows, width, utf8),
           &out);
  rows.clear();
  for (const json::value& e : ArrayOf(slow, "big")) {
    rows.push_back({TextOf(e, "command"), OrDash(TextOf(e, "key")),  // layering: not a command
                    Bytes(NumberOf(e, "bytes")),                     // layering: not a command
                    Span(NumberOf(e, "age_seconds"))});
  }
  out.push_back({});
  AddTable(Layout({{"BIG VALUE"}, {"KEY", false, true}, {"BYTES", true}, {"AGO", true}}, rows,
                  width, utf8),
           &out);
  return out;
}

std::string Pair(std::string_view name, const std::string& value) {
  return Fit(name, 12, false, false) + value;
}

// Two columns where there is room for them.
void AddPairs(const std::vector<std::string>& pairs, size_t width, std::vector<Line>* out) {
  const size_t half = width / 2;
  for (size_t i = 0; i < pairs.size(); i += 2) {
    const bool two = i + 1 < pairs.size();
    out->push_back({two ? Fit(pairs[i], half, false, true) + pairs[i + 1] : pairs[i]});
  }
}

void AddFigures(const Screen& screen, size_t width, std::vector<Line>* out) {
  const json::value& o = screen.overview;
  const json::value& now = ObjectOf(o, "now");
  const json::value& near = ObjectOf(o, "near_cache");
  const json::value& store = ObjectOf(o, "store");
  double requests = 0;
  for (const char* const family : {"read", "write", "blocking", "pub_sub", "other"}) {
    requests += NumberOf(now, std::string("requests_") + family);
  }
  const auto embedded = ObjectOf(ObjectOf(o, "upstream"), "embedded");
  const bool is_store = embedded.is_bool() && embedded.as_bool();
  AddPairs(
      {Pair("Hit ratio", Ratio(now, "hit_ratio") + " now, " +
                             Ratio(ObjectOf(o, "last_hour"), "hit_ratio") + " last hour"),
       Pair("Requests", Rate(requests) + "/s, " + Rate(NumberOf(now, "requests_read")) +
                            " reads, " + Rate(NumberOf(now, "requests_write")) + " writes"),
       Pair("Clients", Time(now, "client_p50") + " p50, " + Time(now, "client_p99") + " p99"),
       Pair(is_store ? "Store" : "Redis",
            is_store ? Bytes(NumberOf(store, "memory_bytes")) + " of " +
                           Bytes(NumberOf(store, "limit_bytes"))
                     : Time(now, "upstream_p50") + " p50, " + Time(now, "upstream_p99") + " p99"),
       Pair("Connected", Count(NumberOf(now, "clients")) + " clients, " +
                             Count(NumberOf(now, "in_flight")) + " in flight"),
       Pair("Errors", Rate(NumberOf(now, "errors")) + "/s"),
       Pair("Near cache",
            Rate(NumberOf(now, "near_hits")) + "/s answered, " + Bytes(NumberOf(near, "bytes"))),
       Pair(is_store ? "Evicted" : "Links",
            is_store ? Rate(NumberOf(now, "store_evicted")) + "/s, expired " +
                           Rate(NumberOf(now, "store_expired")) + "/s"
                     : Count(NumberOf(now, "links_shared")) + " shared, " +
                           Count(NumberOf(now, "links_private")) + " private")},
      width, out);
}

// Of a cluster; one Redis is told of in the title.
void AddNodes(const Screen& screen, size_t width, std::vector<Line>* out) {
  const json::array& nodes = ArrayOf(ObjectOf(screen.overview, "upstream"), "nodes");
  std::vector<std::vector<std::string>> rows;
  for (const json::value& node : nodes) {
    const std::string role = TextOf(node, "role");  // layering: not a command
    if (role == "sole") return;
    rows.push_back({TextOf(node, "address"), role, Count(NumberOf(node, "slots")),
                    Time(node, "latency"), TextOf(node, "state")});  // layering: not a command
  }
  if (rows.empty()) return;
  out->push_back({});
  AddTable(Layout({{"NODE", false, true}, {"ROLE"}, {"SLOTS", true}, {"LATENCY", true}, {"STATE"}},
                  rows, width, screen.utf8),
           out);
}

void AddOverview(const Screen& screen, size_t width, std::vector<Line>* out) {
  const json::array& problems = ArrayOf(screen.overview, "problems");
  for (const json::value& problem : problems) {
    const bool error = TextOf(problem, "level") != "warning";
    out->push_back({(error ? "Error: " : "Warning: ") + TextOf(problem, "text"),
                    error ? Style::kError : Style::kWarning});
  }
  if (problems.empty()) out->push_back({"Nothing is wrong", Style::kDim});
  out->push_back({});
  AddFigures(screen, width, out);
  AddNodes(screen, width, out);
  out->push_back({});
  const json::value& series = ObjectOf(screen.history, "series");
  for (const auto& [member, name] :
       {std::pair("hits", "Hits/s"), {"misses", "Misses/s"}, {"client_p99", "p99"}}) {
    const std::vector<double> values = Numbers(ArrayOf(series, member));
    out->push_back({Pair(name, Spark(values, width > 14 ? width - 14 : 0, screen.utf8))});
  }
  if (ArrayOf(screen.keys, "keys").empty()) return;  // layering: not a command
  out->push_back({});
  for (Line& line : KeyRows(screen.keys, width, width >= 110, screen.utf8)) {
    out->push_back(std::move(line));
  }
}

Line TitleOf(const Screen& screen, size_t width) {
  std::string left = "Keyhole";
  for (size_t i = 0; i < kViews; ++i) {
    const bool shown = static_cast<size_t>(screen.view) == i;
    left.append(shown ? "  [" : "   ").append(std::to_string(i + 1)).append(" ");
    left.append(kNames[i]).append(shown ? "]" : " ");
  }
  const std::string right = TextOf(ObjectOf(screen.overview, "upstream"), "name");
  const size_t used = WidthOf(left);
  if (used + 2 + WidthOf(right) <= width) left.append(width - used - WidthOf(right), ' ') += right;
  return {Fit(left, width, false, screen.utf8), Style::kTitle};
}

Line FootOf(const Screen& screen, size_t width) {
  std::string text = "q quit  1-4 views";
  if (screen.view == View::kKeys) {
    text = "s sort: " + screen.sort + "  / filter: " + screen.match + (screen.typing ? "_" : "") +
           "  arrows scroll  q quit";
  }
  return {Fit(text, width, false, screen.utf8), Style::kDim};
}

}  // namespace

std::vector<Line> KeysTable(const json::value& keys, size_t width) {
  return KeyRows(keys, width, false, true);
}

std::vector<Line> SlowTable(const json::value& slow, size_t width) {
  return SlowRows(slow, width, true);
}

std::vector<Line> Draw(const Screen& screen, size_t width, size_t height) {
  std::vector<Line> lines = {TitleOf(screen, std::min(width, kAllColumns))};
  if (!screen.away.empty()) lines.push_back({screen.away + "; trying again", Style::kError});
  std::vector<Line> body;
  size_t fixed = 0;  // lines that do not scroll
  switch (screen.view) {
    case View::kOverview:
      AddOverview(screen, width, &body);
      break;
    case View::kKeys:
      body = KeyRows(screen.keys, width, width >= 90, screen.utf8);
      fixed = 1;
      break;
    case View::kSlow:
      body = SlowRows(screen.slow, width, screen.utf8);
      break;
    case View::kClients:
      body = ClientsTable(screen.clients, width, screen.utf8);
      fixed = 1;
      break;
  }
  const size_t room = height > lines.size() + 1 ? height - lines.size() - 1 : 0;
  const size_t skipped = std::min(screen.scroll, body.size() > room ? body.size() - room : 0);
  for (size_t i = 0; i < body.size() && lines.size() + 1 < height; ++i) {
    if (i >= fixed && i < fixed + skipped) continue;
    lines.push_back(std::move(body[i]));
  }
  while (lines.size() + 1 < height) lines.push_back({});
  lines.push_back(FootOf(screen, width));
  for (Line& line : lines) {
    if (WidthOf(line.text) > width) line.text = Fit(line.text, width, false, screen.utf8);
  }
  return lines;
}

}  // namespace keyhole::top
