#include "proxy/links/cluster/refusal.h"

#include <optional>

#include "proxy/base/digits.h"

namespace keyhole::core {
namespace {

using Kind = Refusal::Kind;

constexpr std::string_view kTryAgain = "TRYAGAIN Multiple keys request during rehashing of slot";
constexpr std::string_view kNotReady[] = {
    "CLUSTERDOWN The cluster is down",
    "CLUSTERDOWN The cluster is down and only accepts read commands",
    "CLUSTERDOWN Hash slot not served",
    "LOADING Redis is loading the dataset in memory",
    "LOADING Valkey is loading the dataset in memory",
    "MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.",
    "UNBLOCKED force unblock from blocking operation, instance state changed (master -> replica?)",
};

// " 3999 host:port"
bool ReadPlace(std::string_view text, Refusal* refusal) {
  const size_t space = text.find(' ');
  if (space == std::string_view::npos) return false;
  const std::optional<uint64_t> slot = ParseDigits(text.substr(0, space));
  if (!slot.has_value() || *slot >= kSlotCount) return false;
  refusal->slot = static_cast<Slot>(*slot);
  refusal->address = text.substr(space + 1);
  return refusal->address.find(' ') == std::string_view::npos;
}

}  // namespace

Refusal ReadRefusal(std::string_view line) {
  Refusal refusal;
  if (!line.starts_with('-') || !line.ends_with("\r\n")) return refusal;
  const std::string_view text = line.substr(1, line.size() - 3);
  constexpr std::string_view kMoved = "MOVED ";
  constexpr std::string_view kAsk = "ASK ";
  if (text.starts_with(kMoved)) {
    if (ReadPlace(text.substr(kMoved.size()), &refusal)) refusal.kind = Kind::kMoved;
  } else if (text.starts_with(kAsk)) {
    if (ReadPlace(text.substr(kAsk.size()), &refusal)) refusal.kind = Kind::kAsk;
  } else if (text == kTryAgain) {
    refusal.kind = Kind::kTryAgain;
  } else {
    for (const std::string_view known : kNotReady) {
      if (text == known) refusal.kind = Kind::kNotReady;
    }
  }
  return refusal;
}

}  // namespace keyhole::core
