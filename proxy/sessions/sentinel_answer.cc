#include "proxy/sessions/sentinel_answer.h"

#include <algorithm>
#include <utility>

#include "resp/command_table.h"
#include "resp/error_text.h"

namespace keyhole::core {
namespace {

using resp::ReplyWriter;

// The least that client libraries look for, and what says that all is well.
void WriteInstance(const SentinelMaster& master, ReplyWriter* writer) {
  const std::string port = std::to_string(master.at.port);
  const std::pair<std::string_view, std::string_view> fields[] = {
      {"name", master.name},
      {"ip", master.at.host},
      {"port", port},
      {"runid", "0000000000000000000000000000000000000000"},
      {"flags", "master"},
      {"link-pending-commands", "0"},
      {"link-refcount", "1"},
      {"last-ping-sent", "0"},
      {"last-ok-ping-reply", "0"},
      {"last-ping-reply", "0"},
      {"down-after-milliseconds", "30000"},
      {"info-refresh", "0"},
      {"role-reported", "master"},
      {"role-reported-time", "0"},
      {"config-epoch", "0"},
      {"num-slaves", "0"},
      {"num-other-sentinels", "0"},
      {"quorum", "1"},
      {"failover-timeout", "180000"},
      {"parallel-syncs", "1"}};
  writer->Map(static_cast<int64_t>(std::size(fields)));
  for (const auto& [name, value] : fields) {
    writer->Bulk(name);
    writer->Bulk(value);
  }
}

void WriteAddress(const SentinelMaster& master, ReplyWriter* writer) {
  writer->Array(2);
  writer->Bulk(master.at.host);
  writer->Bulk(std::to_string(master.at.port));
}

void WriteMasters(const SentinelMaster& master, ReplyWriter* writer) {
  writer->Array(1);
  WriteInstance(master, writer);
}

void WriteNobody(const SentinelMaster&, ReplyWriter* writer) {
  writer->Array(0);
}

void WriteQuorum(const SentinelMaster&, ReplyWriter* writer) {
  writer->Simple("OK 1 usable Sentinels. Quorum and failover authorization can be reached");
}

struct Question {
  std::string_view word;
  bool of_master;  // whose name follows
  void (*write)(const SentinelMaster& master, ReplyWriter* writer);
};

constexpr Question kQuestions[] = {
    {"get-master-addr-by-name", true, WriteAddress},
    {"masters", false, WriteMasters},
    {"master", true, WriteInstance},
    {"replicas", true, WriteNobody},
    {"slaves", true, WriteNobody},
    {"sentinels", true, WriteNobody},
    {"ckquorum", true, WriteQuorum},
};

}  // namespace

std::string SentinelAnswer(std::span<const std::string_view> args, const SentinelMaster& master,
                           ReplyWriter* writer) {
  const resp::CommandSpec& spec = resp::Spec(resp::CommandId::kSentinel);
  if (args.size() < 2) return resp::ArityError(spec);
  const auto* const question =
      std::find_if(std::begin(kQuestions), std::end(kQuestions),
                   [&](const Question& one) { return resp::IsKeyword(args[1], one.word); });
  if (question == std::end(kQuestions)) {
    return "ERR unknown subcommand '" + std::string(resp::Quoted(args[1])) +
           "'. The proxy answers in place of a Sentinel (--serve-sentinel), and only says where "
           "its master is.";
  }
  if (args.size() != (question->of_master ? 3 : 2)) {
    return "ERR wrong number of arguments for '" + std::string(spec.name) + "|" +
           std::string(question->word) + "' command";
  }
  if (question->of_master && args[2] != master.name) {
    if (question->write != WriteAddress) return "ERR No such master with that name";
    writer->NullArray();
    return {};
  }
  if (master.at.port == 0) {
    return "ERR this connection has no address that could be told; start keyhole with "
           "--serve-sentinel-address host:port";
  }
  question->write(master, writer);
  return {};
}

}  // namespace keyhole::core
