// Runs each piece many times, under callgrind, which is told to write down what each has cost:
// tests/bench/instructions runs this and compares.
//
//     valgrind --tool=callgrind instructions_probe
//     instructions_probe --compiler         what compiled it
#include <valgrind/callgrind.h>

#include <cstdio>
#include <cstring>

#include "tests/bench/pieces.h"
#include "tests/bench/wire.h"

namespace keyhole::bench {
namespace {

constexpr int kUnits =
    4000;  // of each piece; tests/bench/instructions knows it from the names below

template <typename Piece>
void Measure(const char* name, Piece&& piece, int units_in_one = 1) {
  const int calls = kUnits / units_in_one;
  for (int i = 0; i < calls / 4; ++i) piece();  // memory is allocated, tables are full
  CALLGRIND_ZERO_STATS;
  for (int i = 0; i < calls; ++i) piece();
  char text[64];
  std::snprintf(text, sizeof(text), "%d %s", calls * units_in_one, name);
  CALLGRIND_DUMP_STATS_AT(text);
}

void MeasureWire(const char* name, int clients, int depth, Behind behind) {
  Wire wire(clients, depth, behind);
  Measure(
      name, [&] { wire.Turn(); }, clients * depth);
}

void MeasureAll() {
  Measure("parse GET", ParseRequest(kGet));
  Measure("parse SET of 64 bytes", ParseRequest(kSet));
  Measure("scan a value of 64 bytes", ScanReply(kValue));
  Measure("scan +OK", ScanReply(kOk));
  Measure("find GET in the command table", FindCommand("GET"));
  Measure("count a tracked key", CountKey(true));
  Measure("count an untracked key", CountKey(false));
  MeasureWire("GET through the proxy: 1 client, depth 1", 1, 1, Behind::kRedis);
  MeasureWire("GET through the proxy: 50 clients, depth 1", 50, 1, Behind::kRedis);
  MeasureWire("GET through the proxy: 50 clients, depth 16", 50, 16, Behind::kRedis);
  MeasureWire("GET from the embedded store: 50 clients, depth 1", 50, 1, Behind::kStore);
  MeasureWire("GET from the embedded store: 50 clients, depth 16", 50, 16, Behind::kStore);
}

}  // namespace
}  // namespace keyhole::bench

int main(int argc, char** argv) {
  if (argc == 2 && std::strcmp(argv[1], "--compiler") == 0) {
    std::puts("g++ " __VERSION__);
    return 0;
  }
  keyhole::bench::MeasureAll();
  return 0;
}
