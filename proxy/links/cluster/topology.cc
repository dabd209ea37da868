#include "proxy/links/cluster/topology.h"

#include <algorithm>
#include <string>
#include <utility>

#include "proxy/base/digits.h"
#include "resp/reply_reader.h"
#include "resp/wire.h"

namespace keyhole::core {
namespace {

using resp::ReplyType;

bool IsText(const ReplyElement& element) {
  return element.type == ReplyType::kBulkString || element.type == ReplyType::kSimpleString;
}

bool IsHere(std::string_view host) {
  return host.empty() || host == "?";
}

// Reads over one value, whatever it is.
bool Skip(ReplyReader* reader) {
  for (int64_t missing = 1; missing > 0; --missing) {
    const std::optional<ReplyElement> element = reader->Next();
    if (!element.has_value() || element->integer > resp::kMaxArguments) return false;
    switch (element->type) {
      case ReplyType::kArray:
      case ReplyType::kSet:
      case ReplyType::kPush:
        if (!element->is_null) missing += element->integer;
        break;
      case ReplyType::kMap:
      case ReplyType::kAttribute:
        missing += 2 * element->integer;
        break;
      default:
        break;
    }
  }
  return true;
}

// A node of whom the one that was asked tells, reached as that one is.
Endpoint Beside(const Endpoint& asked, std::string_view host, uint16_t port) {
  Endpoint endpoint = Endpoint::Tcp(std::string(host), port);
  endpoint.tls = asked.tls;
  return endpoint;
}

// [host, port, id, ...]
std::optional<Endpoint> ReadNode(ReplyReader* reader, const Endpoint& asked) {
  const std::optional<ReplyElement> node = reader->Next();
  if (!node.has_value() || !node->is(ReplyType::kArray) || node->integer < 2) return std::nullopt;
  const std::optional<ReplyElement> host = reader->Next();
  const std::optional<ReplyElement> port = reader->Next();
  if (!host.has_value() || !port.has_value() || !port->is(ReplyType::kInteger)) return std::nullopt;
  if (!host->is_null && !IsText(*host)) return std::nullopt;
  if (port->integer < 1 || port->integer > 65535) return std::nullopt;
  for (int64_t i = 2; i < node->integer; ++i) {
    if (!Skip(reader)) return std::nullopt;
  }
  const bool here = host->is_null || IsHere(host->text);
  return Beside(asked, here ? std::string_view(asked.host) : host->text,
                static_cast<uint16_t>(port->integer));
}

uint16_t IndexOf(const Endpoint& master, Topology* topology) {
  auto& masters = topology->masters;
  const auto found = std::find(masters.begin(), masters.end(), master);
  const auto index = static_cast<uint16_t>(found - masters.begin());
  if (found == masters.end()) masters.push_back(master);
  return index;
}

void NoteReplica(const Endpoint& endpoint, uint16_t master, Topology* topology) {
  auto& replicas = topology->replicas;
  const bool known = std::any_of(replicas.begin(), replicas.end(),
                                 [&](const auto& other) { return other.endpoint == endpoint; });
  if (!known) replicas.push_back({endpoint, master});
}

// [from, to, master, replica ...]
bool ReadRange(ReplyReader* reader, const Endpoint& asked, Topology* topology) {
  const std::optional<ReplyElement> range = reader->Next();
  if (!range.has_value() || !range->is(ReplyType::kArray) || range->integer < 2) return false;
  const std::optional<ReplyElement> from = reader->Next();
  const std::optional<ReplyElement> to = reader->Next();
  if (!from.has_value() || !to.has_value()) return false;
  if (!from->is(ReplyType::kInteger) || !to->is(ReplyType::kInteger)) return false;
  const auto last_slot = static_cast<int64_t>(kSlotCount) - 1;
  if (from->integer < 0 || from->integer > to->integer || to->integer > last_slot) return false;
  uint16_t index = 0;
  for (int64_t i = 2; i < range->integer; ++i) {
    const std::optional<Endpoint> node = ReadNode(reader, asked);
    if (!node.has_value()) return false;
    if (i > 2) {
      NoteReplica(*node, index, topology);
      continue;
    }
    index = IndexOf(*node, topology);
    for (int64_t slot = from->integer; slot <= to->integer; ++slot) {
      uint16_t& owner = topology->owners[static_cast<size_t>(slot)];
      if (owner == Topology::kNobody) ++topology->covered;
      owner = index;
    }
  }
  return true;
}

}  // namespace

std::optional<Topology> ReadClusterSlots(std::string_view reply, const Endpoint& asked) {
  ReplyReader reader(reply);
  const std::optional<ReplyElement> ranges = reader.Next();
  if (!ranges.has_value() || !ranges->is(ReplyType::kArray)) return std::nullopt;
  Topology topology;
  topology.owners.fill(Topology::kNobody);
  for (int64_t i = 0; i < ranges->integer; ++i) {
    if (!ReadRange(&reader, asked, &topology)) return std::nullopt;
  }
  return topology;
}

uint64_t ReadClusterEpoch(std::string_view reply) {
  constexpr std::string_view kField = "cluster_current_epoch:";
  const size_t at = reply.find(kField);
  if (at == std::string_view::npos) return 0;
  const std::string_view line = reply.substr(at + kField.size());
  return ParseDigits(line.substr(0, line.find_first_of("\r\n"))).value_or(0);
}

std::optional<Endpoint> ReadNodeAddress(std::string_view text, const Endpoint& asked) {
  const size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  const std::optional<uint64_t> port = ParseDigits(text.substr(colon + 1));
  if (!port.has_value() || *port < 1 || *port > 65535) return std::nullopt;
  std::string_view host = text.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  return Beside(asked, IsHere(host) ? std::string_view(asked.host) : host,
                static_cast<uint16_t>(*port));
}

}  // namespace keyhole::core
