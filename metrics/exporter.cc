#include "metrics/exporter.h"

#include <limits>
#include <sstream>
#include <utility>
#include <vector>

#include "metrics/families.h"
#include "metrics/openmetrics.h"
#include "prometheus/client_metric.h"
#include "prometheus/collectable.h"
#include "prometheus/metric_family.h"
#include "prometheus/text_serializer.h"

namespace keyhole::metrics {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

MetricType TypeOf(Family::Type type) {
  switch (type) {
    case Family::Type::kCounter:
      return MetricType::Counter;
    case Family::Type::kGauge:
      return MetricType::Gauge;
    case Family::Type::kHistogram:
      break;
  }
  return MetricType::Histogram;
}

void FillHistogram(const LatencyCounts& latency, ClientMetric::Histogram* histogram) {
  histogram->sample_count = latency.count;
  histogram->sample_sum = SumSeconds(latency);
  for (const Bucket& bucket : Buckets(latency)) {
    histogram->bucket.push_back({bucket.count, bucket.bound});
  }
}

MetricFamily Convert(const Family& family) {
  MetricFamily out;
  out.name = family.name;
  out.help = family.help;
  out.type = TypeOf(family.type);
  out.metric.reserve(family.series.size());
  for (const Series& series : family.series) {
    ClientMetric& metric = out.metric.emplace_back();
    metric.label.reserve(family.label_names.size());
    for (size_t i = 0; i < family.label_names.size(); ++i) {
      metric.label.push_back({std::string(family.label_names[i]), std::string(series.labels[i])});
    }
    // Of the two, only the one that fits the type is read.
    metric.counter.value = metric.gauge.value = series.value;
    if (series.latency != nullptr) FillHistogram(*series.latency, &metric.histogram);
  }
  return out;
}

}  // namespace

class Exporter::Source final : public prometheus::Collectable {
 public:
  Source(SnapshotSource source, std::string version)
      : source_(std::move(source)), version_(std::move(version)) {}

  std::vector<MetricFamily> Collect() const override {
    const Snapshot snapshot = source_();
    std::vector<MetricFamily> families;
    for (const Family& family : Families(snapshot, version_)) families.push_back(Convert(family));
    return families;
  }

  std::string OpenMetrics() const {
    const Snapshot snapshot = source_();
    return RenderOpenMetrics(Families(snapshot, version_));
  }

 private:
  const SnapshotSource source_;
  const std::string version_;
};

Exporter::Exporter(SnapshotSource source, std::string version)
    : source_(std::make_unique<Source>(std::move(source), std::move(version))) {}

Exporter::~Exporter() = default;

std::string Exporter::Render(Format format) const {
  if (format == Format::kOpenMetrics) return source_->OpenMetrics();
  std::ostringstream out;
  prometheus::TextSerializer().Serialize(out, source_->Collect());
  return std::move(out).str();
}

}  // namespace keyhole::metrics
