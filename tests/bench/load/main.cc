// Latency at a fixed rate: build/bench/tests/bench/load --help
#include <cstdio>
#include <exception>

#include "tests/bench/load/generator.h"

int main(int argc, char** argv) {
  try {
    const keyhole::load::Options options = keyhole::load::ParseOptions(argc, argv);
    const keyhole::load::Result result = keyhole::load::RunLoad(options);
    std::fputs(keyhole::load::ToJson(options, result).c_str(), stdout);
    if (result.kept(options)) return 0;
    std::fprintf(
        stderr,
        "load: the schedule was not kept: 1 %% of the requests were sent more than %.0f us "
        "late, the worst %.0f us. A lower rate, or a machine with more to spare.\n",
        result.lag.PercentileMicros(0.99), result.lag.MaxMicros());
    return 3;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "load: %s\n", error.what());
    return 1;
  }
}
