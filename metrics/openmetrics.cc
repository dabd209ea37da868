#include "metrics/openmetrics.h"

#include <charconv>
#include <cmath>

#include "proxy/base/accept.h"

namespace keyhole::metrics {
namespace {

constexpr std::string_view kTotal = "_total";

void AppendNumber(double number, std::string* out) {
  if (std::isinf(number)) {
    out->append(number > 0 ? "+Inf" : "-Inf");
    return;
  }
  char text[32];
  // Whole numbers in full: to_chars would write 1e+06.
  const bool whole = std::abs(number) < 1e15 && number == std::floor(number);
  const auto end = whole ? std::to_chars(text, text + sizeof(text), static_cast<int64_t>(number))
                         : std::to_chars(text, text + sizeof(text), number);
  out->append(text, end.ptr);
}

void AppendEscaped(std::string_view text, std::string* out) {
  for (const char c : text) {
    if (c == '\n') {
      out->append("\\n");
      continue;
    }
    if (c == '\\' || c == '"') out->push_back('\\');
    out->push_back(c);
  }
}

std::string_view TypeName(Family::Type type) {
  switch (type) {
    case Family::Type::kCounter:
      return "counter";
    case Family::Type::kGauge:
      return "gauge";
    case Family::Type::kHistogram:
      break;
  }
  return "histogram";
}

class Writer {
 public:
  void Add(const Family& family) {
    name_ = family.name;
    if (family.type == Family::Type::kCounter) name_.remove_suffix(kTotal.size());
    out_.append("# TYPE ").append(name_).append(" ").append(TypeName(family.type)).append("\n");
    out_.append("# HELP ").append(name_).append(" ");
    AppendEscaped(family.help, &out_);
    out_.push_back('\n');
    for (const Series& series : family.series) Add(family, series);
  }

  std::string Take() {
    out_.append("# EOF\n");
    return std::move(out_);
  }

 private:
  void Add(const Family& family, const Series& series) {
    labels_.clear();
    for (size_t i = 0; i < family.label_names.size(); ++i) {
      labels_.append(i == 0 ? "" : ",").append(family.label_names[i]).append("=\"");
      AppendEscaped(series.labels[i], &labels_);
      labels_.push_back('"');
    }
    switch (family.type) {
      case Family::Type::kGauge:
        return Line("", series.value);
      case Family::Type::kCounter:
        Line(kTotal, series.value);
        break;
      case Family::Type::kHistogram:
        AddHistogram(*series.latency);
        break;
    }
    Line("_created", series.created);
  }

  void AddHistogram(const LatencyCounts& latency) {
    for (const Bucket& bucket : Buckets(latency)) BucketLine(bucket.bound, bucket.count);
    BucketLine(INFINITY, latency.count);
    Line("_count", static_cast<double>(latency.count));
    Line("_sum", SumSeconds(latency));
  }

  void BucketLine(double bound, uint64_t count) {
    out_.append(name_).append("_bucket{").append(labels_);
    out_.append(labels_.empty() ? "le=\"" : ",le=\"");
    AppendBound(bound);
    out_.append("\"} ");
    AppendNumber(static_cast<double>(count), &out_);
    out_.push_back('\n');
  }

  // As a float: "1.0" where another number is "1".
  void AppendBound(double bound) {
    AppendNumber(bound, &out_);
    if (std::isfinite(bound) && bound == std::floor(bound)) out_.append(".0");
  }

  void Line(std::string_view suffix, double value) {
    out_.append(name_).append(suffix);
    if (!labels_.empty()) out_.append("{").append(labels_).append("}");
    out_.push_back(' ');
    AppendNumber(value, &out_);
    out_.push_back('\n');
  }

  std::string out_;
  std::string_view name_;
  std::string labels_;  // of the series, without braces
};

}  // namespace

std::string RenderOpenMetrics(std::span<const Family> families) {
  Writer writer;
  for (const Family& family : families) writer.Add(family);
  return writer.Take();
}

bool AcceptsOpenMetrics(std::string_view accept) {
  return core::Prefers(accept, {.name = "application/openmetrics-text", .version = "1.0.0"},
                       {.name = "text/plain"});
}

}  // namespace keyhole::metrics
