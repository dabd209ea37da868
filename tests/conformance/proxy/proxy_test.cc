// Every script, on a real Redis and on a proxy in front of another one: the same requests must get
// the same bytes, in RESP2 and RESP3, one by one and pipelined, whole and byte by byte, on shared
// connections and on private ones.
#include <gtest/gtest.h>

#include <filesystem>

#include "tests/conformance/script/script.h"
#include "tests/conformance/script/servers.h"

namespace keyhole::test {
namespace {

struct World {
  const char* name;
  const char* sharing;
  bool pipelined;
  bool byte_by_byte;
};

constexpr World kWorlds[] = {{"Shared", "on", false, false},
                             {"SharedPipelined", "on", true, false},
                             {"PrivateByteByByte", "off", false, true}};

using Case = std::tuple<std::string, resp::Protocol, World>;
class ProxyConformance : public testing::TestWithParam<Case> {};

TEST_P(ProxyConformance, AnswersLikeRedis) {
  const auto& [path, protocol, world] = GetParam();
  const Script script = ReadScript(path);
  RealRedis redis(script.config);
  ProxiedRedis proxied(script.config, {"--sharing", world.sharing}, world.byte_by_byte);
  RunScript(script, {.protocol = protocol, .pipelined = world.pipelined}, redis, proxied);
}

std::string CaseName(const testing::TestParamInfo<Case>& test) {
  const auto& [path, protocol, world] = test.param;
  return std::filesystem::path(path).stem().string() +
         (protocol == resp::Protocol::kResp3 ? "_resp3_" : "_resp2_") + world.name;
}

INSTANTIATE_TEST_SUITE_P(Scripts, ProxyConformance,
                         testing::Combine(testing::ValuesIn(ScriptsFor("proxy")),
                                          testing::Values(resp::Protocol::kResp2,
                                                          resp::Protocol::kResp3),
                                          testing::ValuesIn(kWorlds)),
                         CaseName);

}  // namespace
}  // namespace keyhole::test
