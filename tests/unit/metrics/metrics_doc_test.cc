// docs/metrics.md says what is exported: every series, with its labels and its type, and no other.
#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <memory>
#include <sstream>
#include <string>

#include "metrics/families.h"

namespace keyhole::metrics {
namespace {

using Types = std::map<std::string, std::string>;  // by "name{label,label}"

// The rows of the page's tables: | `name{label}` | type | unit | meaning |
Types Documented() {
  std::ifstream input(KEYHOLE_SOURCE_DIR "/docs/metrics.md");
  EXPECT_TRUE(input);
  Types types;
  for (std::string line; std::getline(input, line);) {
    if (!line.starts_with("| `")) continue;
    const size_t end = line.find('`', 3);
    const std::string series = line.substr(3, end - 3);
    std::istringstream rest(line.substr(end + 1));
    std::string bar;
    std::string type;
    rest >> bar >> type;
    EXPECT_TRUE(types.emplace(series, type).second) << "twice: " << series;
  }
  return types;
}

Types Exported() {
  Types types;
  const Snapshot snapshot;
  for (const Family& family : Families(snapshot, "1.2.3")) {
    std::string series(family.name);
    for (size_t i = 0; i < family.label_names.size(); ++i) {
      series.append(i == 0 ? "{" : ",").append(family.label_names[i]);
    }
    if (!family.label_names.empty()) series.append("}");
    constexpr const char* kTypes[] = {"counter", "gauge", "histogram"};
    types[series] = kTypes[static_cast<size_t>(family.type)];
    EXPECT_FALSE(family.help.empty()) << series;
  }
  return types;
}

TEST(MetricsDocTest, SaysWhatIsExported) {
  EXPECT_EQ(Documented(), Exported());
}

// Every fixed value of a label stands in the page, so that alerts can be written from it.
TEST(MetricsDocTest, NamesTheValuesOfLabels) {
  std::ifstream input(KEYHOLE_SOURCE_DIR "/docs/metrics.md");
  std::stringstream page;
  page << input.rdbuf();
  const auto expect = [&](std::string_view value) {
    EXPECT_NE(page.str().find("`" + std::string(value) + "`"), std::string::npos) << value;
  };
  const Snapshot snapshot;
  for (const Family& family : Families(snapshot, "1.2.3")) {
    if (family.name == "keyhole_build_info") continue;
    for (const Series& series : family.series) {
      for (size_t i = 0; i < family.label_names.size(); ++i) {
        if (!series.labels[i].empty()) expect(series.labels[i]);
      }
    }
  }
  for (size_t i = 0; i < static_cast<size_t>(HttpEndpoint::kCount); ++i) {
    expect(Name(static_cast<HttpEndpoint>(i)));
  }
}

}  // namespace
}  // namespace keyhole::metrics
