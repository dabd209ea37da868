#include "proxy/links/cluster/facade.h"

#include <absl/strings/str_cat.h>

#include <algorithm>
#include <iterator>

#include "proxy/links/cluster/plan.h"
#include "proxy/links/cluster/slots.h"
#include "resp/error_text.h"
#include "resp/hashed_key.h"
#include "resp/reply_writer.h"

namespace keyhole::core {
namespace {

using resp::CommandId;
using resp::ReplyWriter;
using Args = std::span<const std::string_view>;

constexpr int64_t kLastSlot = static_cast<int64_t>(kSlotCount) - 1;

// 40 digits, as of a node: the same for the same address, whoever says it and when.
std::string IdOf(const Facade& facade) {
  const std::string text = "keyhole, a cluster of one node: " + facade.at.ToString();
  std::string id;
  for (uint64_t i = 1; i <= 3; ++i) {
    const resp::HashSecrets seed{i * 0x9e3779b97f4a7c15, i * 0xd1b54a32d192ed03};
    absl::StrAppend(&id, absl::Hex(resp::HashLongKey(text, seed), absl::kZeroPad16));
  }
  return id.substr(0, 40);
}

void WriteSlots(Args, const Facade& facade, ReplyWriter* writer) {
  writer->Array(1);
  writer->Array(3);
  writer->Integer(0);
  writer->Integer(kLastSlot);
  writer->Array(4);
  writer->Bulk(facade.at.host);
  writer->Integer(facade.at.port);
  writer->Bulk(IdOf(facade));
  writer->Array(0);
}

void WriteShards(Args, const Facade& facade, ReplyWriter* writer) {
  writer->Array(1);
  writer->Map(2);
  writer->Bulk("slots");
  writer->Array(2);
  writer->Integer(0);
  writer->Integer(kLastSlot);
  writer->Bulk("nodes");
  writer->Array(1);
  writer->Map(7);
  writer->Bulk("id");
  writer->Bulk(IdOf(facade));
  writer->Bulk(facade.at.tls ? "tls-port" : "port");
  writer->Integer(facade.at.port);
  for (const std::string_view field : {"ip", "endpoint"}) {
    writer->Bulk(field);
    writer->Bulk(facade.at.host);
  }
  writer->Bulk("role");  // layering: not a command
  writer->Bulk("master");
  writer->Bulk("replication-offset");
  writer->Integer(0);
  writer->Bulk("health");
  writer->Bulk("online");
}

void WriteNodes(Args, const Facade& facade, ReplyWriter* writer) {
  // Redis' bus is at that port; 0: there is none.
  const uint32_t bus = facade.at.port > 55535 ? 0 : uint32_t{facade.at.port} + 10000;
  writer->Verbatim(absl::StrCat(IdOf(facade), " ", facade.at.host, ":", facade.at.port, "@", bus,
                                " myself,master - 0 0 0 connected 0-", kLastSlot, "\n"));
}

void WriteInfo(Args, const Facade& facade, ReplyWriter* writer) {
  const bool whole = facade.covered == kSlotCount;
  writer->Verbatim(absl::StrCat(
      "cluster_state:", whole ? "ok" : "fail", "\r\ncluster_slots_assigned:", kSlotCount,
      "\r\ncluster_slots_ok:", facade.covered, "\r\ncluster_slots_pfail:0\r\ncluster_slots_fail:",
      kSlotCount - facade.covered, "\r\ncluster_known_nodes:1\r\ncluster_size:1\r\n",
      "cluster_current_epoch:0\r\ncluster_my_epoch:0\r\ncluster_stats_messages_sent:0\r\n",
      "cluster_stats_messages_received:0\r\ntotal_cluster_links_buffer_limit_exceeded:0\r\n"));
}

void WriteKeySlot(Args args, const Facade&, ReplyWriter* writer) {
  writer->Integer(SlotOf(args[2]));
}

void WriteId(Args, const Facade& facade, ReplyWriter* writer) {
  writer->Bulk(IdOf(facade));
}

void WriteReplicas(Args args, const Facade& facade, ReplyWriter* writer) {
  if (args[2] == IdOf(facade)) return writer->Array(0);
  writer->Error("ERR Unknown node " + std::string(args[2]));
}

void WriteNothing(Args, const Facade&, ReplyWriter* writer) {
  writer->Array(0);
}

void WriteOk(Args, const Facade&, ReplyWriter* writer) {
  writer->Ok();
}

struct Question {
  CommandId id;
  bool of_us;  // what is told has our address in it
  void (*write)(Args args, const Facade& facade, ReplyWriter* writer);
};

constexpr Question kQuestions[] = {
    {CommandId::kClusterSlots, true, WriteSlots},
    {CommandId::kClusterShards, true, WriteShards},
    {CommandId::kClusterNodes, true, WriteNodes},
    {CommandId::kClusterInfo, false, WriteInfo},
    {CommandId::kClusterKeyslot, false, WriteKeySlot},
    {CommandId::kClusterMyid, true, WriteId},
    {CommandId::kClusterMyshardid, true, WriteId},
    {CommandId::kClusterReplicas, true, WriteReplicas},
    {CommandId::kClusterSlaves, true, WriteReplicas},
    {CommandId::kClusterLinks, false, WriteNothing},
    {CommandId::kReadonly, false, WriteOk},
    {CommandId::kReadwrite, false, WriteOk},
    {CommandId::kAsking, false, WriteOk},
};

}  // namespace

std::string FacadeReply(const resp::CommandSpec& spec, Args args, const Facade& facade,
                        resp::Protocol protocol) {
  resp::ByteQueue reply;
  ReplyWriter writer(&reply, protocol);
  const auto* const question =
      std::find_if(std::begin(kQuestions), std::end(kQuestions),
                   [&spec](const Question& one) { return one.id == spec.id; });
  if (spec.has(resp::kContainer)) {
    writer.Error(resp::UnknownSubcommandError(spec, args[1]));
  } else if (question == std::end(kQuestions)) {
    writer.Error(NotAvailable(spec, {}));
  } else if (question->of_us && facade.at.port == 0) {
    writer.Error("ERR this connection has no address that could be told");
  } else {
    question->write(args, facade, &writer);
  }
  return std::string(reply.Data());
}

}  // namespace keyhole::core
