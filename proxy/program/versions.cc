#include "proxy/program/versions.h"

#include <openssl/crypto.h>
#include <spdlog/fmt/fmt.h>
#include <spdlog/version.h>
#include <toml++/impl/version.h>
#include <zlib.h>

#include <CLI/Version.hpp>
#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <boost/version.hpp>
#include <lua.hpp>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/base/config.h"
#include "proxy/base/version.h"
#include "proxy/config/sources.h"

namespace keyhole::program {
namespace {

std::string Dotted(int major, int minor, int patch) {
  return std::to_string(major) + "." + std::to_string(minor) + "." + std::to_string(patch);
}

struct Component {
  std::string_view name;
  std::string version;       // empty: its headers do not tell
  std::string_view licence;  // as SPDX writes it
};

// What is linked or compiled in. Where a library is shared, the version is that of the process if
// the library tells it.
std::vector<Component> Components() {
  return {
      {"Boost", Dotted(BOOST_VERSION / 100000, BOOST_VERSION / 100 % 1000, BOOST_VERSION % 100),
       "BSL-1.0"},
      {"OpenSSL", OpenSSL_version(OPENSSL_VERSION_STRING), "Apache-2.0"},
      {"Abseil", std::to_string(ABSL_LTS_RELEASE_VERSION), "Apache-2.0"},
      {"Lua", std::string(LUA_RELEASE).substr(std::string_view("Lua ").size()), "MIT"},
      {"lua-cjson", "", "MIT"},
      {"lua-bitop", "", "MIT"},
      {"prometheus-cpp", "", "MIT"},
      {"spdlog", Dotted(SPDLOG_VER_MAJOR, SPDLOG_VER_MINOR, SPDLOG_VER_PATCH), "MIT"},
      {"fmt", Dotted(FMT_VERSION / 10000, FMT_VERSION / 100 % 100, FMT_VERSION % 100), "MIT"},
      {"CLI11", CLI11_VERSION, "BSD-3-Clause"},
      {"toml++", Dotted(TOML_LIB_MAJOR, TOML_LIB_MINOR, TOML_LIB_PATCH), "MIT"},
      {"zlib", zlibVersion(), "Zlib"},
      {"ncurses", KEYHOLE_NCURSES_VERSION, "X11"},
      {"uPlot", "1.6.32", "MIT"},
      {"libstdc++", "GCC " __VERSION__, "GPL-3.0-or-later WITH GCC-exception-3.1"},
      {"glibc", "", "LGPL-2.1-or-later"},
  };
}

void AddLine(const Component& component, std::string* text) {
  constexpr size_t kName = 16;
  constexpr size_t kVersion = 16;
  std::string line(component.name);
  line.resize(std::max(line.size(), kName), ' ');
  line += component.version;
  line.resize(std::max(line.size() + 1, kName + kVersion), ' ');
  text->append(line).append(component.licence).append("\n");
}

}  // namespace

std::string VerboseVersion() {
  std::string text = core::VersionLine() + ", Apache-2.0, built by g++ " __VERSION__ "\n";
  for (const Component& component : Components()) AddLine(component, &text);
  return text;
}

std::string BillOfMaterials() {
  namespace json = boost::json;
  const auto described = [](const Component& component, std::string_view type) {
    json::object object{{"type", type}, {"name", component.name}};  // layering: not a command
    if (!component.version.empty()) object["version"] = component.version;
    object["licenses"] = {json::object{{"expression", component.licence}}};
    return object;
  };
  json::array components;
  for (const Component& component : Components())
    components.push_back(described(component, "library"));
  const json::object program =
      described({"keyhole", std::string(core::kVersion), "Apache-2.0"}, "application");
  return json::serialize(json::object{{"bomFormat", "CycloneDX"},
                                      {"specVersion", "1.5"},
                                      {"version", 1},
                                      {"metadata", json::object{{"component", program}}},
                                      {"components", std::move(components)}}) +
         "\n";
}

}  // namespace keyhole::program
