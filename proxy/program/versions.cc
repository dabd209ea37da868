#include "proxy/program/versions.h"

#include <openssl/crypto.h>
#include <spdlog/version.h>
#include <toml++/impl/version.h>
#include <zlib.h>

#include <CLI/Version.hpp>
#include <algorithm>
#include <boost/version.hpp>
#include <lua.hpp>
#include <string_view>

#include "absl/base/config.h"
#include "proxy/config/sources.h"

namespace keyhole::program {
namespace {

std::string Dotted(int major, int minor, int patch) {
  return std::to_string(major) + "." + std::to_string(minor) + "." + std::to_string(patch);
}

void AddLine(std::string_view name, std::string_view version, std::string_view licence,
             std::string* text) {
  constexpr size_t kName = 16;
  constexpr size_t kVersion = 32;
  std::string line(name);
  line.resize(std::max(line.size(), kName), ' ');
  line += version;
  if (!licence.empty()) line.resize(std::max(line.size() + 1, kName + kVersion), ' ');
  text->append(line).append(licence).append("\n");
}

}  // namespace

std::string VerboseVersion() {
  std::string text = core::VersionLine() + ", Apache-2.0\n";
  AddLine("compiler", "g++ " __VERSION__, "", &text);
  AddLine("Boost", Dotted(BOOST_VERSION / 100000, BOOST_VERSION / 100 % 1000, BOOST_VERSION % 100),
          "BSL-1.0", &text);
  AddLine("OpenSSL", OpenSSL_version(OPENSSL_VERSION_STRING), "Apache-2.0", &text);
  AddLine("Abseil", std::to_string(ABSL_LTS_RELEASE_VERSION), "Apache-2.0", &text);
  AddLine("Lua", LUA_RELEASE, "MIT, with cjson and bitop, MIT", &text);
  AddLine("prometheus-cpp", "", "MIT", &text);
  AddLine("spdlog", Dotted(SPDLOG_VER_MAJOR, SPDLOG_VER_MINOR, SPDLOG_VER_PATCH), "MIT", &text);
  AddLine("CLI11", CLI11_VERSION, "BSD-3-Clause", &text);
  AddLine("toml++", Dotted(TOML_LIB_MAJOR, TOML_LIB_MINOR, TOML_LIB_PATCH), "MIT", &text);
  AddLine("zlib", zlibVersion(), "Zlib", &text);
  AddLine("ncurses", KEYHOLE_NCURSES_VERSION, "X11", &text);
  AddLine("uPlot", "in the live page", "MIT", &text);
  return text;
}

}  // namespace keyhole::program
