// Every script in tests/conformance/scripts, on a real Redis and on the embedded store: the same
// requests must get the same bytes, in RESP2 and in RESP3.
#include <gtest/gtest.h>

#include <filesystem>

#include "tests/conformance/script/script.h"
#include "tests/conformance/script/servers.h"

namespace keyhole::test {
namespace {

store::StoreOptions OptionsFor(const Script& script) {
  constexpr std::string_view kPassword = "requirepass ";
  store::StoreOptions options;
  for (const std::string& line : script.config) {
    if (line.starts_with(kPassword)) options.password = line.substr(kPassword.size());
    options.debug_command |= line == "enable-debug-command yes" || line.ends_with("command local");
  }
  return options;
}

using Case = std::tuple<std::string, resp::Protocol>;
class StoreConformance : public testing::TestWithParam<Case> {};

TEST_P(StoreConformance, AnswersLikeRedis) {
  const auto& [path, protocol] = GetParam();
  const Script script = ReadScript(path);
  RealRedis redis(script.config);
  EmbeddedStore embedded(OptionsFor(script));
  RunScript(script, {.protocol = protocol}, redis, embedded);
}

std::string CaseName(const testing::TestParamInfo<Case>& test) {
  const auto& [path, protocol] = test.param;
  return std::filesystem::path(path).stem().string() +
         (protocol == resp::Protocol::kResp3 ? "_resp3" : "_resp2");
}

INSTANTIATE_TEST_SUITE_P(Scripts, StoreConformance,
                         testing::Combine(testing::ValuesIn(ScriptsFor("store")),
                                          testing::Values(resp::Protocol::kResp2,
                                                          resp::Protocol::kResp3)),
                         CaseName);

}  // namespace
}  // namespace keyhole::test
