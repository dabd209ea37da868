#include "proxy/http/history_report.h"

#include <algorithm>

#include "proxy/base/digits.h"
#include "proxy/base/text.h"
#include "proxy/http/json_writer.h"
#include "proxy/http/query.h"

namespace keyhole::core {
namespace {

using metrics::Curve;

std::vector<Curve> AllCurves() {
  std::vector<Curve> all;
  for (size_t i = 0; i < static_cast<size_t>(Curve::kCount); ++i) {
    all.push_back(static_cast<Curve>(i));
  }
  return all;
}

std::optional<std::string> ReadCurves(std::string_view list, std::vector<Curve>* out) {
  while (!list.empty()) {
    const size_t end = std::min(list.find(','), list.size());
    const std::string_view name = list.substr(0, end);
    list.remove_prefix(std::min(end + 1, list.size()));
    const std::optional<Curve> series = metrics::CurveCalled(name);
    if (!series) {
      std::vector<std::string_view> names;
      for (const Curve one : AllCurves()) names.push_back(metrics::Name(one));
      return "There is no series " + Quoted(name) + DidYouMean(Nearest(name, names));
    }
    if (std::find(out->begin(), out->end(), *series) == out->end()) out->push_back(*series);
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::string> ParseHistoryQuery(std::string_view text, HistoryQuery* out) {
  Query query;
  if (auto problem = query.Read(text, {"series", "from"})) return problem;
  if (const std::string* const from = query.Find("from")) {
    const bool before = from->starts_with('-');
    const std::optional<uint64_t> number = ParseDigits(std::string_view(*from).substr(before));
    if (!number || *number > uint64_t{1} << 40) {
      return "from must be a time in seconds since 1970, or before now, as -600";
    }
    out->from = static_cast<int64_t>(*number) * (before ? -1 : 1);
  }
  const std::string* const series = query.Find("series");
  return series == nullptr ? std::nullopt : ReadCurves(*series, &out->series);
}

// All series have the same times.
std::string HistoryJson(const metrics::History& history, const HistoryQuery& query) {
  const int64_t from = query.from < 0 ? history.last_second() + query.from + 1 : query.from;
  JsonWriter json;
  json.Open('{');
  bool first = true;
  for (const Curve series : query.series.empty() ? AllCurves() : query.series) {
    const metrics::History::Points points = history.Read(series, from);
    if (first) json.Key("begin").Number(points.begin).Key("step").Number(points.step);
    if (first) json.Key("series").Open('{');
    first = false;
    json.Key(metrics::Name(series)).Open('[');
    for (const float value : points.values) json.Decimal(static_cast<double>(value), 6);
    json.Close(']');
  }
  json.Close('}').Close('}');
  return json.Take();
}

}  // namespace keyhole::core
