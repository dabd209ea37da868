// What was counted in the last hour, second by second, and in the last day, minute by minute: what
// the page and `keyhole top` draw where there is no Prometheus.
//
//     seconds_  | 3600 rows of all series | <- Record(), once a second
//     minutes_  | 1440 rows               | <- the minute that has ended, see history_series.def
//
// Thread: one at a time; the scraper's.
// Memory: 5040 rows of 128 bytes, 645 KB; a row's memory is first touched when it is written.
// Cost: some 20 us a second.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "metrics/snapshot.h"

namespace keyhole::metrics {

enum class Curve : uint8_t {
#define SERIES(id, name, over) k##id,
#include "metrics/history_series.def"
#undef SERIES
  kCount
};
std::string_view Name(Curve series);
std::optional<Curve> CurveCalled(std::string_view name);

using CurveValues = PerEnum<Curve, float>;

// What a second was worth. seconds: between the two.
CurveValues Compare(const Snapshot& before, const Snapshot& now, double seconds);

class History {
 public:
  static constexpr int64_t kSeconds = 3600;
  static constexpr int64_t kMinutes = 24 * 60;

  History();

  // The values of the second that has just ended. second: since 1970. One that is not later than
  // the last is dropped, unless the clock was set back by more than a few seconds: then all begins
  // anew. Seconds that were left out have no values.
  void Record(int64_t second, const CurveValues& values);

  static constexpr size_t kMemory = (kSeconds + kMinutes) * sizeof(CurveValues);

  bool empty() const { return last_ == 0; }
  int64_t last_second() const { return last_; }
  const CurveValues& last() const { return latest_; }

  struct Points {
    int64_t begin = 0;  // of the first one, seconds since 1970
    int64_t step = 1;   // seconds
    std::vector<float> values;
  };
  // From then on, up to now: in seconds if `from` is in the last hour, else in minutes.
  Points Read(Curve series, int64_t from) const;

  // The mean over the last so many seconds that have a value, at most an hour; NaN: none has.
  double Mean(Curve series, int64_t seconds) const;

 private:
  // CurveValues without a value to begin with: memory is taken when it is first written.
  using Row = std::array<float, CurveValues::kSize>;
  static void Write(const CurveValues& values, Row* to);
  static size_t At(Curve series) { return static_cast<size_t>(series); }
  Row& Second(int64_t second) const { return seconds_[static_cast<size_t>(second % kSeconds)]; }
  Row& Minute(int64_t minute) const { return minutes_[static_cast<size_t>(minute % kMinutes)]; }
  void EndMinute(int64_t minute);

  const std::unique_ptr<Row[]> seconds_;
  const std::unique_ptr<Row[]> minutes_;
  CurveValues latest_{};
  int64_t first_ = 0;  // 0: nothing has been recorded
  int64_t last_ = 0;
};

}  // namespace keyhole::metrics
