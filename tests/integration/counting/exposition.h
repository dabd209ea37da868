// What /metrics says, taken apart: the text format 0.0.4 of Prometheus, strictly.
//
// Thread: any; plain values.
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>

namespace keyhole::test {

using Labels = std::map<std::string, std::string>;

class Exposition {
 public:
  // Throws std::runtime_error with the line that is not of the format, or that says something a
  // second time.
  explicit Exposition(std::string_view text);

  // The value of a series, 0 if there is none.
  double Value(const std::string& name, const Labels& labels = {}) const;
  bool Has(const std::string& name, const Labels& labels = {}) const;
  // All series of a name, by the value of this label.
  std::map<std::string, double> By(const std::string& label, const std::string& name) const;
  double Sum(const std::string& name) const;

  // The first counter (or count of a histogram) that is lower here than it was in `earlier`, or is
  // gone; empty if there is none.
  std::string Decreased(const Exposition& earlier) const;

 private:
  struct Series {
    std::string name;
    Labels labels;
    friend auto operator<=>(const Series&, const Series&) = default;
  };

  void ParseLine(std::string_view line);
  bool Accumulates(const std::string& name) const;

  std::map<std::string, std::string> types_;  // by family
  std::map<Series, double> values_;
};

}  // namespace keyhole::test
