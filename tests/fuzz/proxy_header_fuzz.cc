// ProxyHeader: cut anywhere, a header means the same, and nothing behind it is taken.

#include <cstdint>
#include <string>
#include <string_view>

#include "proxy/net/proxy_header.h"
#include "tests/fuzz/fuzz_support.h"

namespace keyhole::fuzz {
namespace {

using net::ProxyHeader;

struct Outcome {
  ProxyHeader::Result result = ProxyHeader::Result::kNeedMore;
  std::string client;
  size_t used = 0;
};

Outcome Read(const std::vector<std::string_view>& chunks) {
  ProxyHeader header;
  Outcome outcome;
  for (const std::string_view chunk : chunks) {
    if (outcome.result != ProxyHeader::Result::kNeedMore) break;
    size_t used = 0;
    outcome.result = header.Take(ExactCopy(chunk).view(), &used);
    Check(used <= chunk.size(), "it takes no more than there is");
    Check(outcome.result != ProxyHeader::Result::kNeedMore || used == chunk.size(),
          "whoever wants more has taken all");
    outcome.used += used;
  }
  outcome.client = header.client();
  Check(outcome.used <= ProxyHeader::kLongestV2, "a header is short");
  return outcome;
}

void TestOneInput(std::string_view in) {
  const Outcome whole = Read({in});
  for (const auto& chunks : Splittings(in)) {
    const Outcome cut = Read(chunks);
    Check(cut.result == whole.result, "the same result, however it is cut");
    Check(cut.client == whole.client, "the same client");
    Check(whole.result != ProxyHeader::Result::kDone || cut.used == whole.used, "the same end");
  }
  if (whole.client.empty()) return;
  const Outcome again = Read({net::MakeProxyHeader(whole.client, whole.client)});
  Check(again.client == whole.client, "an address is written as it is read");
}

}  // namespace
}  // namespace keyhole::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  keyhole::fuzz::TestOneInput({reinterpret_cast<const char*>(data), size});
  return 0;
}
